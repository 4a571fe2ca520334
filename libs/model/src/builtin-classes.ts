import { AppError } from './errors.ts';
import { asBuffer, JsonMembers } from './json-members.ts';
import { JsonScanner } from './json-scan.ts';

/**
 * Classes that a create request may name instead of spelling them out in its value (`builtin_object_class`; W&B: builtin
 * object registry). The value then becomes what a Python client would have published: checked, with defaults filled in and
 * every model inside named. The bytes of what was sent stay.
 */

type Shape =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'object'
  | 'any'
  | { readonly oneOf: readonly string[] }
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly model: Model };

interface Field {
  readonly shape: Shape;
  /** JSON; undefined = required. */
  readonly otherwise?: string;
}

interface Model {
  readonly name: string;
  readonly bases: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
  /** Other members are kept; default dropped. */
  readonly isOpen?: boolean;
}

const required = (shape: Shape): Field => ({ shape });
/** Null, unless it is given. */
const optional = (shape: Shape): Field => ({ shape, otherwise: 'null' });
const list = (shape: Shape): Shape => ({ list: shape });
const oneOf = (...values: readonly string[]): Shape => ({ oneOf: values });
const nested = (name: string, fields: Model['fields'], isOpen = false): Shape => ({
  model: { name, bases: ['BaseModel'], fields, isOpen },
});

const OBJECT_FIELDS = { name: optional('string'), description: optional('string') };

function object(name: string, fields: Model['fields'], bases = ['BaseObject', 'BaseModel']): Model {
  return { name, bases, fields: { ...OBJECT_FIELDS, ...fields } };
}

const nestedObjectFields = { b: required('integer') };

const message = nested('Message', {
  role: required('string'),
  content: optional('any'),
  name: optional('string'),
  function_call: optional('object'),
  tool_call_id: optional('string'),
});

const completionParams = nested('LLMStructuredCompletionModelDefaultParams', {
  messages_template: optional(list(message)),
  prompt: optional('string'),
  temperature: optional('number'),
  top_p: optional('number'),
  max_tokens: optional('integer'),
  presence_penalty: optional('number'),
  frequency_penalty: optional('number'),
  stop: optional(list('string')),
  n_times: optional('integer'),
  functions: optional(list('object')),
  response_format: optional(oneOf('json_object', 'json_schema', 'text')),
});

const alertSpec = nested(
  'WeaveMetricThresholdSpec',
  {
    alert_condition: { shape: 'string', otherwise: '"THRESHOLD"' },
    source_type: { shape: oneOf('calls', 'spans'), otherwise: '"calls"' },
    comparison_operator: { shape: oneOf('GREATER_THAN', 'LESS_THAN', 'EQUAL'), otherwise: '"GREATER_THAN"' },
    metric_path: { shape: 'string', otherwise: '""' },
    op_str: { shape: 'string', otherwise: '""' },
    threshold: { shape: 'number', otherwise: '0.0' },
    window_size: optional('integer'),
    window_duration: optional('integer'),
    monitor_ref: optional('string'),
    scorer_ref: optional('string'),
    aggregation_function: {
      shape: oneOf('mean', 'median', 'min', 'max', 'mode', 'percentage', 'count'),
      otherwise: '"mean"',
    },
    status_match_value: optional('string'),
  },
  true,
);

// Expressions, filters and sort orders stay as they are sent: named, as W&B names them, its own client cannot read them back.
const savedViewDefinition = nested('SavedViewDefinition', {
  filter: optional('object'),
  query: optional('object'),
  cols: optional({ map: 'boolean' }),
  columns: optional(list(nested('Column', { path: optional(list('any')), label: optional('string') }))),
  column_order: optional(list('string')),
  expand_columns: optional(list('string')),
  header_depth: optional('integer'),
  pin: optional(nested('Pin', { left: required(list('string')), right: required(list('string')) })),
  sort_by: optional(list('object')),
  page: optional('integer'),
  page_size: optional('integer'),
  charts: optional(
    list(
      nested('ChartConfig', {
        x_axis: required('string'),
        y_axis: required('string'),
        plot_type: optional(oneOf('scatter', 'line', 'bar')),
        bin_count: optional('integer'),
        aggregation: optional(oneOf('average', 'sum', 'min', 'max', 'p95', 'p99')),
        group_keys: optional(list('string')),
        custom_name: optional('string'),
      }),
    ),
  ),
  dataset_selector: optional('string'),
  evaluation_selector: optional('string'),
  dynamic_leaderboard_config: optional('object'),
});

