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
