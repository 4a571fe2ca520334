import { createHash } from 'node:crypto';
import type { CallPart, ContentOfLogs, EndFields, SpanLog, StartFields } from '@weft/model';
import { partVersion } from '../calls/version.ts';
import { emptyBatch, type WriteBatch } from '../trace-store.ts';

/** Another file where the suites run over shards: `jest.distributed.config.mjs`. */
export { openTestStore, type TestStore } from './open-store.ts';

export function batch(some: Partial<WriteBatch>): WriteBatch {
  return { ...emptyBatch(), ...some };
}

export const json = (text: string): Uint8Array => Buffer.from(text);

/** 2026-01-02T03:04:05Z. */
export const T0 = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;

export interface StartLike extends Partial<StartFields> {
  /** Tells versions of one instant apart, as different bytes would. */
  readonly salt?: string;
  readonly complete?: boolean;
}

export function startOf(projectId: string, id: string, fields: StartLike = {}): CallPart {
  const { salt = '', complete = false, ...given } = fields;
  const startedAtUs = given.startedAtUs ?? T0;
  return {
    projectId,
    id,
    start: {
      version: partVersion(startedAtUs, complete, id, json(`start${salt}`)),
      startedAtUs,
      traceId: 'trace',
      parentId: null,
      threadId: null,
      turnId: null,
      opName: 'op',
      displayName: null,
      attributes: json('{}'),
      inputs: json(`{"salt":"${salt}"}`),
      otelDump: null,
      userId: null,
      runId: null,
      runStep: null,
      inputRefs: [],
      ...given,
    },
  };
}

export function endOf(
  projectId: string,
  id: string,
  fields: Partial<EndFields> & { readonly salt?: string; readonly complete?: boolean } = {},
): CallPart {
  const { salt = '', complete = false, ...given } = fields;
  const endedAtUs = given.endedAtUs ?? T0 + 1_000_000;
  return {
    projectId,
    id,
    end: {
      version: partVersion(endedAtUs, complete, id, json(`end${salt}`)),
      endedAtUs,
      exception: null,
      output: json(`"${salt}"`),
      summary: json('{}'),
      runStepEnd: null,
      outputRefs: [],
      ...given,
    },
  };
}

export function renameOf(projectId: string, id: string, displayName: string, atUs = T0): CallPart {
  return {
    projectId,
    id,
    rename: { version: partVersion(atUs, false, id, json(`rename${displayName}`)), displayName },
  };
}

/** A call made from a span: start and end in one part, known by the trace as well. */
export function spanOf(
  projectId: string,
  traceId: string,
  id: string,
  start: StartLike = {},
  end: Parameters<typeof endOf>[2] = {},
): CallPart {
  const salt = `${traceId}${start.salt ?? ''}`;
  return {
    ...completeOf(projectId, id, { traceId, ...start, salt }, { ...end, salt }),
    spanTraceId: traceId,
  };
}

/** A log record that says something of the inputs or of the output. */
export function logOf(of: 'inputs' | 'output', text: string): SpanLog {
  const bytes = json(JSON.stringify([of, text]));
  return { hash: createHash('sha256').update(bytes).digest().readBigUInt64LE(0) >> 3n || 1n, bytes };
}

/** Log records of a span. */
export function logsOf(projectId: string, traceId: string, id: string, ...logs: SpanLog[]): CallPart {
  return { projectId, id, spanTraceId: traceId, logs };
}

/** Of records as `logOf` makes them: `{"said": [text, …]}`, sorted. */
export const contentOfLogs: ContentOfLogs = (logs) => {
  const said = logs.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as [string, string]);
  const about = (of: string) => {
    const texts = said.filter(([which]) => which === of).map(([, text]) => text);
    return texts.length === 0 ? null : json(JSON.stringify({ said: texts.sort() }));
  };
  return { inputs: about('inputs'), output: about('output') };
};

/** Start and end in one part. */
export function completeOf(
  projectId: string,
  id: string,
  start: StartLike = {},
  end: Parameters<typeof endOf>[2] = {},
): CallPart {
  return {
    ...startOf(projectId, id, { complete: true, ...start }),
    ...endOf(projectId, id, { complete: true, ...end }),
  };
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
