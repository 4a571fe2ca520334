/** What the server said instead of an answer. `message` is for the reader. */
export class ApiError extends Error {
  /** 0 = nobody answered. */
  readonly status: number;
  /** The members of what the server said, such as `deleted_at`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.details = details;
  }
}

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly signal?: AbortSignal | undefined;
  /** Every number that JavaScript would write in other digits (`1.0`, `1e5`) keeps its own, as a BigNumber. */
  readonly exact?: boolean;
}

/** One JSON answer. Numbers that doubles cannot hold are as `parseJson` gives them. @throws ApiError */
export async function request<T>(path: string, body?: object, options: RequestOptions = {}): Promise<T> {
  const res = await send(path, body, options);
  return parseJson(await res.text(), options) as T;
}

/** An answer that is no text. @throws ApiError */
export async function bytes(path: string, body: object, signal?: AbortSignal): Promise<ArrayBuffer> {
  return await (await send(path, body, { signal })).arrayBuffer();
}

/** JSON lines as they come. @throws ApiError */
export async function* lines<T>(
  path: string,
  body: object | undefined,
  signal?: AbortSignal,
  options: Pick<RequestOptions, 'exact'> = {},
): AsyncGenerator<T> {
  const res = await send(path, body, { signal });
  const reader = res.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    const parts = (rest + (value ?? '')).split('\n');
    rest = done ? '' : parts.pop()!;
    for (const part of parts) if (part.trim() !== '') yield parseJson(part, options) as T;
    if (done) return;
  }
}

/** The bytes of an answer. @throws ApiError */
export async function requestBlob(path: string, body: object, signal?: AbortSignal): Promise<Blob> {
  return (await send(path, body, { signal })).blob();
}

async function send(
  path: string,
  body: object | undefined,
  { method, signal }: RequestOptions,
): Promise<Response> {
  let res: Response;
  try {
    res = await fetch(path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        // No window of the browser's own for a key: there is a page for it.
        'x-requested-with': 'weft',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: stringifyJson(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The server does not answer. Is it running, and can this browser reach it?');
  }
  if (res.ok) return res;
  const said = objectIn(await res.text());
  throw new ApiError(res.status, reasonOf(said, res.status), said);
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not from this server: a proxy before it.
  }
  return {};
}

function reasonOf({ reason, detail }: Readonly<Record<string, unknown>>, status: number): string {
  if (typeof reason === 'string') return reason;
  if (Array.isArray(detail))
    return (detail as { msg: string; loc: string[] }[])
      .map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`)
      .join('; ');
  return `The server answered with status ${status}.`;
}

/** A number with the digits it was written in: an integer that no double holds, or, of exact answers, `1.0`. */
export class BigNumber {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
  toString(): string {
    return this.digits;
  }
}

/** `JSON.parse`, but integers beyond 2^53 keep their digits, and `__proto__` is a key like any other. */
export function parseJson(text: string, { exact = false }: { readonly exact?: boolean } = {}): unknown {
  return JSON.parse(text, function revive(_key, value: unknown, context?: { source?: string }) {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    const { source } = context;
    const isKept = exact ? String(value) !== source : !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
    return isKept ? new BigNumber(source) : value;
  } as (key: string, value: unknown) => unknown);
}

/** Browsers that tell the digits of a number take them back, too. */
const { rawJSON } = JSON as unknown as { rawJSON?: (text: string) => unknown };

/** `JSON.stringify`, numbers with their digits. */
export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, each: unknown) =>
      each instanceof BigNumber ? (rawJSON?.(each.digits) ?? Number(each.digits)) : each,
    indent,
  );
}

/** Server-sent events of a request, as they come; their data is JSON. @throws ApiError */
export async function* events(
  path: string,
  body: object,
  signal: AbortSignal,
): AsyncGenerator<{ readonly name: string; readonly data: unknown }> {
  const res = await send(path, body, { signal });
  const reader = res.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) {
      const name = /^event: ?(.*)$/m.exec(part)?.[1];
      const data = /^data: ?(.*)$/m.exec(part)?.[1];
      if (name !== undefined && data !== undefined) yield { name, data: parseJson(data) };
    }
  }
}

/** The bytes of an answer as they come. @throws ApiError */
export async function* chunks(path: string, body: object, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = (await send(path, body, { signal })).body!.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}
