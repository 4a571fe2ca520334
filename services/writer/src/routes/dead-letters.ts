import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DeadLetter, EventLog, Topic } from '@weft/event-log';
import {
  createRouter,
  parseRequest,
  principalOf,
  readJson,
  type Principal,
  type Request,
  type RouteGroup,
} from '@weft/http';
import { AppError, formatInstant, parseInstant } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { z } from 'zod';
import {
  dropLetters,
  selectLetters,
  type LetterOutcome,
  type LetterSelection,
  type LetterState,
} from '../dead-letters.ts';
import { replayLetters, type ReplayDeps } from '../dead-letters-replay.ts';

/** Most letters that one replay or drop handles, and most ids it may name. */
const MAX_LETTERS = 1_000;
const MAX_LISTED = 100_000;
/** With a rate: so long may one request append. */
const MAX_APPEND_SECONDS = 30;
const MAX_REASON = 2_048;
const MAX_BODY_BYTES = 512 * 1024;
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

const TOPICS = ['trace-events', 'stored-calls'] as const satisfies readonly Topic[];

const text = z.string().min(1).max(512);
const topic = z.enum(TOPICS).default('trace-events');
const instant = z.string().transform((value, context) => {
  const us = parseInstant(value);
  if (us !== undefined) return us;
  context.addIssue({ code: 'custom', message: 'expected an instant such as 2026-01-31T12:00:00Z' });
  return z.NEVER;
});
const filter = {
  project: text.optional(),
  kind: text.optional(),
  group: text.optional(),
  reason: text.optional(),
  since: instant.optional(),
};
const listQuery = z.strictObject({
  topic,
  ...filter,
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(100),
});
const showQuery = z.strictObject({
  topic,
  max_payload_bytes: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_PAYLOAD_BYTES)
    .default(1024 * 1024),
});
const which = {
  ids: z.array(text).min(1).max(MAX_LETTERS).optional(),
  filter: z.strictObject(filter).optional(),
  limit: z.int().min(1).max(MAX_LETTERS).default(MAX_LETTERS),
  dry_run: z.boolean().default(false),
};
const GIVE_ONE = 'give ids or a filter, and not both; {"filter": {}} means all';
const isOne = (body: { ids?: unknown; filter?: unknown }) =>
  (body.ids === undefined) !== (body.filter === undefined);
const dropBody = z.strictObject({ topic, ...which }).refine(isOne, GIVE_ONE);
const replayBody = z
  .strictObject({
    // The writer maps events of this topic; it would not know what to say of others.
    topic: z.literal('trace-events').default('trace-events'),
    ...which,
    rate: z.number().min(0.1).max(100_000).optional(),
  })
  .refine(isOne, GIVE_ONE);

export interface DeadLetterRoutesDeps extends ReplayDeps {
  readonly logger: Logger;
}

/**
 * Dead letters for the operator: keys with the admin role only, each for its own projects. Letters that belong to no project
 * show for keys of all projects. Every action is one log line with `audit`; no payload is logged or listed.
 */
export function deadLetterRoutes(deps: DeadLetterRoutesDeps): RouteGroup {
  const { eventLog, logger } = deps;
  const router = createRouter();
  const alone = oneAtATime();

  // JSON lines, oldest first. Ask for one more than wanted to know whether there are more.
  router.get('/dead-letters', async (req, res) => {
    const admin = adminOf(req);
    const { topic, limit, ...filter } = parseRequest(listQuery, req.query, 'query');
    const selection = { topic, filter: toFilter(filter), limit, mayTake: reachOf(admin) };
    await audited(logger, admin, { action: 'list', topic, filter: req.query }, async () => {
      let letters = 0;
      const lines = async function* () {
        for await (const letter of selectLetters(eventLog, selection)) {
          letters++;
          yield `${JSON.stringify(describe(letter))}\n`;
        }
      };
      res.type('application/jsonl');
      await pipeline(Readable.from(lines()), res);
      return { letters };
    });
  });

  router.get('/dead-letters/:id', async (req, res) => {
    const admin = adminOf(req);
    const { topic, max_payload_bytes: maxBytes } = parseRequest(showQuery, req.query, 'query');
    const id = String(req.params['id']);
    await audited(logger, admin, { action: 'show', topic, id: id.slice(0, 200) }, async () => {
      const letter = await find(eventLog, {
        topic,
        ids: [id],
        filter: {},
        limit: 1,
        mayTake: reachOf(admin),
      });
      if (letter === undefined)
        throw new AppError(
          'not_found',
          `no open dead letter with this id in ${topic}: it was settled, or it is of another topic`,
        );
      res.json({ ...describe(letter), user_id: letter.event.userId, ...payloadOf(letter, maxBytes) });
      return { letters: 1 };
    });
  });

  router.post('/dead-letters/replay', async (req, res) => {
    const admin = adminOf(req);
    const body = await readJson(req, replayBody, { maxBytes: MAX_BODY_BYTES });
    const { rate, dry_run: dryRun } = body;
    const limit = Math.min(body.limit, Math.max(1, Math.floor((rate ?? Infinity) * MAX_APPEND_SECONDS)));
    const selection = toSelection({ ...body, limit }, admin);
    await audited(logger, admin, { action: 'replay', ...said(body) }, async () => {
      const outcomes = await alone(() => replayLetters(deps, selection, { dryRun, perSecond: rate }));
      res.json({ dry_run: dryRun, counts: countsOf(outcomes), letters: outcomes });
      return countsOf(outcomes);
    });
  });

  router.post('/dead-letters/drop', async (req, res) => {
    const admin = adminOf(req);
    const body = await readJson(req, dropBody, { maxBytes: MAX_BODY_BYTES });
    await audited(logger, admin, { action: 'drop', ...said(body) }, async () => {
      const outcomes = await alone(() => dropLetters(eventLog, toSelection(body, admin), body.dry_run));
      res.json({ dry_run: body.dry_run, counts: countsOf(outcomes), letters: outcomes });
      return countsOf(outcomes);
    });
  });

  return { path: '/weft/v1', router };
}

