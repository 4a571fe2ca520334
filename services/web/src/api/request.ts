/** What the server said instead of an answer. `message` is for the reader. */
export class ApiError extends Error {
  /** 0 = nobody answered. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly signal?: AbortSignal | undefined;
}

/** One JSON answer. Numbers that doubles cannot hold are as `parseJson` gives them. @throws ApiError */
export async function request<T>(path: string, body?: object, options: RequestOptions = {}): Promise<T> {
  const res = await send(path, body, options);
  return parseJson(await res.text()) as T;
}

/** JSON lines as they come. @throws ApiError */
export async function* lines<T>(path: string, body: object, signal?: AbortSignal): AsyncGenerator<T> {
  const res = await send(path, body, { signal });
  const reader = res.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    const parts = (rest + (value ?? '')).split('\n');
    rest = done ? '' : parts.pop()!;
    for (const part of parts) if (part.trim() !== '') yield parseJson(part) as T;
    if (done) return;
  }
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
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The server does not answer. Is it running, and can this browser reach it?');
  }
  if (res.ok) return res;
  throw new ApiError(res.status, reasonOf(await res.text(), res.status));
}

function reasonOf(text: string, status: number): string {
  try {
    const { reason, detail } = JSON.parse(text) as {
      reason?: unknown;
      detail?: { msg: string; loc: string[] }[];
    };
    if (typeof reason === 'string') return reason;
    if (Array.isArray(detail))
      return detail.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`).join('; ');
  } catch {
    // Not from this server: a proxy before it.
  }
  return `The server answered with status ${status}.`;
}

/** An integer that no double holds, with its digits. */
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
export function parseJson(text: string): unknown {
  return JSON.parse(text, function revive(_key, value: unknown, context?: { source?: string }) {
    if (typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? ''))
      return new BigNumber(context!.source!);
    return value;
  } as (key: string, value: unknown) => unknown);
}
