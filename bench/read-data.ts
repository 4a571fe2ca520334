import { newId, type CallPart, type EndGroup, type StartGroup } from '@weft/model';
import { emptyBatch, partVersion, type WriteBatch } from '@weft/trace-store';
import { vocabulary } from './spans.ts';

/** The project that holds 80 % of the calls; the rest is spread over eight others. */
export const PROJECT = 'bench/reads';
export const CALLS_PER_TRACE = 9;
const TEXT_BYTES = 8 << 20;

/** What the benchmark has to know of a call to check what is read. */
export interface Made {
  readonly id: string;
  readonly traceId: string;
  readonly opName: string;
  readonly startedAtUs: number;
  readonly isRoot: boolean;
}

export interface CallSource {
  /** The next call in the order of time; `made` only where it lies in PROJECT. */
  next(): {
    readonly part: Required<Pick<CallPart, 'start' | 'end'>> & CallPart;
    readonly made: Made | undefined;
  };
}

/** `rows` calls of about 1.6 KB in traces of 9 (a root and its children), evenly over a stretch of time. */
export function createCallSource(rows: number, fromUs: number, toUs: number, seed: number): CallSource {
  const text = longText(seed);
  const random = uniform(seed);
  const traceGapUs = Math.floor(((toUs - fromUs) * CALLS_PER_TRACE) / rows);
  let traceStartUs = fromUs - traceGapUs;
  let [place, projectId, traceId, rootId, atUs] = [CALLS_PER_TRACE, '', '', '', 0];
  const prose = (low: number, high: number) => {
    const length = low + Math.floor(random() * (high - low));
    const from = Math.floor(random() * (text.length - length));
    return text.slice(from, from + length);
  };
  /** A root tells its children's usage too, of one or two models; some children used none. */
  const usage = (at: number, prompt: number, completion: number): string => {
    const first = Math.floor(random() ** 2 * MODELS.length);
    const second = (first + 1 + Math.floor(random() * (MODELS.length - 1))) % MODELS.length;
    const models = at === 0 ? (random() < 0.5 ? [first, second] : [first]) : at <= 3 ? [] : [first];
    return models
      .map((m) => `"${MODELS[m]}":{"prompt_tokens":${prompt},"completion_tokens":${completion},"requests":1}`)
      .join(',');
  };
  return {
    next() {
      if (place === CALLS_PER_TRACE) {
        place = 0;
        traceStartUs += traceGapUs;
        atUs = traceStartUs;
        projectId = random() < 0.8 ? PROJECT : `bench/other-${Math.floor(random() * 8)}`;
        traceId = newId(Math.floor(atUs / 1000));
      }
      const id = newId(Math.floor(atUs / 1000));
      const isRoot = place === 0;
      if (isRoot) rootId = id;
      // 40 ops, the commonest a tenth of the calls, the rarest 1.6 %.
      const opName = `weave:///${projectId}/op/step_${Math.floor(random() ** 1.6 * 40)}:4vmINFnQXzQMwvv7BDZ7zwquXEpX3uMtzwXZZJ4vnl8`;
      const inputs = Buffer.from(
        `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"${prose(300, 1100)}"}]}`,
      );
      const output = Buffer.from(
        `{"choices":[{"message":{"role":"assistant","content":"${prose(200, 1000)}"}}]}`,
      );
      const startedAtUs = atUs;
      const endedAtUs = atUs + 200_000 + Math.floor(random() * 2_000_000);
      const start: StartGroup = {
        version: partVersion(startedAtUs, true, id, inputs),
        startedAtUs,
        traceId,
        parentId: isRoot ? null : rootId,
        threadId: null,
        turnId: null,
        opName,
        displayName: null,
        attributes: ATTRIBUTES,
        inputs,
        otelDump: null,
        userId: 'user-1',
        runId: null,
        runStep: null,
        inputRefs: [],
      };
      const end: EndGroup = {
        version: partVersion(endedAtUs, true, id, output),
        endedAtUs,
        exception: random() < 0.02 ? 'RateLimitError: 429' : null,
        output,
        summary: Buffer.from(
          `{"usage":{${usage(place, inputs.length >> 2, output.length >> 2)}},"status_counts":{"success":1,"error":0}}`,
        ),
        runStepEnd: null,
        outputRefs: [],
      };
      place++;
      atUs += 1 + Math.floor((random() * traceGapUs) / CALLS_PER_TRACE);
      const made = projectId === PROJECT ? { id, traceId, opName, startedAtUs, isRoot } : undefined;
      return { part: { projectId, id, start, end }, made };
    },
  };
}

const MODELS = [
  'gpt-4o-mini-2024-07-18',
  'gpt-4o-2024-08-06',
  'claude-sonnet-4-20250514',
  'gemini-2.5-flash',
  'o3-mini-2025-01-31',
  'text-embedding-3-small',
];

const ATTRIBUTES = Buffer.from(
  '{"weave":{"client_version":"0.54.0","source":"python-sdk","os_name":"Linux","sys_version":"3.12.3"}}',
);

export function batchOf(calls: readonly CallPart[]): WriteBatch {
  return { ...emptyBatch(), calls };
}

/** Cut at random places it gives texts that hardly ever share a compression block with their like. */
function longText(seed: number): string {
  const word = vocabulary(seed);
  const words: string[] = [];
  for (let length = 0; length < TEXT_BYTES; length += words.at(-1)!.length + 1) words.push(word());
  return words.join(' ');
}

function uniform(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}
