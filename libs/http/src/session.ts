import type { IncomingMessage } from 'node:http';
import { AppError } from '@weft/model';
import { sessionCreate, sessionDelete, sessionRead } from '@weft/weave-api';
import { authenticateHeaders } from './auth.ts';
import { readJson } from './body.ts';
import type { Keyring, Principal } from './keyring.ts';
import { ROLES, type Role } from './keys-file.ts';
import { createRouter, type RouteGroup } from './router.ts';
import { isOwnPage, sessionCookie } from './session-cookie.ts';

const MAX_BODY_BYTES = 4096;

/** `/weft/v1/session`: who asks, signing in, signing out. */
export function sessionRoutes(auth: Keyring): RouteGroup {
  const router = createRouter();
  router.get(sessionRead.path, (req, res) => {
    const principal = authenticateHeaders(req.headers, auth);
    res.set('cache-control', 'no-store').json(sessionOf(auth, principal));
  });
  router.post(sessionCreate.path, async (req, res) => {
    assertOwnPage(req);
    const { key } = await readJson(req, sessionCreate.request, { maxBytes: MAX_BODY_BYTES });
    const principal = auth.open ? authenticateHeaders(req.headers, auth) : auth.find(key);
    if (principal === undefined)
      throw new AppError(
        'unauthenticated',
        'the API key is unknown or revoked: weft keys list shows which there are',
      );
    if (!auth.open) res.set('set-cookie', sessionCookie(req.headers, key));
    res.set('cache-control', 'no-store').json(sessionOf(auth, principal));
  });
  router.delete(sessionDelete.path, (req, res) => {
    assertOwnPage(req);
    res.set('set-cookie', sessionCookie(req.headers, undefined)).json({});
  });
  return { router, authenticated: false };
}

function assertOwnPage(req: IncomingMessage): void {
  if (!isOwnPage(req.headers))
    throw new AppError('forbidden', 'signing in and out is for the pages of this server only');
}

/** @returns `open`: there are no keys, and nobody signs in. `role`: the highest that the key has. */
function sessionOf(
  auth: Keyring,
  principal: Principal,
): { open: boolean; user: string | null; role: Role; all: boolean; project: string | null } {
  const role = [...ROLES].reverse().find((each) => principal.has(each)) ?? 'read';
  return {
    open: auth.open,
    user: principal.user,
    role,
    all: principal.canAll(role),
    project: principal.onlyProject ?? null,
  };
}
