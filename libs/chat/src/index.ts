/** Conversations with models in one form, whoever recorded them. Runs in browsers too. */
export { chatOf } from './chat-of.ts';
export type {
  Chat,
  ChatMessage,
  ChatPart,
  ChatSource,
  FlatAttributes,
  JsonPart,
  MediaPart,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolDefinition,
  ToolResultPart,
  UnknownPart,
} from './chat.ts';
