import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import type { Express } from 'express';

/**
 * Request and response classes for the server that `app` listens on. Express gives every request and response its own
 * prototype after the fact, and objects so changed are slow for the rest of their life; these are born with it, which
 * makes that change none (a small POST: 84 → 29 µs of CPU for Express itself, 21 without Express).
 */
export function expressMessages(app: Express): Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as unknown as Express['request'];
  app.response = AppResponse.prototype as unknown as Express['response'];
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse } as Pick<
    ServerOptions,
    'IncomingMessage' | 'ServerResponse'
  >;
}
