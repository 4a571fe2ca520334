import { createRouter, requireProject, type Request, type Response, type RouteGroup } from '@weft/http';
import { parseProjectId } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { apiDocument } from '../routes/service.ts';
import { apiPage } from './api-page.ts';
import { sendPage } from './html.ts';
import { callPage, homePage, objectPage, projectPage, type Page } from './pages.ts';

type Make = (projectId: string, params: Readonly<Record<string, string>>) => Promise<Page>;

/** Paths of links that SDKs print and people share (weave-api §5.3). */
const PROJECT = '/:entity/:project';
const OBJECT_KINDS = ['objects', 'ops'] as const;

/** @param awaitFreshness as for every read: a link is followed right after the call it leads to. */
export function pageRoutes(
  reader: TraceReader,
  awaitFreshness: (req: Request, res: Response) => Promise<void>,
): RouteGroup {
  const router = createRouter();
  const serve = (path: string, make: Make): void => {
    router.get(path, async (req, res) => {
      const { entity, project, ...params } = req.params as Record<string, string>;
      const projectId = parseProjectId(`${entity}/${project}`, 'path');
      requireProject(req, projectId, 'read');
      await awaitFreshness(req, res);
      sendPage(res, await make(projectId, params));
    });
  };
  const ofProject: Make = (projectId) => projectPage(reader, projectId);
  const ofCall: Make = (projectId, { id }) => callPage(reader, projectId, id!);
  const ofObject: Make = (projectId, { name, digest }) => objectPage(reader, projectId, name!, digest!);
  serve(`${PROJECT}/weave`, ofProject);
  serve(`${PROJECT}/weave/traces`, ofProject);
  serve(`${PROJECT}/r/call/:id`, ofCall);
  serve(`${PROJECT}/weave/calls/:id`, ofCall);
  for (const kind of OBJECT_KINDS) serve(`${PROJECT}/weave/${kind}/:name/versions/:digest`, ofObject);
  router.get('/', (_req, res) => sendPage(res, homePage()));
  let docs: Page | undefined;
  router.get('/docs', (_req, res) => sendPage(res, (docs ??= apiPage(apiDocument()))));
  return { router };
}
