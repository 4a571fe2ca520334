import { readClaim, type ClaimColumn } from '@weft/model';
import { instantText } from '../calls/lookup.ts';
import { hydrate, type LoadClaimed, type OpenClaim, type WholePayloads } from '../claimed.ts';
import { quote, type ClickHouse, type Param } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { AgentSql } from './fields.ts';
import { agentSpans, identitiesSql, namesIdentity, PRICED_MODEL, type AgentSpans } from './relation.ts';
import type {
  AgentFilter,
  AgentScope,
  AgentSpansQuery,
  ConversationEnds,
  CustomAttribute,
  SequenceSpan,
  StoredAgentSpan,
  TraceIdentity,
} from './types.ts';
import { conditionSql, valueSql } from './values.ts';
import { KNOWN_AGENT_KEYS } from './attributes.ts';
import { sqlText } from './sql-text.ts';

/** Single spans: found by their keys, then read a few at a time. */

interface Key {
  readonly startedAtUs: number;
  readonly spanId: string;
  readonly traceId: string;
}

const KEYS_PER_QUERY = 200;
const KEY_COLUMNS = 'toUnixTimestamp64Micro(started_at), span_id, span_trace_id';

function readKey(row: RowReader): Key {
  return { startedAtUs: row.int64(), spanId: row.text(), traceId: row.text() };
}

export function streamAgentSpans(
  db: ClickHouse,
  query: AgentSpansQuery,
  load: LoadClaimed | undefined,
  signal?: AbortSignal,
): AsyncGenerator<readonly StoredAgentSpan[]> {
  return hydrate((either) => streamHeads(db, query, either), wholeSpans(query.projectId, load), signal);
}

function wholeSpans(projectId: string, load: LoadClaimed | undefined, wholeUpTo = Infinity) {
  return { projectId, load, wholeUpTo, claimsOf, complete };
}

function claimsOf({ claims }: StoredAgentSpan): readonly OpenClaim[] {
  return claims;
}

function complete(span: StoredAgentSpan, whole: WholePayloads, left: readonly OpenClaim[]): StoredAgentSpan {
  return {
    ...span,
    inputs: whole.get('inputs') ?? span.inputs,
    output: whole.get('output') ?? span.output,
    otelDump: whole.get('otel_dump') ?? span.otelDump,
    claims: left,
  };
}

async function* streamHeads(
  db: ClickHouse,
  query: AgentSpansQuery,
  signal?: AbortSignal,
): AsyncGenerator<StoredAgentSpan[]> {
  if (query.limit === 0) return;
  const keys = await findKeys(db, query, signal);
  for (let from = 0; from < keys.length; from += KEYS_PER_QUERY)
    yield await readByKeys(
      db,
      query.projectId,
      keys.slice(from, from + KEYS_PER_QUERY),
      query.details,
      signal,
    );
}

async function findKeys(db: ClickHouse, query: AgentSpansQuery, signal?: AbortSignal): Promise<Key[]> {
  const params: Record<string, Param> = {};
  const to = new AgentSql(params);
  const attributed =
    (query.attributed ?? true) &&
    (namesIdentity([query.where]) ||
      query.sort.some(({ by }) => by.kind === 'column' && IDENTITY.has(by.column)));
  const order = (query.sort.length === 0 ? NEWEST_FIRST : query.sort).map(
    ({ by, direction }) =>
      `${by.kind === 'cost' ? by.column : valueSql(by, to).sql} ${direction === 'asc' ? 'ASC' : 'DESC'}`,
  );
  const way = query.sort[0]?.direction === 'asc' ? 'ASC' : 'DESC';
  const spans = agentSpans(query, params, { attributed, prices: query.prices });
  const conditions = [
    ...(query.where === undefined ? [] : [conditionSql(query.where, to)]),
    ...(query.word === undefined ? [] : [holdsWord(to.bind(query.word))]),
  ];
  params.limit = query.limit;
  params.offset = query.offset;
  return db.all(
    {
      // A span may be there twice until it is merged.
      sql: spans.into(
        (from) => `SELECT ${KEY_COLUMNS} FROM ${from} ${whereOf(conditions)}
ORDER BY ${[...order, `span_id ${way}`, `span_trace_id ${way}`].join(', ')}
LIMIT 1 BY span_trace_id, span_id LIMIT {limit:UInt64} OFFSET {offset:UInt64}`,
      ),
      params,
    },
    readKey,
    { signal },
  );
}

