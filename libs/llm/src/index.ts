/** Models of all providers behind one door, in the words of OpenAI's chat completions. The one home of the Vercel AI SDK. */
export type { ChatChunk, ChatCompletion, ChatMessage, ChatRequest, ChatUsage, ToolCall } from './chat.ts';
export { LlmError, type LlmErrorKind } from './errors.ts';
export { createLlm, type Ask, type Llm } from './llm.ts';
export type { ProviderState } from './providers.ts';
export { llmEnv, type LlmConfig } from './settings.ts';
export { usageOf } from './usage.ts';
