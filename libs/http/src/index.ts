export { createHttpApp, type HttpApp, type HttpAppOptions, type HttpLimits } from './app.ts';
export { principalOf, requireProject } from './auth.ts';
export { readBody, readJson, type ReadBodyOptions } from './body.ts';
export type { ReadinessCheck } from './health.ts';
export {
  assertBindable,
  createKeyring,
  keyringEnv,
  type Keyring,
  type KeyringOptions,
  type Principal,
} from './keyring.ts';
export {
  createKey,
  KeysFileError,
  readKeysFile,
  revokeKey,
  ROLES,
  type KeyRecord,
  type NewKey,
  type Role,
} from './keys-file.ts';
export { multipart, type MultipartForm } from './multipart.ts';
export { createRouter, type ErrorBody, type RouteGroup } from './router.ts';
export type { ServerLimits } from './server.ts';
export { parseRequest, RequestInvalid, type ValidationDetail } from './validation.ts';
export type { NextFunction, Request, RequestHandler, Response, Router } from 'express';