const IDENTITY: ReadonlySet<string> = new Set(['agent_name', 'agent_version', 'agent_id', 'conversation_id']);
const NEWEST_FIRST: AgentSpansQuery['sort'] = [
  { by: { kind: 'column', column: 'started_at' }, direction: 'desc' },
];

/** Or may have it: where texts are written with escapes, whose letters are not in sight. */
function holdsWord(word: string): string {
  const texts = ['inputs', 'output', 'otel_dump'];
  return `(${texts.map((text) => `position(${text}, ${word}) > 0 OR position(${text}, '\\\\u') > 0`).join(' OR ')})`;
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join('\n  AND ')}`;
}

function spanColumns(details: boolean): string {
  return `trace_id, id, parent_id, thread_id, toUnixTimestamp64Micro(started_at), toUnixTimestamp64Micro(ended_at),
  user_id, run_id, greatest(run_step, 0), greatest(run_step_end, 0), otel_dump, ${details ? 'inputs, output' : "'', ''"}, claimed`;
}

const readSpan =
  (details: boolean) =>
  (row: RowReader): StoredAgentSpan => {
    const span = {
      traceId: row.text(),
      spanId: row.text(),
      parentId: row.textOrNull(),
      conversationId: row.text(),
      startedAtUs: row.int64(),
      endedAtUs: row.int64(),
      userId: row.text(),
      runId: row.text(),
      runStep: row.int64(),
      runStepEnd: row.int64(),
      otelDump: row.bytes(),
      inputs: row.bytes(),
      output: row.bytes(),
    };
    const isAskedFor = ({ column }: OpenClaim) =>
      (details && DOCUMENTS.has(column)) || column === 'otel_dump';
    const claims = row.texts().map(readClaim).filter(isAskedFor);
    if (claims.length === 0) return { ...span, claims };
    // Places of texts say nothing in heads.
    const isHead = (name: ClaimColumn) => claims.some(({ column }) => column === name);
    return {
      ...span,
      inputs: isHead('inputs') ? NO_BYTES : span.inputs,
      output: isHead('output') ? NO_BYTES : span.output,
      claims,
    };
  };

const DOCUMENTS: ReadonlySet<ClaimColumn> = new Set(['inputs', 'output']);
const NO_BYTES = new Uint8Array(0);

/** In the order of the keys. A span that was replaced meanwhile comes as it is now. */
async function readByKeys(
  db: ClickHouse,
  projectId: string,
  keys: readonly Key[],
  details: boolean,
  signal?: AbortSignal,
): Promise<StoredAgentSpan[]> {
  if (keys.length === 0) return [];
  const tuples = keys.map((key) => `('${instantText(key.startedAtUs)}',${quote(key.spanId)})`);
  const rows = await db.all(
    {
      sql: `SELECT ${spanColumns(details)} FROM calls
