import { createRouter, type RouteGroup } from '@weft/http';
import { apiDocument } from '../routes/service.ts';
import { apiPage } from './api-page.ts';
import { sendPage } from './html.ts';

/** The HTTP API as a page that needs no script. */
export function docsRoute(): RouteGroup {
  const router = createRouter();
  let docs: ReturnType<typeof apiPage> | undefined;
  router.get('/docs', (_req, res) => sendPage(res, (docs ??= apiPage(apiDocument()))));
  return { router };
}