function adminOf(req: Request): Principal {
  const principal = principalOf(req);
  if (!principal.has('admin'))
    throw new AppError(
      'forbidden',
      'dead letters need a key with the role admin: weft keys create --role admin',
    );
  return principal;
}

function reachOf(admin: Principal): LetterSelection['mayTake'] {
  return (projectId) => admin.canAll('admin') || admin.can(projectId, 'admin');
}

type WireFilter = Omit<z.output<typeof listQuery>, 'topic' | 'limit'>;

function toFilter({ since, ...rest }: WireFilter): LetterSelection['filter'] {
  return { ...rest, sinceUs: since };
}

type Which = z.output<typeof dropBody> | z.output<typeof replayBody>;

function toSelection({ topic, ids, filter, limit }: Which, admin: Principal): LetterSelection {
  return { topic, ids, filter: toFilter(filter ?? {}), limit, mayTake: reachOf(admin) };
}

/** Of a request, for the audit line. */
function said({ topic, ids, filter, dry_run }: Which): object {
  return { topic, dry_run, ...(ids === undefined ? { filter } : { ids: ids.length }) };
}

async function find(eventLog: EventLog, selection: LetterSelection): Promise<DeadLetter | undefined> {
  for await (const letter of selectLetters(eventLog, selection)) return letter;
  return undefined;
}

/** Everything of a letter but its payload. */
function describe({ id, topic, group, reason, rejectedAtUs, event }: DeadLetter): object {
  return {
    id,
    topic,
    group,
    kind: event.kind,
    project_id: event.projectId,
    // Call id, trace id, digest, …, by kind.
    event_id: event.id,
    reason: reason.slice(0, MAX_REASON),
    rejected_at: formatInstant(rejectedAtUs),
    received_at: formatInstant(event.receivedAtUs),
    payload_bytes: event.payload.length,
  };
}

function payloadOf({ event: { payload } }: DeadLetter, maxBytes: number): object {
  const shown = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, maxBytes));
  const truncated = shown.length < payload.length;
  if (!isUtf8(payload))
    return { payload: shown.toString('base64'), payload_encoding: 'base64', payload_truncated: truncated };
  // `stream`: a character that is cut at the end is left out.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(shown, { stream: truncated });
  return { payload: text, payload_encoding: 'utf-8', payload_truncated: truncated };
}

function countsOf(outcomes: readonly LetterOutcome[]): Partial<Record<LetterState, number>> {
  const counts: Partial<Record<LetterState, number>> = {};
  for (const { state } of outcomes) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Two replays at once would only repeat each other's work. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let busy = false;
  return async (work) => {
    if (busy)
      throw new AppError(
        'too_many_requests',
        'another replay or drop is under way here: try again when it is done',
      );
    busy = true;
    try {
      return await work();
    } finally {
      busy = false;
    }
  };
}

/** Who did what, and what came of it, in one line. */
async function audited(
  logger: Logger,
  { user }: Principal,
  what: object,
  work: () => Promise<object>,
): Promise<void> {
  const audit = { user: user ?? '(no keys)', ...what };
  try {
    logger.info({ audit: { ...audit, done: await work() } }, 'dead letters');
  } catch (error) {
    logger.info({ audit: { ...audit, error: (error as Error).message } }, 'dead letters');
    throw error;
  }
}