WHERE project_id = {project:String} AND (started_at, id) IN {keys:Array(Tuple(DateTime64(6, 'UTC'), String))} AND span_trace_id != ''
ORDER BY ver`,
      params: { project: projectId, keys: { members: tuples } },
    },
    readSpan(details),
    { signal },
  );
  const newest = new Map(rows.map((span) => [`${span.spanId}\0${span.traceId}`, span]));
  return keys.flatMap(({ spanId, traceId }) => newest.get(`${spanId}\0${traceId}`) ?? []);
}

async function countRows(db: ClickHouse, sql: string, params: Record<string, Param>): Promise<number> {
  const [count = 0] = await db.all({ sql, params }, (row) => row.int64());
  return count;
}

export const countAgentSpans = async (db: ClickHouse, query: AgentFilter): Promise<number> => {
  const { spans, where, params } = matching(query);
  return countRows(
    db,
    spans.into((from) => `SELECT toInt64(count()) FROM ${from} ${where}`),
    params,
  );
};

/** The spans that match, as FROM and WHERE. */
function matching(query: AgentFilter): { spans: AgentSpans; where: string; params: Record<string, Param> } {
  const params: Record<string, Param> = {};
  const to = new AgentSql(params);
  const spans = agentSpans(query, params, { attributed: namesIdentity([query.where]) });
  const where = whereOf(query.where === undefined ? [] : [conditionSql(query.where, to)]);
  return { spans, where, params };
}

export const traceIdentities = async (
  db: ClickHouse,
  projectId: string,
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, TraceIdentity>> => {
  if (traceIds.length === 0) return new Map();
  const params: Record<string, Param> = {};
  const spans = agentSpans({ projectId, traceIds }, params);
  const rows = await db.all(
    {
      sql: `SELECT trace_id, agent.1, agent.2, agent.3, conversation FROM (${spans.into(identitiesSql)})`,
      params,
    },
    (row) =>
      [
        row.text(),
        {
          agentName: row.text(),
          agentVersion: row.text(),
          agentId: row.text(),
          conversationId: row.text(),
        },
      ] as const,
  );
  return new Map(rows);
};

export const agentModels = async (db: ClickHouse, query: AgentFilter, limit: number): Promise<string[]> => {
  const { spans, where, params } = matching(query);
  return db.all(
    {
      sql: spans.into(
        (from) =>
          `SELECT DISTINCT ${PRICED_MODEL} AS used FROM ${from} ${where} ORDER BY used LIMIT {limit:UInt64}`,
      ),
      params: { ...params, limit },
    },
    (row) => row.text(),
  );
};

const KNOWN = `[${[...KNOWN_AGENT_KEYS].map(sqlText).join(', ')}]`;

export const customAttributes = async (
  db: ClickHouse,
  query: AgentFilter,
  limit: number,
  offset: number,
): Promise<CustomAttribute[]> => {
  const { spans, where, params } = matching(query);
  return db.all(
    {
      // A key is in a span once, whatever is sent; what lies below a known key is a part of its value.
      sql: spans.into(
        (from) => `SELECT source, key, toInt64(count()) AS spans FROM (
  SELECT JSONExtractString(pair, 1) AS key, JSONExtractRaw(pair, 2) AS j,
    multiIf(startsWith(j, '"') AND j != '""' OR startsWith(j, '['), 'custom_attrs_string', match(j, '^-?[0-9]+$') OR startsWith(j, '{"i":'), 'custom_attrs_int',
      match(j, '^-?[0-9]'), 'custom_attrs_float', j IN ('true', 'false'), 'custom_attrs_bool', startsWith(j, '{"in"') OR startsWith(j, '{"out"') OR startsWith(j, '{"b"'), 'custom_attrs_string', '') AS source
  FROM ${from} ARRAY JOIN arrayDistinct(JSONExtractArrayRaw(otel_dump, 'attributes')) AS pair ${where}
) WHERE source != '' AND key != '' AND NOT has(${KNOWN}, key) AND NOT arrayExists(k -> startsWith(key, concat(k, '.')), ${KNOWN})
GROUP BY source, key ORDER BY spans DESC, key, source LIMIT {limit:UInt64} OFFSET {offset:UInt64}`,
      ),
      params: { ...params, limit, offset },
    },
    (row) => ({ source: row.text() as CustomAttribute['source'], key: row.text(), spanCount: row.int64() }),
  );
};

export function streamTraceSpans(
  db: ClickHouse,
  projectId: string,
  traceIds: readonly string[],
  limit: number,
  load: LoadClaimed | undefined,
  conversationId?: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly StoredAgentSpan[]> {
  const params: Record<string, Param> = { limit };
  const spans = agentSpans({ projectId, traceIds }, params, { all: true });
  const ofConversation =
    conversationId === undefined ? '' : "WHERE conversation_id IN ({conversation:String}, '')";
  if (conversationId !== undefined) params.conversation = conversationId;
  const heads = (either: AbortSignal) =>
    db.stream(
      {
        sql: spans.into(
          (
            from,
          ) => `SELECT trace_id, span_id, parent_span_id, conversation_id, toUnixTimestamp64Micro(started_at), toUnixTimestamp64Micro(ended_at),
  wb_user_id, wb_run_id, wb_run_step, wb_run_step_end, otel_dump, inputs, output, claimed
