export { createHttpApp, drainEnv, type HttpApp, type HttpAppOptions, type HttpLimits } from './app.ts';
export { authenticateHeaders, authorIn, authorOf, principalOf, requireProject } from './auth.ts';
export { createBodyBudget, type BodyBudget } from './body-budget.ts';
export { parseJson, readBody, readJson, type ReadBodyOptions } from './body.ts';
export type { CorsPolicy } from './cors.ts';
export { createErrorLog, toPublic, type PublicError } from './errors.ts';
export type { Checks, ReadinessCheck, Reasons } from './health.ts';
export { inflate } from './inflate.ts';
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
export { explainListenError, type ListenAddress } from './listen-error.ts';
export { probesEnv } from './probes.ts';
export { requestIdOf } from './request-id.ts';
export {
  receiveFile,
  type FileLimit,
  type ReceivedFile,
  type ReceivedForm,
  type ReceiveFileOptions,
} from './multipart.ts';
export {
  route,
  routerOf,
  unservedRouter,
  type AwaitFreshness,
  type Route,
  type RouteContext,
} from './route.ts';
export { createRouter, pathPatterns, routesOf, type ErrorBody, type RouteGroup } from './router.ts';
export { runHttpService, type HttpServiceOptions, type Intake, type Served } from './run-http-service.ts';
export type { ServerLimits } from './server.ts';
export { createSpool, type Spool, type SpoolFile, type SpoolOptions } from './spool.ts';
export { parseRequest, RequestInvalid, type ValidationDetail } from './validation.ts';
export type { NextFunction, Request, RequestHandler, Response, Router } from 'express';
