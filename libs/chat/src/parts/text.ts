import type { ChatPart, ReasoningPart, TextPart } from '../chat.ts';
import { fields, filled, has, isFields, list, member, text, type Fields } from '../json.ts';

/** Texts and thoughts, as every library spells them. */

export function textPart(value: string): TextPart[] {
  return value === '' ? [] : [{ type: 'text', text: value }];
}

/** `{text}` (OpenAI, Anthropic, AI SDK), `{content}` (OpenTelemetry), `{text: {value}}` (OpenAI assistants). */
export function readText(part: Fields): ChatPart[] | undefined {
  const found = text(part, 'text', 'content', 'value');
  if (found !== undefined) return [...textPart(found), ...notes(part)];
  const inner = fields(part, 'text');
  const value = inner && text(inner, 'value');
  return value === undefined ? undefined : [...textPart(value), ...notes(inner!)];
}

/** Citations are content: they say where a text is from. */
export function notes(of: Fields): ChatPart[] {
  return ['annotations', 'citations'].flatMap((kind) => {
    const found = list(of, kind);
    return found === undefined || found.length === 0 ? [] : [{ type: 'unknown' as const, kind, raw: found }];
  });
}

export function readRefusal(part: Fields): ChatPart[] | undefined {
  const found = text(part, 'refusal', 'text', 'content');
  return found === undefined ? undefined : refusal(found);
}

export function refusal(words: string): ChatPart[] {
  return words === '' ? [] : [{ type: 'text', text: words, refusal: true }];
}

/**
 * `{thinking, signature}` (Anthropic), `{content}` (OpenTelemetry), `{text}` (AI SDK), `{reasoning}` (LangChain),
 * `{summary: [{text}], content: [{text}], encrypted_content}` (OpenAI responses), `{reasoningText: {text, signature}}` (Bedrock).
 */
export function readReasoning(part: Fields): ChatPart[] | undefined {
  const inner = fields(part, 'reasoningText', 'reasoning_text', 'reasoningContent') ?? part;
  const said = filled(inner, 'thinking', 'text', 'content', 'reasoning', 'summary');
  const pieces = [...(list(inner, 'summary') ?? []), ...(list(inner, 'content') ?? []), ...(list(inner, 'thinking') ?? [])];
  const texts = said !== undefined ? [said] : pieces.flatMap(pieceText);
  const redacted =
    has(part, 'data', 'redactedContent', 'redacted_content', 'encrypted_content') || part.type === 'redacted_thinking' || part.type === 'redacted-reasoning';
  return [reasoning(texts.join('\n\n'), { signed: has(inner, 'signature'), redacted: redacted && texts.length === 0 })];
} // prettier-ignore

function pieceText(piece: unknown): string[] {
  if (typeof piece === 'string') return [piece];
  const found = isFields(piece) ? filled(piece, 'text', 'content', 'thinking') : undefined;
  return found === undefined ? [] : [found];
}

export function reasoning(
  said: string,
  { signed = false, redacted = false }: { readonly signed?: boolean; readonly redacted?: boolean } = {},
): ReasoningPart {
  return { type: 'reasoning', text: said, ...(signed && { signed }), ...(redacted && { redacted }) };
}

/** Thoughts that stand beside the content of a message, each once: libraries repeat them under several names. */
export function besideContent(message: Fields): ChatPart[] {
  const said = filled(
    message,
    'reasoning_content',
    'reasoning',
    'thinking',
    'reasoning_text',
    'reasoningText',
  );
  if (said !== undefined) return [reasoning(said)];
  const details =
    list(message, 'reasoning_details', 'reasoning_content', 'reasoning', 'thinking_blocks') ?? [];
  const inner = fields(message, 'reasoning', 'reasoning_content', 'thinking');
  return [...details, ...(inner === undefined ? [] : [inner])].flatMap((piece) =>
    isFields(piece) ? (readReasoning(piece) ?? []) : typeof piece === 'string' ? [reasoning(piece)] : [],
  );
}

/** Audio that a model answered with has its words beside it. */
export function transcriptOf(part: Fields): string | undefined {
  const found = member(part, 'transcript');
  return typeof found === 'string' && found !== '' ? found : undefined;
}
