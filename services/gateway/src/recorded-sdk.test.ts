import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readCallItem, readObjectEvent, readTableEvent } from '@weft/model';
import { startGateway, type GatewayServer } from './testing/gateway-server.ts';

interface Part {
  readonly name: string;
  readonly bytes: number;
  readonly text?: string;
  readonly filename?: string;
}
interface Recorded {
  readonly path: string;
  readonly body?: { readonly multipart?: readonly Part[]; readonly batch?: readonly unknown[] };
  readonly response?: { readonly digest?: string; readonly res?: unknown };
}

const recording = JSON.parse(
  readFileSync(new URL('../fixtures/weave-npm-0.11.1.json', import.meta.url), 'utf8'),
) as {
  steps: { requests: Recorded[] }[];
};
const WRITES = ['/file/create', '/obj/create', '/call/upsert_batch', '/table/create', '/call/update'];

let gateway: GatewayServer;
afterEach(() => gateway.stop());

/** Everything that npm `weave` 0.11.1 sent in a session of all its features. */
describe('the npm SDK as recorded', () => {
  it('gets a 2xx for every write, its own file digests, and events that can be decoded', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['my-team/*'] } });
    const writes = recording.steps
      .flatMap(({ requests }) => requests)
      .filter(({ path }) => WRITES.includes(path));
    expect(new Set(writes.map(({ path }) => path)).size).toBe(WRITES.length);
    let files = 0;
    for (const { path, body, response } of writes) {
      const answer = await gateway.post(path, body!.multipart === undefined ? body : formOf(body!.multipart));
      expect([path, answer.status, answer.json.errors]).toEqual([path, 200, undefined]);
      if (path === '/call/upsert_batch') expect(answer.json).toEqual(response);
      const file = body!.multipart?.find(({ name }) => name === 'file');
      if (file !== undefined && isWhole(file)) {
        expect(answer.json.digest).toBe(response!.digest);
        files++;
      }
    }
    expect(files).toBeGreaterThan(10);
    expect(gateway.rejected).toEqual([]);
    const events = await gateway.events();
    for (const event of events) {
      if (event.kind === 'call.started' || event.kind === 'call.ended')
        readCallItem(event.kind, event.payload);
      if (event.kind === 'object.created') readObjectEvent(event);
      if (event.kind === 'table.created') readTableEvent(event);
    }
    const parts = writes.reduce((count, { body }) => count + (body!.batch?.length ?? 1), 0);
    expect(events).toHaveLength(parts);
  });
});

/** Long and binary files were cut in the recording. */
function isWhole({ text, bytes }: Part): boolean {
  return text !== undefined && Buffer.byteLength(text) === bytes;
}

function formOf(parts: readonly Part[]): FormData {
  const form = new FormData();
  for (const { name, text = '', filename } of parts) {
    if (filename === undefined) form.append(name, text);
    else form.append(name, new Blob([text]), filename);
  }
  return form;
}
