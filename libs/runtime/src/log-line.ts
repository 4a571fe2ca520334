const LABELS = new Map([
  ['trace', 'trace'],
  ['debug', 'debug'],
  ['info', 'info '],
  ['warn', 'WARN '],
  ['error', 'ERROR'],
  ['fatal', 'FATAL'],
]);

interface ErrorLine {
  readonly message?: string;
  readonly stack?: string;
  readonly cause?: ErrorLine | string;
}

/** A JSON log line → `12:03:04.567 info  gateway: listening port=6345`, causes of an error indented below. */
export function formatLine(json: string): string {
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const { time, level, name, msg, err, ...rest } = line;
  const head = `${String(time).slice(11, 23)} ${LABELS.get(String(level)) ?? String(level)} ${String(name)}: ${String(msg ?? '')}`;
  const members = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${head}${members.join('')}\n${formatError(err as ErrorLine | string | undefined, '  ')}`;
}

function formatError(err: ErrorLine | string | undefined, indent: string): string {
  if (err === undefined) return '';
  if (typeof err === 'string') return `${indent}${err}\n`;
  const text = err.stack ?? err.message ?? '';
  return `${indent}${text.replaceAll('\n', `\n${indent}`)}\n${formatError(err.cause, `${indent}caused by: `)}`;
}
