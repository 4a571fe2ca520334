import { AppError } from '@weft/model';
import { keysRead } from '@weft/weave-api';
import { authenticateHeaders } from './auth.ts';
import type { Keyring } from './keyring.ts';
import { createRouter, type RouteGroup } from './router.ts';

/** `/weft/v1/keys`: who may what. Keys are made and ended where their file is, not here. */
export function keysRoute(auth: Keyring): RouteGroup {
  const router = createRouter();
  router.get(keysRead.path, (req, res) => {
    if (!authenticateHeaders(req.headers, auth).canAll('admin'))
      throw new AppError(
        'forbidden',
        'the list of keys needs a key with the role admin for every project: weft keys create --role admin',
      );
    const keys = auth.list().map(({ id, user, projects, role, createdAt, revokedAt }) => ({
      id,
      user,
      projects,
      role,
      created_at: createdAt,
      revoked_at: revokedAt ?? null,
    }));
    res.set('cache-control', 'no-store').json({ keys });
  });
  return { router, authenticated: false };
}
