import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  readCallClaims,
  readClaimedEvent,
  type CallPart,
  type EventKind,
  type TraceEvent,
} from '@weft/model';
import { openTestStorage, type TestStorage } from './testing/storage.ts';

const projectId = 'acme/shop';
let storage: TestStorage;
beforeEach(() => void (storage = openTestStorage()));
afterEach(() => storage.close());

function event(kind: EventKind, payload: object | string | Uint8Array, id = 'c'): TraceEvent {
  const text =
    payload instanceof Uint8Array || typeof payload === 'string' ? payload : JSON.stringify(payload);
  return {
    kind,
    projectId,
    id,
    userId: 'ada',
    receivedAtUs: 7,
    note: '',
    payload: Buffer.from(text as string),
  };
}

const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, any>;
const long = (size: number, letter = 'x') => letter.repeat(size);
const claimOne = async (given: TraceEvent) => (await storage.claim([given]))[0]!;
/** By column what the note claims and the store has. */
async function wholeOf(claimed: TraceEvent): Promise<Record<string, unknown>> {
  const whole: Record<string, unknown> = {};
  for (const claim of readCallClaims(claimed.note).claims)
    whole[claim.column] = json((await storage.load(projectId, claim))!);
  return whole;
}

describe('claim of calls', () => {
  it('leaves small ones as they are', async () => {
    const events = [event('call.completed', { inputs: { a: 1 } }), event('object.created', long(4096))];
    expect(await storage.claim(events)).toBe(events);
    expect(storage.blobs.puts).toEqual([]);
  });

  it('puts large members and leaves their heads, the rest as it was', async () => {
    const inputs = { model: 'm', prompt: long(20_000) };
    const payload = `{ "id":"c", "inputs" : ${JSON.stringify(inputs)} ,"n":1.0,"output":"${long(5000)}","summary":{"usage":{}}}`;
    const claimed = await claimOne(event('call.completed', payload));
    expect(await wholeOf(claimed)).toEqual({ inputs, output: long(5000) });
    const head = json(claimed.payload);
    expect(head).toMatchObject({ id: 'c', n: 1, summary: { usage: {} }, inputs: { model: 'm' } });
    expect(head.inputs.prompt).toMatch(/^x+…$/);
    expect(claimed.payload.length).toBeLessThan(4096);
    expect(Buffer.from(claimed.payload).toString()).toMatch(
      /^\{ "id":"c", "inputs" : \{.*\} ,"n":1.0,"output":/,
    );
    expect(claimed).toMatchObject({
      kind: 'call.completed',
      projectId,
      id: 'c',
      userId: 'ada',
      receivedAtUs: 7,
    });
  });

  it('claims those that the kind of event carries', async () => {
    const large = Object.fromEntries(
      ['attributes', 'inputs', 'output', 'summary', 'otel_dump'].map((name) => [
        name,
        { [name]: long(5000) },
      ]),
    );
    const columns = async (kind: EventKind) =>
      readCallClaims((await claimOne(event(kind, large))).note)
        .claims.map(({ column }) => column)
        .sort();
    expect(await columns('call.started')).toEqual(['attributes', 'inputs', 'otel_dump']);
    expect(await columns('call.ended')).toEqual(['output', 'summary']);
    expect(await columns('call.completed')).toHaveLength(5);
  });

  it('claims the largest ones of many that are large together only', async () => {
    const members = {
      attributes: { a: long(500) },
      inputs: { i: long(3000) },
      output: long(3500),
      summary: {},
    };
    const claimed = await claimOne(event('call.completed', members));
    expect(await wholeOf(claimed)).toEqual({ output: members.output });
    expect(json(claimed.payload)).toMatchObject({ attributes: members.attributes, inputs: members.inputs });
    expect(claimed.payload.length).toBeLessThanOrEqual(4096);
  });

  it('keeps every ref of what it claims, and those only', async () => {
    const refs = Array.from({ length: 40 }, (_, i) => `weave:///e/p/object/o:${i}`);
    const inputs = { refs, text: long(5000) };
    const claimed = await claimOne(event('call.completed', { inputs, output: 'weave:///e/p/object/o:x' }));
    expect(readCallClaims(claimed.note)).toMatchObject({ inputRefs: refs, outputRefs: undefined });
  });

  it('bounds them', async () => {
    const refs = Array.from({ length: 12_000 }, (_, i) => `weave:///e/p/object/o:${i}`);
    const few = await claimOne(event('call.started', { inputs: { refs } }));
    expect(readCallClaims(few.note).inputRefs).toEqual(
      refs.slice(0, readCallClaims(few.note).inputRefs!.length),
    );
    expect(few.note.length).toBeLessThan(320 * 1024);
    expect(readCallClaims(few.note).inputRefs!.length).toBeLessThanOrEqual(10_000);
  });

  it('takes the last of members with one name', async () => {
    const payload = `{"inputs":{"first":"${long(5000)}"},"inputs":{"last":"${long(6000)}"}}`;
    const claimed = await claimOne(event('call.started', payload));
    expect(await wholeOf(claimed)).toEqual({ inputs: { last: long(6000) } });
    expect(json(claimed.payload).inputs.last).toMatch(/^x+…$/);
  });

  it('lets pass what it cannot claim: the writer says why, or stores it', async () => {
    const events = [
      event('call.started', `{"inputs":{"a":"${long(5000)}"`),
      event('call.ended', { exception: long(9000), output: null }),
      { ...event('call.started', { inputs: { a: long(5000) } }), note: '{"claims":[]}' },
    ];
    expect(await storage.claim(events)).toEqual(events);
  });

  it('is of this project only', async () => {
    await storage.close();
    storage = openTestStorage({ WF_FILE_STORAGE_PROJECT_ALLOW_LIST: ['acme/other'] });
    const large = event('call.started', { inputs: { a: long(5000) } });
    const [same, claimed] = await storage.claim([large, { ...large, projectId: 'acme/other' }]);
    expect(same).toBe(large);
    expect(readCallClaims(claimed!.note).claims).toHaveLength(1);
  });

  it('puts what several events of a batch say once', async () => {
    const events = Array.from({ length: 30 }, (_, i) =>
      event('call.started', { inputs: { a: long(5000) } }, `c${i}`),
    );
    const claimed = await storage.claim(events);
    expect(new Set(claimed.map(({ note }) => note)).size).toBe(1);
    expect(storage.blobs.puts).toHaveLength(1);
  });

  it('fails as a whole while the store is away', async () => {
    storage.blobs.trouble = 'unreachable';
    const small = event('call.started', { inputs: { a: 1 } });
    expect(await storage.claim([small])).toEqual([small]);
    await expect(
      storage.claim([small, event('call.started', { inputs: { a: long(5000) } })]),
    ).rejects.toMatchObject({ code: 'storage_unavailable', retryable: true });
  });

  it('does not let a slow store hold all memory', async () => {
    await storage.close();
    storage = openTestStorage({}, { maxInFlightBytes: 30_000 });
    let open!: () => void;
    storage.blobs.gate = new Promise((resolve) => (open = resolve));
    const claims = ['a', 'b', 'c', 'd'].map((letter) =>
      storage.claim([event('call.started', { inputs: { text: long(9000, letter) } })]),
    );
    await expect(claims[3]).rejects.toMatchObject({ trouble: 'throttled' });
    expect(await storage.claim([event('call.started', {})])).toHaveLength(1);
    open();
    expect(await Promise.all(claims.slice(0, 3))).toHaveLength(3);
  });
});

describe('claim of other events', () => {
  it('makes them blobs, which redeem gives back', async () => {
    const given = { ...event('otlp.spans', Buffer.alloc(9000, 1), 'trace'), note: 'protobuf' };
    const claimed = await claimOne(given);
    expect(claimed).toMatchObject({ kind: 'event.claimed', id: 'trace', projectId, note: '', userId: 'ada' });
    expect(claimed.payload.length).toBeLessThan(400);
    expect(readClaimedEvent(claimed)).toMatchObject({
      kind: 'otlp.spans',
      sizeBytes: 9000,
      uri: storage.uri,
    });
    expect(await storage.redeem(claimed)).toEqual(given);
    expect(await storage.claim([claimed])).toEqual([claimed]);
  });

  it('lets files ride that may', async () => {
    const [small, large] = await storage.claim([
      event('file.created', Buffer.alloc(262_144)),
      event('file.created', Buffer.alloc(262_145)),
    ]);
    expect([small!.kind, large!.kind]).toEqual(['file.created', 'event.claimed']);
  });

  it('tells what is missing from what cannot be had now', async () => {
    const claimed = await claimOne(event('table.created', long(5000)));
    storage.blobs.trouble = 'timeout';
    await expect(storage.redeem(claimed)).rejects.toMatchObject({ code: 'storage_unavailable' });
    storage.blobs.trouble = undefined;
    await storage.blobs.delete([storage.blobs.puts[0]!]);
    await expect(storage.redeem(claimed)).rejects.toMatchObject({
      code: 'undecodable_event',
      retryable: false,
    });
    await expect(storage.redeem(event('event.claimed', '{}'))).rejects.toMatchObject({
      code: 'undecodable_event',
    });
  });
});

describe('claimPart', () => {
  const part: CallPart = {
    projectId,
    id: 'span',
    spanTraceId: 'trace',
    start: {
      startedAtUs: 1,
      traceId: 'trace',
      parentId: null,
      threadId: null,
      turnId: null,
      opName: 'op',
      displayName: null,
      attributes: Buffer.from('{"a":1}'),
      inputs: Buffer.from(JSON.stringify({ model: 'm', prompt: long(9000) })),
      otelDump: Buffer.from(JSON.stringify({ span: long(12_000) })),
      userId: null,
      runId: null,
      runStep: null,
      inputRefs: ['weave:///e/p/object/o:1'],
      version: 5n,
    },
    end: {
      endedAtUs: 2,
      exception: null,
      output: Buffer.from('"out"'),
      summary: Buffer.from('{}'),
      runStepEnd: null,
      outputRefs: [],
      version: 6n,
    },
  };

  it('claims the members of its groups', async () => {
    const claimed = await storage.claimPart(part);
    expect(claimed.start!.claims!.map(({ column }) => column).sort()).toEqual(['inputs', 'otel_dump']);
    expect(claimed.end).toEqual({ ...part.end, claims: [] });
    for (const claim of claimed.start!.claims!) {
      const whole = claim.column === 'inputs' ? part.start!.inputs : part.start!.otelDump!;
      expect(Buffer.from((await storage.load(projectId, claim))!).equals(whole)).toBe(true);
    }
    expect(json(claimed.start!.inputs)).toMatchObject({ model: 'm' });
    expect(claimed.start!.inputs.length).toBeLessThanOrEqual(520);
    expect(claimed).toMatchObject({ id: 'span', start: { inputRefs: part.start!.inputRefs, version: 5n } });
  });

  it('is the same where there is nothing to claim', async () => {
    const { start: _, ...ended } = part;
    expect(await storage.claimPart(ended)).toBe(ended);
  });
});
