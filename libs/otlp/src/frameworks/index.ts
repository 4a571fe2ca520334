import type { Framework } from '../fields.ts';
import { anthropicSdk } from './anthropic-sdk.ts';
import { genAi } from './gen-ai.ts';
import { googleAdk } from './google-adk.ts';
import { httpDb } from './http-db.ts';
import { langchain } from './langchain.ts';
import { langfuse } from './langfuse.ts';
import { litellm } from './litellm.ts';
import { logfire } from './logfire.ts';
import { mlflow } from './mlflow.ts';
import { openInference } from './openinference.ts';
import { openlit } from './openlit.ts';
import { pydanticAi } from './pydantic-ai.ts';
import { semanticKernel } from './semantic-kernel.ts';
import { strands } from './strands.ts';
import { traceloop } from './traceloop.ts';
import { vercel } from './vercel.ts';
import { weave } from './weave.ts';

/**
 * Every framework we read. All of them are always tried, whatever the instrumentation calls itself (scope names lie);
 * which key wins where several are present is said by the ranks, not by this order. What nearly every other framework
 * sends too, `gen_ai.*`, stands last.
 */
export const FRAMEWORKS: readonly Framework[] = [
  weave,
  openInference,
  vercel,
  traceloop,
  openlit,
  langfuse,
  mlflow,
  googleAdk,
  pydanticAi,
  logfire,
  langchain,
  litellm,
  strands,
  semanticKernel,
  anthropicSdk,
  httpDb,
  genAi,
];
