/** What SDKs keep of an exception (JSON with type and message, perhaps cut), in one line. */
export function errorLine(error: string): string {
  const member = (name: string) => new RegExp(`"${name}": ?"((?:[^"\\\\]|\\\\.)*)"`).exec(error)?.[1];
  const [type, message] = [member('type'), member('message')];
  if (type === undefined || message === undefined) return error.trim().split('\n').at(-1)!.slice(0, 300);
  try {
    return `${type}: ${JSON.parse(`"${message}"`) as string}`.slice(0, 300);
  } catch {
    return `${type}: ${message}`.slice(0, 300);
  }
}

/** All that SDKs keep of it, to be read: its line, and below it the way there, the innermost place last. What is not theirs stays as it is. */
export function errorText(error: string): string {
  const told = readError(error);
  if (told === undefined) return error;
  const places = told.traceback.map(({ filename, line_number: line, function_name: name, text }) =>
    [
      `  ${String(filename)}:${String(line)} in ${String(name)}`,
      ...(text ? [`    ${String(text)}`] : []),
    ].join('\n'),
  );
  return [`${told.type}: ${told.message}`, ...places].join('\n');
}

interface Place {
  readonly filename?: unknown;
  readonly line_number?: unknown;
  readonly function_name?: unknown;
  readonly text?: unknown;
}

function readError(
  error: string,
): { type: string; message: string; traceback: readonly Place[] } | undefined {
  if (!error.startsWith('{"type"')) return undefined;
  try {
    const { type, message, traceback } = JSON.parse(error) as Record<string, unknown>;
    if (typeof type !== 'string' || typeof message !== 'string' || !Array.isArray(traceback))
      return undefined;
    const places = (traceback as unknown[]).filter(
      (place): place is Place => typeof place === 'object' && place !== null,
    );
    return { type, message, traceback: places };
  } catch {
    return undefined;
  }
}
