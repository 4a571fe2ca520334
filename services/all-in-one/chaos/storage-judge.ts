import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, type SentFile, type SentPayloads } from './storage-load.ts';

/** Lists of `<project> <id>`; all have to be empty. */
export interface StorageVerdict {
  /** Acknowledged calls that cannot be read. */
  readonly lost: string[];
  readonly doubled: string[];
  /** Payloads of other bytes than were sent. */
  readonly wrong: string[];
  /** Payloads of which the blob could not be had. */
  readonly unavailable: string[];
  /** Deleted calls that can be read. */
  readonly phantom: string[];
  /** Acknowledged files that cannot be read, or hold other bytes. */
  readonly lostFiles: string[];
}

/** Reads everything back and holds it against what was acknowledged. */
export async function judgeStorage(
  url: string,
  { calls, files }: { readonly calls: readonly SentPayloads[]; readonly files: readonly SentFile[] },
): Promise<StorageVerdict> {
  const verdict: StorageVerdict = {
    lost: [],
    doubled: [],
    wrong: [],
    unavailable: [],
    phantom: [],
    lostFiles: [],
  };
  for (const project of new Set(calls.map((call) => call.project)))
    await judgeCalls(url, project, calls.filter((call) => call.project === project), verdict); // prettier-ignore
  const seen = new Set<string>();
  for (const { project, digest, sizeBytes } of files) {
    const key = `${project} ${digest}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const bytes = await answer(url, '/file/content', { project_id: project, digest }, (res) =>
      res.arrayBuffer(),
    );
    if (bytes === undefined || bytes.byteLength !== sizeBytes || digestOf(new Uint8Array(bytes)) !== digest)
      verdict.lostFiles.push(key);
  }
  return verdict;
}

async function judgeCalls(
  url: string,
  project: string,
  calls: readonly SentPayloads[],
  verdict: StorageVerdict,
): Promise<void> {
  const wanted = new Map(calls.map((call) => [call.id, call]));
  const seen = new Set<string>();
  await answer(url, '/calls/stream_query', { project_id: project }, async (res) => {
    for await (const line of createInterface({ input: Readable.fromWeb(res.body!), crlfDelay: Infinity })) {
      const { id, inputs, output } = JSON.parse(line) as { id: string; inputs: object; output: object };
      const key = `${project} ${id}`;
      if (seen.has(id)) verdict.doubled.push(key);
      seen.add(id);
      const call = wanted.get(id);
      if (call === undefined) continue;
      if (call.isDeleted) verdict.phantom.push(key);
      if (line.includes('blob_unavailable')) verdict.unavailable.push(key);
      else if (JSON.stringify(inputs) !== call.inputs || JSON.stringify(output) !== call.output)
        verdict.wrong.push(key);
    }
  });
  for (const { id, isDeleted } of calls)
    if (!isDeleted && !seen.has(id)) verdict.lost.push(`${project} ${id}`);
}

/** Undefined = 404. Asks again while the server is behind or does not answer. */
async function answer<T>(
  url: string,
  path: string,
  body: object,
  read: (res: Response) => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 0; ; attempt++) {
    const res = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) }).catch(
      () => undefined,
    );
    if (res?.ok && res.headers.get('x-weft-freshness') === null) return read(res);
    const text = await res?.text().catch(() => '');
    if (res?.status === 404) return undefined;
    if (attempt > 180)
      throw new Error(`${path} gave no fresh answer within 180 s: ${res?.status} ${text?.slice(0, 200)}`);
    await sleep(1000);
  }
}
