import { isPromised, startFakeLlm, type FakeLlm } from '@weft/testkit';
import { modelEnv } from '../cluster/test-models.ts';
import { baseUrl, modelPorts, openStack, type Stack } from './stack.ts';

/** A stack that scores what it stores, and the model that judges there. */
export interface ScoringStack extends Stack {
  readonly llm: FakeLlm;
}

/** What a stack that is started here is told beside where its models are. */
const SCORING = {
  WEAVE_ENABLE_ONLINE_EVAL: 'true',
  WF_SCORING_WORKER_BATCH_TIMEOUT: '1',
  WEFT_SCORING_REQUESTS_PER_MINUTE: '0',
};

/** @param model name that the model has in the stack: one of cluster/test-models.ts, each for one test file. */
export async function openScoringStack(
  model: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ScoringStack> {
  const port = modelPorts[model];
  if (baseUrl !== undefined && port === undefined)
    throw new Error(
      `${baseUrl} was not told where the model ${model} is: use scripts/cluster --scorers N --run`,
    );
  const llm = await startFakeLlm(port === undefined ? {} : { port });
  const models = modelEnv({ [model]: Number(new URL(llm.url).port) });
  const stack = await openStack({ env: { ...SCORING, ...models, ...env } });
  return {
    ...stack,
    llm,
    stop: async () => {
      await stack.stop();
      await llm.stop();
    },
  };
}

interface Describe {
  (title: string, body: () => void): void;
  skip(title: string, body: () => void): void;
}

/** `describe` where the stack scores; a running one may have it switched off. @throws Error then, where it is promised (CI). */
export async function requireScoring(describe: Describe): Promise<Describe | Describe['skip']> {
  if (baseUrl === undefined) return describe;
  const res = await fetch(`${baseUrl}/monitors/ledger`, { method: 'POST', body: '{}' });
  if (res.status !== 501) return describe;
  const why = `online evaluation is off at ${baseUrl}`;
  if (isPromised('redis')) throw new Error(`${why}, and it is promised`);
  return (title, body) => describe.skip(`${title} (skipped: ${why})`, body);
}