const MODELS: ReadonlyMap<string, Model> = new Map(
  [
    object('Leaderboard', {
      columns: required(
        list(
          nested('LeaderboardColumn', {
            evaluation_object_ref: required('string'),
            scorer_name: required('string'),
            summary_metric_path: required('string'),
            should_minimize: optional('boolean'),
          }),
        ),
      ),
    }),
    object('AnnotationSpec', {
      field_schema: { shape: 'object', otherwise: '{}' },
      unique_among_creators: { shape: 'boolean', otherwise: 'false' },
      op_scope: optional(list('string')),
    }),
    object('AlertSpec', { op_scope: optional(list('string')), spec: { shape: alertSpec, otherwise: '{}' } }),
    object('Provider', {
      base_url: required('string'),
      api_key_name: required('string'),
      extra_headers: { shape: { map: 'string' }, otherwise: '{}' },
      return_type: { shape: oneOf('openai'), otherwise: '"openai"' },
    }),
    object('ProviderModel', { provider: required('string'), max_tokens: required('integer') }),
    object('SavedView', {
      view_type: required('string'),
      label: required('string'),
      definition: required(savedViewDefinition),
    }),
    object('ComparisonView', {
      label: required('string'),
      definition: required(
        nested('ComparisonViewDefinition', {
          evaluation_call_ids: required(list('string')),
          selected_metrics: optional(list('string')),
          column_visibility: optional({ map: 'boolean' }),
        }),
      ),
    }),
    object('AgentDashboard', { label: required('string'), definition: required('object') }),
    object(
      'LLMStructuredCompletionModel',
      {
        ref: optional('any'),
        llm_model_id: required('string'),
        default_params: { shape: completionParams, otherwise: '{}' },
      },
      ['Model', 'Object', 'BaseModel'],
    ),
    object('TestOnlyExample', {
      primitive: required('integer'),
      nested_base_model: required(
        nested('TestOnlyNestedBaseModel', {
          a: required('integer'),
          aliased_property_alias: required('integer'),
        }),
      ),
      nested_base_object: required('string'),
    }),
    object('TestOnlyNestedBaseObject', nestedObjectFields),
    object(
      'TestOnlyInheritedBaseObject',
      {
        ...nestedObjectFields,
        c: required('integer'),
        additional_field: { shape: 'string', otherwise: '"default_value"' },
      },
      ['TestOnlyNestedBaseObject', 'BaseObject', 'BaseModel'],
    ),
    // Of 2025, and newer ones whose members are not ours to know.
    ...['ActionSpec', 'AgentsSavedView', 'CallViewSpec', 'DynamicLeaderboard', 'FunctionSpec'].map(
      (name) => ({
        ...object(name, {}),
        isOpen: true,
      }),
    ),
  ].map((model) => [model.name, model]),
);

/** @param val a JSON object. @throws AppError `invalid_request` naming what does not fit the class, or an unknown class. */
export function toBuiltinObject(val: Uint8Array, className: string): Uint8Array {
  const model = MODELS.get(className);
  if (model === undefined) throw bad(`unknown class ${JSON.stringify(className.slice(0, 80))}`);
  const out: Uint8Array[] = [];
  putModel(out, val, model, className);
  return Buffer.concat(out);
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const QUOTE = 0x22;
const NULL = 0x6e;
const NAMES = ['_type', '_class_name', '_bases'];

function putModel(out: Uint8Array[], json: Uint8Array, model: Model, path: string): void {
  const others: string[] = [];
  const members = JsonMembers.parse(json, {
    path: `builtin_object_class: ${path}.`,
    onMember: (name) => {
      if (!Object.hasOwn(model.fields, name) && !NAMES.includes(name)) others.push(name);
    },
  });
  const name = JSON.stringify(model.name);
  out.push(Buffer.from(`{"_type":${name}`));
  for (const [field, { shape, otherwise }] of Object.entries(model.fields)) {
    const given = members.raw(field);
    const isNull = given?.[0] === NULL;
    if (otherwise === undefined && (given === null || isNull)) throw members.invalid(field, 'is required');
    out.push(Buffer.from(`,${JSON.stringify(field)}:`));
    if (given !== null && isNull && otherwise === 'null') out.push(given);
    else if (given === null && otherwise === 'null') out.push(Buffer.from('null'));
    else put(out, given ?? Buffer.from(otherwise!), shape, `${path}.${field}`);
  }
  if (model.isOpen === true)
    for (const other of new Set(others))
      out.push(Buffer.from(`,${JSON.stringify(other)}:`), members.raw(other)!);
  out.push(Buffer.from(`,"_class_name":${name},"_bases":${JSON.stringify(model.bases)}}`));
}

function put(out: Uint8Array[], json: Uint8Array, shape: Shape, path: string): void {
  if (typeof shape === 'string') {
    if (!FITS[shape](json)) throw bad(`${path}: must be ${shape === 'any' ? 'a value' : `of type ${shape}`}`);
    out.push(json);
  } else if ('oneOf' in shape) {
    const text = json[0] === QUOTE ? (JSON.parse(asBuffer(json).toString('utf8')) as string) : undefined;
    if (text === undefined || !shape.oneOf.includes(text))
      throw bad(`${path}: must be one of ${shape.oneOf.join(', ')}`);
    out.push(json);
  } else if ('list' in shape) {
    putList(out, json, shape.list, path);
  } else if (json[0] !== OPEN_BRACE) {
    throw bad(`${path}: must be an object`);
  } else if ('map' in shape) {
    const scanner = new JsonScanner(json);
    scanner.members(0, (key, start, end) =>
      put([], json.subarray(start, end), shape.map, `${path}.${key.slice(0, 80)}`),
    );
    out.push(json);
  } else {
    putModel(out, json, shape.model, path);
  }
}

function putList(out: Uint8Array[], json: Uint8Array, shape: Shape, path: string): void {
  if (json[0] !== OPEN_BRACKET) throw bad(`${path}: must be a list`);
  let index = 0;
  out.push(Buffer.from('['));
  new JsonScanner(json).elements(0, (start, end) => {
    if (index > 0) out.push(Buffer.from(','));
    put(out, json.subarray(start, end), shape, `${path}[${index}]`);
    index++;
  });
  out.push(Buffer.from(']'));
}

const NUMBER = /^-?\d/;
const INTEGER = /^-?\d+$/;
const textOf = (json: Uint8Array) => asBuffer(json).toString('latin1');

const FITS: Readonly<Record<Extract<Shape, string>, (json: Uint8Array) => boolean>> = {
  string: (json) => json[0] === QUOTE,
  integer: (json) => INTEGER.test(textOf(json)),
  number: (json) => NUMBER.test(textOf(json.subarray(0, 2))),
  boolean: (json) => json[0] === 0x74 || json[0] === 0x66,
  object: (json) => json[0] === OPEN_BRACE,
  any: () => true,
};

function bad(message: string): AppError {
  return new AppError('invalid_request', `builtin_object_class: ${message}`);
}
