import { isUtf8 } from 'node:buffer';
import { authorOf, createRouter, readBody, requireProject, type Router } from '@weft/http';
import {
  AppError,
  encodePrice,
  JsonMembers,
  MAX_LLM_ID,
  newId,
  parseProjectId,
  readPrice,
  type TraceEvent,
} from '@weft/model';
import type { Ingest } from '../ingest.ts';

const MAX_COSTS = 1000;

/** Prices of models (weave-api §4.9). The answer has the price's id first, then the model: what clients read. */
export function costRoutes(ingest: Ingest): Router {
  const router = createRouter();

  router.post('/cost/create', async (req, res) => {
    const body = await readBody(req);
    if (!isUtf8(body)) throw new AppError('invalid_request', 'the body is not valid UTF-8');
    const members = JsonMembers.parse(body);
    const projectId = parseProjectId(members.text('project_id'));
    requireProject(req, projectId, 'write');
    const userId = authorOf(req, projectId, members.text('wb_user_id'));
    const created = modelsOf(members).map(([llmId, cost]): readonly [string, TraceEvent] => {
      // One instant each: they are listed in the order they were sent.
      const receivedAtUs = ingest.nowUs();
      const payload = encodePrice(readPrice(cost, llmId, receivedAtUs));
      return [
        llmId,
        { kind: 'cost.created', projectId, id: newId(), userId, receivedAtUs, note: '', payload },
      ];
    });
    await ingest.append(created.map(([, event]) => event));
    res.json({ ids: created.map(([llmId, { id }]) => [id, llmId]) });
  });

  return router;
}

/** The models of `costs`, each once: of equal names the last. @throws AppError `invalid_request` */
function modelsOf(members: JsonMembers): (readonly [llmId: string, cost: JsonMembers])[] {
  const names = new Set<string>();
  const costs = members.required('costs');
  if (costs[0] !== OPEN_BRACE) throw members.invalid('costs', 'must be an object');
  const byModel = JsonMembers.parse(costs, { path: 'costs.', onMember: (name) => names.add(name) });
  if (names.size > MAX_COSTS) throw members.invalid('costs', `has more than ${MAX_COSTS} models`);
  return [...names].map((llmId) => {
    if (llmId === '' || llmId.length > MAX_LLM_ID)
      throw members.invalid('costs', `names of models have 1 to ${MAX_LLM_ID} characters`);
    return [llmId, byModel.members(llmId)];
  });
}

const OPEN_BRACE = 0x7b;
