import { isUtf8 } from 'node:buffer';
import { createRouter, readBody, requireProject, type Router } from '@weft/http';
import {
  AppError,
  encodeFeedback,
  formatInstant,
  isValidId,
  JsonMembers,
  newId,
  parseProjectId,
  readFeedback,
} from '@weft/model';
import { checkFeedback } from '../feedback-rules.ts';
import { userOf, type Ingest } from '../ingest.ts';

export function feedbackRoutes(ingest: Ingest): Router {
  const router = createRouter();

  router.post('/feedback/create', async (req, res) => {
    const body = await readBody(req);
    if (!isUtf8(body)) throw new AppError('invalid_request', 'the body is not valid UTF-8');
    const members = JsonMembers.parse(body);
    const projectId = parseProjectId(members.text('project_id'));
    requireProject(req, projectId, 'write');
    const payload = checkFeedback(projectId, readFeedback(members));
    const id = members.text('id') ?? newId();
    if (!isValidId(id)) throw members.invalid('id', 'is not an id');
    const userId = userOf(req, members.text('wb_user_id'));
    const receivedAtUs = ingest.nowUs();
    const event = { kind: 'feedback.created', projectId, id, userId, receivedAtUs, note: '' } as const;
    await ingest.append([
      { ...event, payload: encodeFeedback(body, { id, createdAtUs: receivedAtUs, payload }) },
    ]);
    const head = JSON.stringify({ id, created_at: formatInstant(receivedAtUs), wb_user_id: userId });
    res
      .type('application/json')
      .send(Buffer.concat([Buffer.from(`${head.slice(0, -1)},"payload":`), payload, Buffer.from('}')]));
  });

  return router;
}
