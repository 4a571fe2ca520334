import { aiSdk } from './ai-sdk.ts';
import { anthropic } from './anthropic.ts';
import { bedrock } from './bedrock.ts';
import { chatMl } from './chatml.ts';
import { cohere, oneMessage } from './cohere.ts';
import { completions } from './completions.ts';
import type { Format } from './format.ts';
import { gemini } from './gemini.ts';
import { genAi, genAiEvents, openLit, traceloop } from './gen-ai.ts';
import { langChain } from './langchain.ts';
import { modelText, plainJson, plainText } from './last-resort.ts';
import { openAiChat } from './openai-chat.ts';
import { openAiResponses } from './openai-responses.ts';
import { openInference } from './openinference.ts';
import { pydanticAi } from './pydantic-ai.ts';

/**
 * In the order they are asked; the first that finds messages has it. Told by the attribute's name first, then by marks that
 * only they have, then by ever fewer marks: every chat API has `messages` by now.
 */
export const FORMATS: readonly Format[] = [
  aiSdk,
  openLit,
  pydanticAi,
  genAi,
  openInference,
  langChain,
  genAiEvents,
  gemini,
  traceloop,
  bedrock,
  anthropic,
  openAiResponses,
  cohere,
  openAiChat,
  oneMessage,
  completions,
  chatMl,
];

/** For what no format finds messages in. */
export const LAST_RESORT: readonly Format[] = [modelText, plainText, plainJson];
