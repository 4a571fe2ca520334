import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { batch, completed, endItem, ended, newCallId, startItem, started } from '../e2e/calls.ts';

/** A call that was acknowledged. */
export interface SentPayloads {
  readonly project: string;
  readonly id: string;
  /** JSON text. */
  readonly inputs: string;
  readonly output: string;
  /** Its deletion was acknowledged. */
  isDeleted: boolean;
}

/** A file that was acknowledged. */
export interface SentFile {
  readonly project: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface StorageLoad {
  /** Sends until the signal aborts; then until everything it has begun is acknowledged. */
  run(signal: AbortSignal): Promise<void>;
  readonly calls: readonly SentPayloads[];
  readonly files: readonly SentFile[];
  /** Requests that were not acknowledged at first. */
  readonly retries: number;
}

const RETRY_MS = 200;

/** Of bytes, as W&B computes it. */
export function digestOf(bytes: Uint8Array | string): string {
  const hash = createHash('sha256').update(bytes).digest('base64url');
  return hash.replaceAll('-', 'X').replaceAll('_', 'Y');
}

/**
 * What users of files and large payloads do: calls with small and large payloads, whole and in two parts, uploads, some of
 * them of the same bytes, and deletions. Each is sent until it is acknowledged.
 */
export function createStorageLoad(options: {
  readonly url: () => string;
  readonly projects: readonly string[];
  readonly random: () => number;
  readonly clients: number;
}): StorageLoad {
  const { projects, random } = options;
  const calls: SentPayloads[] = [];
  const files: SentFile[] = [];
  let retries = 0;
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;

  async function send(path: string, body: () => string | FormData): Promise<void> {
    for (;;) {
      const res = await fetch(options.url() + path, { method: 'POST', body: body(), signal: AbortSignal.timeout(60_000) }).catch(() => undefined); // prettier-ignore
      const text = await res?.text().catch(() => undefined);
      if (res?.status === 200 && text !== undefined) return;
      if (res !== undefined && res.status < 500 && res.status !== 429)
        throw new Error(`the load was refused: ${path} ${res.status} ${text?.slice(0, 300)}`);
      retries++;
      await sleep(RETRY_MS);
    }
  }

  /** JSON of an object whose text cannot be guessed, and of which no two are the same. */
  function payload(bytes: number): string {
    const seed = Math.floor(random() * 2 ** 32).toString(36);
    const word = `${seed} zwölf "Boxkämpfer" \\ `;
    return JSON.stringify({
      model: 'm',
      prompt: word.repeat(Math.ceil(bytes / word.length)),
      nr: newCallId(),
    });
  }

  const large = () => payload(300 * 1024 + random() * 1024 * 1024);
  const small = () => payload(200 + random() * 4000);

  async function sendCalls(project: string): Promise<void> {
    const made = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, i): SentPayloads => ({
      project,
      id: newCallId(),
      inputs: i === 0 ? large() : small(),
      output: random() < 0.2 ? large() : small(),
      isDeleted: false,
    }));
    const items = made.map(({ id, inputs, output }) => completed(project, id, { inputs, output }));
    await send(`/v2/${project}/calls/complete`, () => batch(...items));
    calls.push(...made);
  }

  async function sendParts(project: string): Promise<void> {
    const call = { project, id: newCallId(), inputs: large(), output: small(), isDeleted: false };
    const start = started(project, call.id, { inputs: call.inputs });
    await send('/call/upsert_batch', () => batch(startItem(start)));
    await send('/call/upsert_batch', () => batch(endItem(ended(project, call.id, { output: call.output }))));
    calls.push(call);
  }

  async function sendFile(project: string): Promise<void> {
    // One in four: bytes that were sent before, by whomever.
    const text = random() < 0.25 ? `again ${Math.floor(random() * 20)}`.repeat(40_000) : payload(1000 + random() ** 3 * 3e6); // prettier-ignore
    const bytes = Buffer.from(text);
    await send('/file/create', () => {
      const form = new FormData();
      form.set('project_id', project);
      form.set('file', new Blob([bytes]), 'a.bin');
      return form;
    });
    files.push({ project, digest: digestOf(bytes), sizeBytes: bytes.length });
  }

  async function sendDelete(): Promise<void> {
    const call = calls.length === 0 ? undefined : pick(calls);
    if (call === undefined || call.isDeleted) return;
    await send('/calls/delete', () => JSON.stringify({ project_id: call.project, call_ids: [call.id] }));
    call.isDeleted = true;
  }

  async function client(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const dice = random();
      const project = pick(projects);
      if (dice < 0.45) await sendCalls(project);
      else if (dice < 0.6) await sendParts(project);
      else if (dice < 0.9) await sendFile(project);
      else await sendDelete();
      await sleep(random() * 100);
    }
  }

  return {
    calls,
    files,
    get retries() {
      return retries;
    },
    async run(signal) {
      await Promise.all(Array.from({ length: options.clients }, () => client(signal)));
    },
  };
}
