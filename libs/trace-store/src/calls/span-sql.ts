/**
 * SQL of a value of the OTLP span that a call was made of, as the JSON text that clients see below
 * `attributes.otel_span` (libs/otlp `otelSpanJson`); '' = none. The stored span keeps its attributes as pairs of dotted
 * key and value, and marks instead of values that JSON cannot hold or that are part of inputs or output already.
 */
export function spanTextSql(path: readonly string[], bind: (text: string) => string): string {
  const dump = 'otel_dump';
  const name = path.join('.');
  const simple = SIMPLE.get(name);
  if (simple !== undefined) return `if(${dump} = '', '', ${simple})`;
  const at = path.indexOf('attributes');
  const owner = path.slice(0, at).map((part) => `'${part}', `);
  const key = bind(path.slice(at + 1).join('.'));
  const pair = `arrayFirst(p -> JSONExtractString(p, 1) = ${key}, JSONExtractArrayRaw(${dump}, ${owner.join('')}'attributes'))`;
  return `arrayMap(m -> ${VALUE}, [JSONExtractRaw(${pair}, 2)])[1]`;
}

/**
 * Byte places in inputs or output, from 0; `quoted`: the text there is a JSON string, else it is the string's own text. Of a
 * payload that is a blob only the head is here, where texts lie elsewhere: then there is none.
 */
const place = (member: string, column: string) =>
  `multiIf(arrayExists(c -> startsWith(c, '${column} '), claimed), '', JSONExtractUInt(m, '${member}', 3) = 1, substring(${column}, JSONExtractUInt(m, '${member}', 1) + 1, JSONExtractUInt(m, '${member}', 2) - JSONExtractUInt(m, '${member}', 1)),
  toJSONString(substring(${column}, JSONExtractUInt(m, '${member}', 1) + 1, JSONExtractUInt(m, '${member}', 2) - JSONExtractUInt(m, '${member}', 1))))`;

const VALUE = `multiIf(NOT startsWith(m, '{'), m,
  JSONHas(m, 'i'), JSONExtractString(m, 'i'),
  JSONHas(m, 'd'), JSONExtractRaw(m, 'd'),
  JSONHas(m, 'b'), JSONExtractRaw(m, 'b'),
  JSONHas(m, 'in'), ${place('in', 'inputs')},
  JSONHas(m, 'out'), ${place('out', 'output')},
  m)`;

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['name', "JSONExtractRaw(otel_dump, 'name')"],
  [
    'kind',
    "toJSONString(['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'][JSONExtractUInt(otel_dump, 'kind') + 1])",
  ],
  ['parent_id', "JSONExtractRaw(otel_dump, 'parent')"],
  ['start_time', "toJSONString(formatDateTime(started_at, '%Y-%m-%dT%H:%i:%S.%fZ'))"],
  ['end_time', "toJSONString(formatDateTime(ended_at, '%Y-%m-%dT%H:%i:%S.%fZ'))"],
  ['status.code', "toJSONString(['UNSET', 'OK', 'ERROR'][JSONExtractUInt(otel_dump, 'status', 1) + 1])"],
  ['status.message', "JSONExtractRaw(otel_dump, 'status', 2)"],
  ['context.trace_id', "JSONExtractRaw(otel_dump, 'trace')"],
  ['context.span_id', "JSONExtractRaw(otel_dump, 'span')"],
  ['scope.name', "JSONExtractRaw(otel_dump, 'scope', 'name')"],
  ['scope.version', "JSONExtractRaw(otel_dump, 'scope', 'version')"],
]);
