import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { envInt, envString, type Metrics, type Stoppable } from '@weft/runtime';
import { liveness, readiness, type Checks, type Reasons } from './health.ts';
import { explainListenError } from './listen-error.ts';

/** Environment of the probe listener. */
export const probesEnv = {
  /**
   * A port for `/livez`, `/readyz` and `/metrics` alone, without API keys: for the kubelet and Prometheus on a network that
   * clients cannot reach. Unset: these are answered on the service's own port only, `/metrics` there for admin keys.
   */
  WEFT_METRICS_PORT: envInt({ min: 0, max: 65_535 }).optional(),
  WEFT_METRICS_HOST: envString({ default: '127.0.0.1' }),
};

export interface ProbesConfig {
  readonly WEFT_METRICS_PORT?: number | undefined;
  readonly WEFT_METRICS_HOST: string;
}

export interface ProbesOptions {
  readonly config: ProbesConfig;
  readonly metrics: Metrics;
  readonly readiness: () => Promise<Reasons>;
  readonly liveness?: () => Checks;
}

/** Resolves undefined when no port is set. Open it first and it is closed last: it tells of starting and stopping too. */
export async function openProbes(
  options: ProbesOptions,
): Promise<(Stoppable & { readonly url: string }) | undefined> {
  const { WEFT_METRICS_PORT: port, WEFT_METRICS_HOST: host } = options.config;
  if (port === undefined) return undefined;
  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 10_000 }, (req, res) => {
    req.resume();
    void answer(options, (req.url ?? '').split('?', 1)[0]!, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error) =>
      reject(
        explainListenError(error, { host, port, names: ['WEFT_METRICS_HOST', 'WEFT_METRICS_PORT'] }) as Error,
      );
    server.once('error', failed).listen({ host, port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(options: ProbesOptions, path: string, res: ServerResponse): Promise<void> {
  if (path === '/metrics') {
    const { contentType, body } = await options.metrics.render();
    res.writeHead(200, { 'Content-Type': contentType }).end(body);
    return;
  }
  const { status, body } =
    path === '/livez'
      ? await liveness(options.liveness?.() ?? {})
      : path === '/readyz'
        ? await readiness(options.readiness)
        : { status: 404, body: { detail: 'Not Found' } };
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
