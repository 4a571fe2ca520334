import { setTimeout as sleep } from 'node:timers/promises';
import { startFakeLlm, type FakeLlmAnswer } from '@weft/testkit';
import { modelEnv } from '../cluster/test-models.ts';
import { judgeVal, scoredProject, type ScoredProject } from '../e2e/scoring.ts';
import { openStack, type Stack } from '../e2e/stack.ts';

export interface IsolationResult {
  /** From sending a call to its score being made, of a project whose provider answers, by what the other project's provider does. */
  readonly latencies: Readonly<Record<string, Latencies>>;
  /** The worst p99 beside a provider that misbehaves, as a multiple of that beside one that answers. */
  readonly worst: number;
}

interface Latencies {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const GOOD: FakeLlmAnswer = { fault: 'slow', ms: 50, then: { content: { score: 1 } } };
const BEHAVIOURS: Readonly<Record<string, FakeLlmAnswer>> = {
  answering: GOOD,
  hanging: { fault: 'hang' },
  slow: { fault: 'slow', ms: 2_000, then: { content: { score: 1 } } },
  garbage: { fault: 'garbage' },
  limited: { fault: 'rate_limited' },
  huge: { fault: 'huge', sizeBytes: 10_000_000_000 },
};
/** Of each of the two projects: what a busy machine of two cores can do. */
const BETWEEN_CALLS_MS = 250;

/** How late scores of one project are while the provider misbehaves for another one with as many calls. */
export async function runIsolation(options: {
  readonly calls: number;
  readonly onProgress?: (text: string) => void;
}): Promise<IsolationResult> {
  const { calls, onProgress = () => undefined } = options;
  const llm = await startFakeLlm();
  const stack = await openStack({
    env: {
      ...modelEnv({ isolation: Number(new URL(llm.url).port) }),
      WEAVE_ENABLE_ONLINE_EVAL: 'true',
      WF_SCORING_WORKER_BATCH_TIMEOUT: '0',
      WEFT_SCORING_REQUESTS_PER_MINUTE: '0',
    },
  });
  llm.answer(({ text }) => BEHAVIOURS[text.split(' ')[0]!] ?? GOOD);
  try {
    await measure(stack, 'answering', 'warm-up', Math.ceil(calls / 4));
    const latencies: Record<string, Latencies> = {};
    for (const name of Object.keys(BEHAVIOURS)) {
      latencies[name] = await measure(stack, name, name, calls);
      onProgress(
        `beside one that is ${name}: p50 ${latencies[name].p50Ms} ms, p99 ${latencies[name].p99Ms} ms`,
      );
    }
    const worst =
      Math.max(...Object.values(latencies).map(({ p99Ms }) => p99Ms)) / latencies['answering']!.p99Ms;
    return { latencies, worst: Math.round(worst * 100) / 100 };
  } finally {
    await llm.stop();
    await stack.stop();
  }
}

async function monitored(stack: Stack, id: string, word: string): Promise<ScoredProject> {
  const project = scoredProject(stack, `isolation/${id}`);
  const scorers = [await project.publish('judge', judgeVal('isolation/m', `${word} {output}`))];
  await project.monitor('watch', { scorers });
  return project;
}

async function measure(stack: Stack, behaviour: string, name: string, count: number): Promise<Latencies> {
  const troubled = await monitored(stack, `${name}-a`, behaviour);
  const project = await monitored(stack, `${name}-b`, 'calm');
  // More than its provider can take at a time, from the first moment on.
  await troubled.call(
    'op',
    Array.from({ length: 20 }, (_, i) => `before ${i}`),
  );
  const sentAt = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    await troubled.call('op', [`${name} ${i}`]);
    const at = Date.now();
    const [id] = await project.call('op', [`${name} ${i}`]);
    sentAt.set(id!, at);
    await sleep(BETWEEN_CALLS_MS);
  }
  await project.settled('watch', count);
  await troubled.monitor('watch', { scorers: [], active: false });
  const scores = await project.scores();
  const tookMs = scores
    .map(({ weave_ref: ref, created_at: at }) => Date.parse(at) - sentAt.get(ref.split('/').at(-1)!)!)
    .sort((a, b) => a - b);
  const at = (share: number) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))]!;
  return { calls: tookMs.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
