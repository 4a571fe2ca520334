import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import type { GcsAccess } from './access.ts';
import { GcsError, NoToken } from './trouble.ts';

export interface GcsRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the endpoint; or what the server gave as the address of an upload. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Uint8Array[];
  /** Of the attempt. */
  readonly signal: AbortSignal;
}

export interface GcsAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Has to be read or destroyed. */
  readonly body: Readable;
}

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';
/** More requests than these wait for a connection. */
const MOST_SOCKETS = 128;
/** Of JSON; a page of a listing has 1000 names of at most 1 KiB. */
const MOST_JSON_BYTES = 16 * 1024 * 1024;

/**
 * Requests to the JSON API (https://cloud.google.com/storage/docs/json_api/v1), one attempt each, with Google's library for
 * the tokens. Their storage client is not used: its requests cannot be aborted, its retries and connections cannot be
 * bounded by operation, and it does checksums a byte at a time.
 */
export class GcsApi {
  readonly #endpoint: URL;
  readonly #credentials: GcsAccess['credentials'];
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;
  #auth: Promise<TokenSource> | undefined;

  constructor({ endpoint, credentials }: GcsAccess) {
    this.#endpoint = new URL(endpoint);
    this.#credentials = credentials;
    const { Agent, request } = this.#endpoint.protocol === 'https:' ? https : http;
    this.#agent = new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS });
    this.#request = request as typeof http.request;
  }

  /** @throws GcsError for statuses from 400 on, NoToken, errors of the network. */
  async send(request: GcsRequest): Promise<GcsAnswer> {
    const url = this.#url(request);
    const token = await this.#token(url);
    request.signal.throwIfAborted();
    const length = (request.body ?? []).reduce((sum, { length }) => sum + length, 0);
    const sent = this.#request(url, {
      method: request.method,
      agent: this.#agent,
      signal: request.signal,
      headers: { ...token, 'content-length': length, 'user-agent': 'weft', ...request.headers },
    });
    const answered = once(sent, 'response');
    sent.on('error', () => {}); // told by `answered`; after that, by the body
    for (const bytes of request.body ?? []) sent.write(bytes);
    sent.end();
    const [body] = (await answered) as [http.IncomingMessage];
    const status = body.statusCode!;
    if (status >= 400) throw new GcsError(status, body.headers, await jsonIn(body));
    return { status, headers: body.headers, body };
  }

  /** The answer's JSON. @throws as `send`. */
  async json<T>(request: GcsRequest): Promise<T> {
    const { status, headers, body } = await this.send(request);
    const json = await jsonIn(body);
    if (json === undefined) throw new GcsError(502, headers, undefined, `HTTP ${status} that is not of GCS`);
    return json as T;
  }

  /** The answer's status and headers, and its JSON if it has some. @throws as `send`. */
  async done(request: GcsRequest): Promise<Omit<GcsAnswer, 'body'> & { readonly json: unknown }> {
    const { status, headers, body } = await this.send(request);
    return { status, headers, json: await jsonIn(body) };
  }

  /** Closes its connections, in use or not. */
  close(): void {
    this.#agent.destroy();
  }

  /** What a server says of its address may not hold where there is a proxy before it: only the path counts. */
  #url({ path, query = {} }: GcsRequest): URL {
    const isAddress = /^https?:/.test(path);
    const url = isAddress ? new URL(path) : new URL(`${this.#endpoint.href.replace(/\/$/, '')}${path}`);
    url.protocol = this.#endpoint.protocol;
    url.host = this.#endpoint.host;
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    return url;
  }

  async #token(url: URL): Promise<Record<string, string>> {
    if (this.#credentials.kind === 'none') return {};
    try {
      this.#auth ??= tokenSource(this.#credentials);
      return Object.fromEntries(await (await this.#auth).getRequestHeaders(url));
    } catch (error) {
      throw new NoToken(error);
    }
  }
}

interface TokenSource {
  getRequestHeaders(url: URL): Promise<Headers>;
}

/** Its code is read when it is needed: few processes have their bucket here. */
async function tokenSource(credentials: GcsAccess['credentials']): Promise<TokenSource> {
  const { GoogleAuth } = await import('google-auth-library');
  return new GoogleAuth({
    scopes: SCOPE,
    ...(credentials.kind === 'json' && { credentials: credentials.json }),
  });
}

/** undefined when it is none. */
async function jsonIn(body: Readable): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if ((size += chunk.length) > MOST_JSON_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
