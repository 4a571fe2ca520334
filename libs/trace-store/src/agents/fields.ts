import {
  type ColumnField,
  type ColumnType,
  type Dialect,
  type Field,
  type JsonField,
} from '@weft/query-language';
import type { Param } from '../clickhouse.ts';
import { spanTextSql } from '../calls/span-sql.ts';
import { AGENT_ATTRIBUTES } from './attributes.ts';

/** What conditions, groups and figures of spans of agents may name, and how it reads as SQL of `agentSpans`. */

export type AgentValueType = 'string' | 'number' | 'boolean' | 'datetime';

/** Columns without an attribute. */
const OWN: readonly (readonly [string, AgentValueType])[] = [
  ['trace_id', 'string'],
  ['span_id', 'string'],
  ['parent_span_id', 'string'],
  ['span_name', 'string'],
  ['span_kind', 'string'],
  ['started_at', 'datetime'],
  ['ended_at', 'datetime'],
  ['status_code', 'string'],
  ['status_message', 'string'],
  ['wb_user_id', 'string'],
  ['wb_run_id', 'string'],
  ['wb_run_step', 'number'],
  ['wb_run_step_end', 'number'],
  ['conversation_id', 'string'],
];

/** Lists and messages need other operators than comparisons; what was thought is a part of messages. */
const INCOMPARABLE = new Set(['tool_definitions', 'input_messages', 'output_messages', 'system_instructions', 'reasoning_content']); // prettier-ignore
const FILTERABLE = AGENT_ATTRIBUTES.filter(
  ({ column, type }) => type !== 'strings' && !INCOMPARABLE.has(column),
);

const TYPES: ReadonlyMap<string, AgentValueType> = new Map([
  ...OWN,
  ...FILTERABLE.map(
    ({ column, type }) => [column, type === 'int' || type === 'float' ? 'number' : 'string'] as const,
  ),
]);

/** Every name of a column: itself, its attributes, and those without their prefix. */
const COLUMN_OF: ReadonlyMap<string, string> = new Map(
  [
    ...FILTERABLE.map(({ column, keys }) => [column, keys] as const),
    ['conversation_id', ['weave.conversation.id', 'gen_ai.conversation.id']] as const,
  ]
    .flatMap(([column, keys]) =>
      keys
        // W&B knows the provider by its newer name only.
        .filter((key) => !key.endsWith('.system'))
        .flatMap((key) => [key, key.replace(/^(weave|gen_ai)\./, '')])
        .map((key) => [key, column] as const),
    )
    .concat([...TYPES.keys()].map((column) => [column, column] as const)),
);

/** The column that a name means; undefined = there is none. */
export function agentColumn(name: string): string | undefined {
  return COLUMN_OF.get(name);
}

export function agentColumnType(column: string): AgentValueType | undefined {
  return TYPES.get(column);
}

/** Who did it: where a span does not say, its trace does. */
export const IDENTITY: readonly string[] = ['agent_name', 'agent_version', 'agent_id', 'conversation_id'];

export const CUSTOM_SOURCES = [
  'custom_attrs_string',
  'custom_attrs_int',
  'custom_attrs_float',
  'custom_attrs_bool',
] as const;
export type CustomSource = (typeof CUSTOM_SOURCES)[number];

export const CUSTOM_TYPE: Readonly<Record<CustomSource, AgentValueType>> = {
  custom_attrs_string: 'string',
  custom_attrs_int: 'number',
  custom_attrs_float: 'number',
  custom_attrs_bool: 'boolean',
};

const COLUMN_TYPE: Readonly<Record<AgentValueType, ColumnType>> = {
  string: 'string',
  number: 'number',
  boolean: 'bool',
  datetime: 'instant',
};

interface CustomField extends ColumnField {
  readonly custom: { readonly source: CustomSource; readonly key: string };
}
interface AnyCustomField extends JsonField {
  readonly custom: { readonly key: string };
}

/**
 * A column by any of its names, a custom attribute of one type (`custom_attrs_int.retries`), else a custom attribute of
 * whatever type its value has.
 */
export function agentField(path: string): Field | undefined {
  const column = COLUMN_OF.get(path);
  if (column !== undefined)
    return { kind: 'column', name: column, type: COLUMN_TYPE[TYPES.get(column)!], nullable: false };
  if (path === 'duration_ms' || path === 'total_tokens')
    return { kind: 'column', name: path, type: 'number', nullable: true };
  const source = CUSTOM_SOURCES.find((each) => path.startsWith(`${each}.`));
  if (source !== undefined) {
    const key = path.slice(source.length + 1);
    if (key === '') return undefined;
    const field: CustomField = {
      kind: 'column',
      name: path,
      type: COLUMN_TYPE[CUSTOM_TYPE[source]],
      nullable: true,
      custom: { source, key },
    };
    return field;
  }
  if (path === '') return undefined;
  const field: AnyCustomField = {
    kind: 'json',
    column: `attribute ${path}`,
    path: [],
    custom: { key: path },
  };
  return field;
}

/** Binds the keys and texts that statements about spans of agents name. */
export class AgentSql {
  readonly params: Record<string, Param>;
  private compiled = 0;

  constructor(params: Record<string, Param>) {
    this.params = params;
  }

  bind(value: Param, type = 'String'): string {
    const name = `a${Object.keys(this.params).length}`;
    this.params[name] = value;
    return `{${name}:${type}}`;
  }

  /** Each piece that is compiled takes one of its own. */
  dialect(): Dialect {
    const prefix = `q_${letters(this.compiled++)}_`;
    return {
      prefix,
      column: (field) =>
        'custom' in field
          ? this.custom((field as CustomField).custom.source, (field as CustomField).custom.key)
          : (DERIVED[field.name] ?? field.name),
      json: (field) => ({ sql: this.attribute((field as AnyCustomField).custom.key) }),
    };
  }

  /** The value of a custom attribute; NULL where there is none of the type. */
  custom(source: CustomSource, key: string): string {
    return `arrayMap(j -> ${CUSTOM_SQL[source]}, [${this.attribute(key)}])[1]`;
  }

  /** JSON text of an attribute; '' = none. */
  private attribute(key: string): string {
    return spanTextSql(['attributes', key], (text) => this.bind(text));
  }
}

/** Doubles that are integers are stored as such, so both kinds of numbers are doubles. */
const CUSTOM_SQL: Readonly<Record<CustomSource, string>> = {
  custom_attrs_string: `multiIf(j IN ('', '""'), NULL, startsWith(j, '"'), CAST(JSONExtractString(j), 'Nullable(String)'), startsWith(j, '['), j, NULL)`,
  custom_attrs_int: `if(match(j, '^-?[0-9]+$'), toFloat64OrNull(j), NULL)`,
  custom_attrs_float: `if(match(j, '^-?[0-9]'), toFloat64OrNull(j), NULL)`,
  custom_attrs_bool: `multiIf(j = 'true', CAST(1, 'Nullable(UInt8)'), j = 'false', 0, NULL)`,
};

const MS = 'toUnixTimestamp64Milli';
export const DERIVED: Readonly<Record<string, string>> = {
  duration_ms: `if(ended_at > started_at, toFloat64(${MS}(ended_at) - ${MS}(started_at)), NULL)`,
  total_tokens: 'toFloat64(input_tokens + output_tokens + reasoning_tokens)',
};

/** Names of parameters have no digits before the last part. */
function letters(index: number): string {
  return [...String(index)].map((digit) => String.fromCharCode(97 + Number(digit))).join('');
}
