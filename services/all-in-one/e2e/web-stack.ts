import { seriousViolations, startBrowser } from '@weft/testkit';
import { newDirectory, startServer, type ServerProcess } from './server-process.ts';

type Browser = Awaited<ReturnType<typeof startBrowser>>;
export type Page = Awaited<ReturnType<Browser['newPage']>>;

export interface OpenOptions {
  readonly width?: number;
  readonly dark?: boolean;
  /** Instead of the stack's own server. */
  readonly at?: ServerProcess;
}

/** A browser and the bundle that users run. Whoever starts one closes it, and calls `cleanUp` of server-process. */
export interface WebStack {
  readonly server: ServerProcess;
  /** What pages complained of: errors on the console, and what their policy refused. A suite ends with `expect(complaints).toEqual([])`. */
  readonly complaints: readonly string[];
  open(path: string, options?: OpenOptions): Promise<Page>;
  /** Stores completed calls: JSON texts as `completed` of calls.ts gives them. */
  send(project: string, batch: readonly string[], options?: SendOptions): Promise<void>;
  close(): Promise<void>;
}

interface SendOptions {
  readonly at?: ServerProcess;
  readonly headers?: Record<string, string>;
}

const OVERFLOWS = `[document.documentElement, document.querySelector('main')]
  .filter((part) => part !== null && part.scrollWidth > part.clientWidth)
  .map((part) => part.localName + ' is ' + (part.scrollWidth - part.clientWidth) + ' px too wide')`;

/** What somebody with a small screen or a screen reader would stumble over; empty = nothing. */
export async function obstaclesOf(page: Page): Promise<unknown[]> {
  return [...((await page.evaluate(OVERFLOWS)) as string[]), ...(await seriousViolations(page))];
}

export async function startWebStack(env: Record<string, string> = {}): Promise<WebStack> {
  const [browser, server] = await Promise.all([
    startBrowser(),
    startServer(await newDirectory(), { env: { GATEWAY_OTLP_GRPC_PORT: 'off', ...env } }),
  ]);
  const complaints: string[] = [];
  return {
    server,
    complaints,
    async open(path, { width = 1280, dark = false, at = server } = {}) {
      const page = await browser.newPage({
        viewport: { width, height: 800 },
        colorScheme: dark ? 'dark' : 'light',
      });
      page.on('console', (message) => {
        // An answer that the app expects, such as 401 before signing in.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
          complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(at.url + path);
      return page;
    },
    async send(project, batch, { at = server, headers = {} } = {}) {
      const res = await fetch(`${at.url}/v2/${project}/calls/complete`, {
        method: 'POST',
        body: `{"batch":[${batch.join(',')}]}`,
        headers,
      });
      if (res.status !== 200) throw new Error(`calls were refused: ${res.status} ${await res.text()}`);
    },
    close: () => browser.close(),
  };
}
