import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterEach, expect, it } from '@jest/globals';
import { createBodyBudget, createKeyring } from '@weft/http';
import { createLogger, createMetrics } from '@weft/runtime';
import { createGrpcMetrics } from './metrics.ts';
import { openGrpcServer, type GrpcServer } from './server.ts';

let server: GrpcServer | undefined;
afterEach(() => server?.stop());

const METHOD = '/a.B/C';

it('ends connections that do not take their answer', async () => {
  const logger = createLogger({ name: 'test' });
  const limits = { drainDelayMs: 0, stopTimeoutMs: 1000 };
  const auth = await createKeyring({ logger, pollMs: 0 });
  server = await openGrpcServer({
    address: { host: '127.0.0.1', port: 0, names: ['--host', '--port'] },
    intake: { auth, budget: createBodyBudget(1024), limits },
    methods: new Map([[METHOD, async () => Buffer.alloc(0)]]),
    maxMessageBytes: 1024,
    logger,
    metrics: createGrpcMetrics(createMetrics()),
    idleMs: 100,
  });
  const session = connect(`http://127.0.0.1:${server.port}`, { settings: { initialWindowSize: 0 } });
  session.on('error', () => undefined);
  const headers = { ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc' };
  const stream = session.request(headers).on('error', () => undefined);
  stream.end(Buffer.alloc(5));
  expect((await once(stream, 'response'))[0]).toMatchObject({ ':status': 200 });
  await once(session, 'close');
});
