import { asBuffer, findRefs, formatInstant } from '@weft/model';
import type { ColumnValue, JsonField, Row } from '@weft/query-language';
import type { StoredCall } from '../trace-store.ts';
import { summaryFacts } from './facts.ts';
import type { SpanField } from './fields.ts';

/**
 * A call as `evaluate` reads it, for conditions over `callFields()`: the values are those that the store's own SQL has
 * (dialect.ts). All payloads of the call have to be read. Of feedback and annotation queues it has none, as a call that was
 * just stored; what lies behind refs cannot be asked for (`expand_columns`). Of payloads that are heads it sees the heads.
 */
export function rowOfCall(call: StoredCall): Row {
  const columns = new Map<string, ColumnValue>();
  const spanTexts = new Map<string, Uint8Array | null>();
  let span: Dump | undefined;
  return {
    column({ name }) {
      let value = columns.get(name);
      if (value === undefined) {
        const read = COLUMNS.get(name);
        if (read === undefined) throw new Error(`calls have no column ${name}`);
        value = read(call);
        columns.set(name, value);
      }
      return value;
    },
    json(field) {
      if (field.many === true) return NONE;
      if ('span' in field) {
        let text = spanTexts.get(field.column);
        if (text === undefined) {
          span ??= readSpan(call.otelDump);
          text = spanText(span, (field as SpanField).span, call);
          spanTexts.set(field.column, text);
        }
        return text;
      }
      const bytes = payload(call, field);
      return bytes.length === 0 ? null : bytes;
    },
  };
}

const NONE: readonly Uint8Array[] = [];

function payload(call: StoredCall, { column }: JsonField): Uint8Array {
  switch (column) {
    case 'attributes':
    case 'inputs':
    case 'output':
    case 'summary':
      return call[column];
    default:
      throw new Error(`calls have no payload ${column}`);
  }
}

const COLUMNS: ReadonlyMap<string, (call: StoredCall) => ColumnValue> = new Map<
  string,
  (call: StoredCall) => ColumnValue
>([
  ['id', (call) => call.id],
  ['project_id', (call) => call.projectId],
  ['trace_id', (call) => call.traceId],
  ['parent_id', (call) => call.parentId],
  ['thread_id', (call) => call.threadId],
  ['turn_id', (call) => call.turnId],
  ['op_name', (call) => call.opName],
  ['display_name', (call) => call.displayName],
  ['started_at', (call) => call.startedAtUs],
  ['ended_at', (call) => call.endedAtUs],
  ['deleted_at', () => null],
  ['expire_at', () => null],
  ['exception', (call) => call.exception],
  ['wb_user_id', (call) => call.userId],
  ['wb_username', () => null],
  ['wb_run_id', (call) => call.runId],
  ['wb_run_step', (call) => call.runStep],
  ['wb_run_step_end', (call) => call.runStepEnd],
  ['input_refs', (call) => findRefs(call.inputs)],
  ['output_refs', (call) => findRefs(call.output)],
  ['summary.weave.status', status],
  [
    'summary.weave.latency_ms',
    ({ startedAtUs, endedAtUs }) =>
      endedAtUs === null ? null : Math.trunc((endedAtUs - startedAtUs) / 1000),
  ],
  ['summary.weave.trace_name', traceName],
]);

function status({ exception, endedAtUs, summary }: StoredCall): string {
  if (exception !== null) return 'error';
  if (summaryFacts(summary).descendantError) return 'descendant_error';
  return endedAtUs === null ? 'running' : 'success';
}

function traceName({ displayName, opName }: StoredCall): string {
  if (displayName !== null) return displayName;
  if (!/^weave:\/\/\/[^/]+\/[^/]+\/op\//.test(opName)) return opName;
  return /\/op\/([^:/]+)/.exec(opName)?.[1] ?? '';
}

/** Value of an attribute: JSON, or a mark for what JSON cannot hold or what is part of inputs or output already (libs/otlp). */
type Stored = string | number | boolean | null | readonly unknown[] | Readonly<Record<string, unknown>>;
type Pairs = readonly (readonly [key: string, value: Stored])[];
type Place = readonly [from: number, to: number, quoted?: number];

interface Dump {
  readonly trace?: string;
  readonly span?: string;
  readonly parent?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly status?: readonly [number, string];
  readonly attributes?: Pairs;
  readonly resource?: { readonly attributes?: Pairs };
  readonly scope?: { readonly name?: string; readonly version?: string; readonly attributes?: Pairs };
}

const NO_SPAN: Dump = {};
const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const CODES = ['UNSET', 'OK', 'ERROR'];

/** A span is written by this server; a call without one is `{}`. */
function readSpan(dump: Uint8Array): Dump {
  return dump.length === 0 ? NO_SPAN : (JSON.parse(asBuffer(dump).toString('utf8')) as Dump);
}

/** As `spanTextSql`. */
function spanText(span: Dump, path: readonly string[], call: StoredCall): Uint8Array | null {
  const json = span === NO_SPAN ? undefined : (SIMPLE.get(path.join('.')) ?? attribute)(span, call, path);
  return json === undefined ? null : Buffer.from(json);
}

type ReadSpan = (span: Dump, call: StoredCall, path: readonly string[]) => string | undefined;

const SIMPLE: ReadonlyMap<string, ReadSpan> = new Map<string, ReadSpan>([
  ['name', ({ name }) => JSON.stringify(name)],
  ['kind', ({ kind }) => JSON.stringify(KINDS[kind ?? 0] ?? '')],
  ['parent_id', ({ parent }) => JSON.stringify(parent)],
  ['start_time', (_, { startedAtUs }) => JSON.stringify(formatInstant(startedAtUs))],
  ['end_time', (_, { endedAtUs }) => (endedAtUs === null ? undefined : JSON.stringify(formatInstant(endedAtUs)))],
  ['status.code', ({ status: given }) => JSON.stringify(CODES[given?.[0] ?? 0] ?? '')],
  ['status.message', ({ status: given }) => JSON.stringify(given?.[1])],
  ['context.trace_id', ({ trace }) => JSON.stringify(trace)],
  ['context.span_id', ({ span }) => JSON.stringify(span)],
  ['scope.name', ({ scope }) => JSON.stringify(scope?.name)],
  ['scope.version', ({ scope }) => JSON.stringify(scope?.version)],
]); // prettier-ignore

const attribute: ReadSpan = (span, call, path) => {
  const at = path.indexOf('attributes');
  const owner = at === 0 ? span : path[0] === 'resource' ? span.resource : span.scope;
  const key = path.slice(at + 1).join('.');
  const value = owner?.attributes?.find(([each]) => each === key)?.[1];
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const mark = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(mark, 'i')) return mark.i as string;
  if (Object.hasOwn(mark, 'd')) return JSON.stringify(mark.d);
  if (Object.hasOwn(mark, 'b')) return JSON.stringify(mark.b);
  if (Object.hasOwn(mark, 'in')) return textAt(call, 'inputs', mark.in as Place);
  if (Object.hasOwn(mark, 'out')) return textAt(call, 'output', mark.out as Place);
  return JSON.stringify(value);
};

/** In a head texts lie elsewhere. */
function textAt(
  call: StoredCall,
  payload: 'inputs' | 'output',
  [from, to, quoted]: Place,
): string | undefined {
  if (call.claims.some(({ column }) => column === payload)) return undefined;
  const text = asBuffer(call[payload]).toString('utf8', from, to);
  return quoted === 1 ? text : JSON.stringify(text);
}
