import type { Framework } from '../fields.ts';
import { genAi } from './gen-ai.ts';
import { googleAdk } from './google-adk.ts';
import { langfuse } from './langfuse.ts';
import { mlflow } from './mlflow.ts';
import { openInference } from './openinference.ts';
import { openlit } from './openlit.ts';
import { pydanticAi } from './pydantic-ai.ts';
import { traceloop } from './traceloop.ts';
import { vercel } from './vercel.ts';
import { weave } from './weave.ts';

/**
 * Every framework we read. All of them are always tried, whatever the instrumentation calls itself (scope names lie);
 * which key wins where several are present is said by the ranks, not by this order.
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
  genAi,
];
