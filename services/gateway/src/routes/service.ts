import { createRouter, readBody, requireProject, type Router } from '@weft/http';
import { internalProjectId, JsonMembers, parseProjectId } from '@weft/model';

const MAX_PROJECTS = 1000;

/** What the SDKs ask before they start. */
export function serviceRoutes(): Router {
  const router = createRouter();

  // The Python client switches tracing off when it is older than this.
  router.get('/server_info', (_req, res) => {
    res.json({ min_required_weave_python_version: '0.0.1', trace_server_version: null });
  });

  router.post('/service/projects_info', async (req, res) => {
    const body = JsonMembers.parse(await readBody(req));
    const ids = body.texts('project_ids');
    if (ids === null) throw body.invalid('project_ids', 'is required');
    if (ids.length > MAX_PROJECTS) throw body.invalid('project_ids', `more than ${MAX_PROJECTS}`);
    res.json(
      ids.map((text, i) => {
        const projectId = parseProjectId(text, `project_ids[${i}]`);
        requireProject(req, projectId, 'read');
        return { external_project_id: projectId, internal_project_id: internalProjectId(projectId) };
      }),
    );
  });

  return router;
}