FROM ${from} ${ofConversation} ORDER BY started_at, span_id, span_trace_id
LIMIT 1 BY span_trace_id, span_id LIMIT {limit:UInt64}`,
        ),
        params,
      },
      readSpan(true),
      { signal: either },
    );
  return hydrate(heads, wholeSpans(projectId, load), signal);
}

export const conversationTurns = async (
  db: ClickHouse,
  projectId: string,
  conversationId: string,
  limit: number,
  offset: number,
): Promise<string[]> => {
  const params: Record<string, Param> = { limit, offset };
  const spans = agentSpans({ projectId, conversationIds: [conversationId] }, params);
  return db.all(
    {
      sql: spans.into(
        (from) => `SELECT trace_id FROM ${from} GROUP BY trace_id ORDER BY min(started_at) DESC, trace_id DESC
LIMIT {limit:UInt64} OFFSET {offset:UInt64}`,
      ),
      params,
    },
    (row) => row.text(),
  );
};

export const countConversationTurns = async (
  db: ClickHouse,
  projectId: string,
  conversationId: string,
): Promise<number> => {
  const params: Record<string, Param> = {};
  const spans = agentSpans({ projectId, conversationIds: [conversationId] }, params);
  return countRows(
    db,
    spans.into((from) => `SELECT toInt64(uniqExact(trace_id)) FROM ${from}`),
    params,
  );
};

/** Payloads of spans at the ends of conversations, of which some words are shown. */
const MAX_END_BYTES = 1024 * 1024;

type OfConversations = AgentScope & { readonly conversationIds: readonly string[] };

export const conversationEnds = async (
  db: ClickHouse,
  scope: OfConversations,
  load: LoadClaimed | undefined,
): Promise<ConversationEnds[]> => {
  const params: Record<string, Param> = {};
  const spans = agentSpans(scope, params);
  const { projectId } = scope;
  const key = '(toUnixTimestamp64Micro(started_at), span_id, span_trace_id)';
  const found = await db.all(
    {
      sql: spans.into(
        (from) => `SELECT conversation_id, first.1, first.2, first.3, last.1, last.2, last.3 FROM (
  SELECT conversation_id, argMinIf(${key}, (started_at, span_id), has_input) AS first, argMaxIf(${key}, (ended_at, span_id), has_output) AS last
  FROM ${from} GROUP BY conversation_id)`,
      ),
      params,
    },
    (row) => ({ conversationId: row.text(), first: readKey(row), last: readKey(row) }),
  );
  const ends: ConversationEnds[] = [];
  for (let from = 0; from < found.length; from += KEYS_PER_QUERY / 2) {
    const some = found.slice(from, from + KEYS_PER_QUERY / 2);
    const keys = some.flatMap(({ first, last }) => [first, last]).filter(({ spanId }) => spanId !== '');
    const byKey = new Map<string, StoredAgentSpan>();
    const heads = async function* () {
      yield await readByKeys(db, projectId, keys, true);
    };
    for await (const page of hydrate(heads, wholeSpans(projectId, load, MAX_END_BYTES)))
      for (const span of page) byKey.set(`${span.spanId}\0${span.traceId}`, span);
    const spanOf = ({ spanId, traceId }: Key) => byKey.get(`${spanId}\0${traceId}`);
    for (const { conversationId, first, last } of some)
      ends.push({ conversationId, first: spanOf(first), last: spanOf(last) });
  }
  return ends;
};

export const conversationSequences = async (
  db: ClickHouse,
  scope: OfConversations,
  perConversation: number,
): Promise<SequenceSpan[]> => {
  if (scope.conversationIds.length === 0) return [];
  const params: Record<string, Param> = { per: perConversation };
  const spans = agentSpans(scope, params);
  const rows = await db.all(
    {
      sql: spans.into(
        (from) => `SELECT conversation_id, operation_name, trace_id, span_id, status_code,
  toInt64(if(ended_at > started_at, toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at), 0))
FROM (SELECT * FROM ${from} ORDER BY started_at DESC, span_id DESC LIMIT 1 BY span_trace_id, span_id)
ORDER BY started_at DESC, span_id DESC LIMIT {per:UInt64} BY conversation_id`,
      ),
      params,
    },
    (row) => ({
      conversationId: row.text(),
      operationName: row.text(),
      traceId: row.text(),
      spanId: row.text(),
      statusCode: row.text(),
      durationMs: row.int64(),
    }),
  );
  return rows.reverse();
};
