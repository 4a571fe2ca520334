import {
  classifyObject,
  createDigests,
  encodeObject,
  objectEventId,
  parseObjectName,
  nowUs,
  type TraceEvent,
} from '@weft/model';
import { sha256, sha256OfAll } from '@weft/runtime';
import { z } from 'zod';
import { toMicroUsd, type Limits } from './limits.ts';

/** The Weave object that says what scoring may take in a day, of a project or of one of its monitors. */

export const BUDGET_CLASS = 'ScoringBudget';
export const BUDGET_NAME = 'scoring-budget';

/** Members of its value, null = no limit. */
export interface BudgetValue {
  /** Null = of the whole project. */
  readonly monitor: string | null;
  readonly calls_per_day: number | null;
  readonly tokens_per_day: number | null;
  readonly usd_per_day: number | null;
}

const whole = z.int().min(0).nullish();
const schema = z.object({
  monitor: z.string().nullish(),
  calls_per_day: whole,
  tokens_per_day: whole,
  usd_per_day: z.number().min(0).nullish(),
});

/** What is asked of one monitor (null: of the project), or why it cannot be said. */
export interface ReadBudget {
  readonly monitor: string | null;
  readonly limits: Limits;
  /** Then nothing may be spent: who set a limit that cannot be read did not mean none. */
  readonly error: string | null;
}

/**
 * Reads what the SDK, the CLI or the route published. The member `monitor` names the monitor; without one the object's name
 * does (`scoring-budget-<monitor>`).
 */
export function readBudget(objectId: string, val: Uint8Array): ReadBudget {
  const ofName = objectId.startsWith(`${BUDGET_NAME}-`) ? objectId.slice(BUDGET_NAME.length + 1) : null;
  const parsed = schema.safeParse(JSON.parse(Buffer.from(val).toString('utf8')));
  if (!parsed.success) {
    const why = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    const limits = { calls: 0, tokens: 0, microUsd: 0 };
    return { monitor: ofName, limits, error: `${objectId} cannot be read: ${why}` };
  }
  const { monitor, calls_per_day, tokens_per_day, usd_per_day } = parsed.data;
  const usd = usd_per_day ?? null;
  return {
    monitor: monitor ?? ofName,
    limits: {
      calls: calls_per_day ?? null,
      tokens: tokens_per_day ?? null,
      microUsd: usd === null ? null : toMicroUsd(usd),
    },
    error: null,
  };
}

const digests = createDigests(sha256, sha256OfAll);

/** The event that publishes a budget, as a client's request would. @throws AppError for a monitor whose name is too long. */
export function budgetEvent(
  value: BudgetValue,
  { projectId, userId }: Pick<TraceEvent, 'projectId' | 'userId'>,
): { readonly objectId: string; readonly digest: string; readonly event: TraceEvent } {
  const objectId = parseObjectName(value.monitor === null ? BUDGET_NAME : `${BUDGET_NAME}-${value.monitor}`);
  const val = Buffer.from(
    JSON.stringify({
      _type: BUDGET_CLASS,
      name: objectId,
      description: null,
      ...value,
      _class_name: BUDGET_CLASS,
      _bases: ['Object', 'BaseModel'],
    }),
  );
  const digest = digests.json(val);
  const event: TraceEvent = {
    kind: 'object.created',
    projectId,
    id: objectEventId(objectId, digest),
    userId,
    receivedAtUs: nowUs(),
    note: '',
    payload: encodeObject({ ...classifyObject(val), val }),
  };
  return { objectId, digest, event };
}
