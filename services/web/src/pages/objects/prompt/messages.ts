import { membersOf } from '../../../api/objects.ts';
import { parseJson, stringifyJson } from '../../../api/request.ts';

/** A message under edit. What is no text is edited as JSON. */
export interface Draft {
  /** For lists on pages. */
  readonly key: string;
  readonly role: string;
  readonly content: string;
  readonly isJson: boolean;
  /** As it was read, with members that are not shown, such as `tool_calls`. */
  readonly original: Readonly<Record<string, unknown>>;
}

let made = 0;
const newKey = () => `m${made++}`;

export const draft = (role: string, content: string): Draft => ({ key: newKey(), role, content, isJson: false, original: {} }); // prettier-ignore

export function toDraft(message: unknown): Draft {
  const members = membersOf(message);
  if (members.size === 0)
    return draft('user', typeof message === 'string' ? message : stringifyJson(message) ?? '');
  const { role, content } = Object.fromEntries(members);
  const isJson = typeof content !== 'string' && content !== undefined && content !== null;
  return {
    key: newKey(),
    role: typeof role === 'string' ? role : 'user',
    content: typeof content === 'string' ? content : isJson ? stringifyJson(content, 2) : '',
    isJson,
    original: message as Record<string, unknown>,
  };
} // prettier-ignore

/** @throws Error where JSON is none. */
export function fromDraft({ role, content, isJson, original }: Draft): Record<string, unknown> {
  if (!isJson) {
    // A message of tool calls alone has no content.
    const text = content === '' && original['content'] === null ? null : content;
    return { ...original, role, content: text };
  }
  try {
    return { ...original, role, content: parseJson(content, { exact: true }) };
  } catch (error) {
    throw new Error(`The content of a message of “${role}” is no JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Where a prompt has its words. */
export type PromptForm = 'content' | 'messages' | 'data';

/** What a prompt says; undefined for one that is of no known form. */
export function promptDrafts(
  val: unknown,
): { readonly form: PromptForm; readonly drafts: Draft[] } | undefined {
  const members = membersOf(val);
  const content = members.get('content');
  if (typeof content === 'string') return { form: 'content', drafts: [draft('user', content)] };
  for (const form of ['messages', 'data'] as const) {
    const messages = members.get(form);
    if (Array.isArray(messages)) return { form, drafts: messages.map(toDraft) };
  }
  return undefined;
}

/** The prompt with other words; everything else of it stays. @throws Error where JSON is none. */
export function withDrafts(val: unknown, form: PromptForm, drafts: readonly Draft[]): object {
  const words = form === 'content' ? (drafts[0]?.content ?? '') : drafts.map(fromDraft);
  return { ...(val as object), [form]: words };
}

/** A prompt as the Python SDK publishes it. @throws Error where JSON is none. */
export function messagesPrompt(drafts: readonly Draft[]): object {
  return {
    _type: 'MessagesPrompt',
    name: null,
    description: null,
    messages: drafts.map(fromDraft),
    _class_name: 'MessagesPrompt',
    _bases: ['Prompt', 'Object', 'BaseModel'],
  };
}

const PLACE = /\{\{|\}\}|\{([A-Za-z_]\w*)\}/g;

/** Names of `{variables}`, in their order. `{{` is a brace. */
export function variablesIn(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => [...text.matchAll(PLACE)].flatMap(([, name]) => name ?? [])))];
}

/** A text cut at its variables. */
export function cutAtVariables(text: string): { readonly text: string; readonly isVariable: boolean }[] {
  const parts: { text: string; isVariable: boolean }[] = [];
  let from = 0;
  for (const found of text.matchAll(PLACE)) {
    if (found[1] === undefined) continue;
    if (found.index > from) parts.push({ text: text.slice(from, found.index), isVariable: false });
    parts.push({ text: found[0], isVariable: true });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), isVariable: false });
  return parts;
}

/** For comparing: every message under its role. */
export function promptText(val: unknown): string | undefined {
  const prompt = promptDrafts(val);
  if (prompt === undefined) return undefined;
  if (prompt.form === 'content') return prompt.drafts[0]!.content;
  return prompt.drafts.map(({ role, content }) => `── ${role}\n${content}`).join('\n\n');
}
