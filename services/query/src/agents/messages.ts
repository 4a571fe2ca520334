import { JsonMembers, JsonScanner } from '@weft/model';

/** Messages of models as spans carry them, in one shape; and the texts in them that people read. */

export interface Message {
  readonly role: string;
  /** Text, or JSON of a list of parts. */
  readonly content: string;
  readonly finish_reason: string;
}

export type Part = Readonly<Record<string, unknown>>;

/** Lists, single messages and plain texts, also as JSON: then the parts of a message stay as they were written. */
export function normalizeMessages(sent: unknown, defaultRole: string): Message[] {
  const raw = typeof sent === 'string' && sent !== '' ? (parsed(sent) ?? sent) : sent;
  if (typeof raw === 'string') return raw === '' ? [] : [plainMessage(raw, defaultRole)];
  const list = Array.isArray(raw) ? (raw as unknown[]) : isPart(raw) && 'role' in raw ? [raw] : [];
  if (list.length === 0) return [];
  const written = typeof sent === 'string' ? (orNothing(() => writtenItems(sent)) ?? []) : [];
  return list.flatMap((item, i) =>
    isPart(item)
      ? [normalized(item, written[i], defaultRole)]
      : typeof item === 'string'
        ? [plainMessage(item, defaultRole)]
        : [],
  );
}

function plainMessage(content: string, role: string): Message {
  return { role, content, finish_reason: '' };
}

/** The bytes of each message. */
function writtenItems(json: string): Buffer[] {
  const bytes = Buffer.from(json.trim());
  if (bytes[0] !== OPEN_BRACKET) return [bytes];
  const items: Buffer[] = [];
  new JsonScanner(bytes).elements(0, (from, to) => items.push(bytes.subarray(from, to)));
  return items;
}

const OPEN_BRACKET = 0x5b;

function normalized(message: Part, written: Uint8Array | undefined, defaultRole: string): Message {
  const { role, parts, content, finish_reason: reason } = message;
  const [name, body] = Array.isArray(parts) ? (['parts', parts] as const) : (['content', content] as const);
  return {
    role: typeof role === 'string' && role !== '' ? role : defaultRole,
    content: Array.isArray(body) ? writtenMember(written, name) ?? JSON.stringify(body) : typeof body === 'string' ? body : '',
    finish_reason: typeof reason === 'string' ? reason : '',
  };
} // prettier-ignore

function writtenMember(object: Uint8Array | undefined, name: string): string | undefined {
  const bytes = object && orNothing(() => JsonMembers.parse(object).optional(name));
  return bytes ? Buffer.from(bytes).toString() : undefined;
}

/** JSON.parse reads deeper than the scanner does. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Attributes such as `gen_ai.prompt.0.role` are members `0`, `1`, …: lists, at any depth. */
export function withLists(value: unknown): unknown {
  if (!isPart(value)) return value;
  const names = Object.keys(value);
  if (names.length > 0 && names.every((name) => /^\d{1,6}$/.test(name)))
    return names.sort((a, b) => Number(a) - Number(b)).map((name) => withLists(value[name]));
  return value;
}

/** What the model thought before it answered. */
export function reasoningOf(sent: unknown): string {
  const raw = typeof sent === 'string' ? parsed(sent) : sent;
  if (!Array.isArray(raw)) return '';
  const parts = raw.filter(isPart).flatMap(({ parts }) => (Array.isArray(parts) ? parts.filter(isPart) : []));
  return reasoningTexts(parts).join('\n');
}

export function reasoningTexts(parts: readonly Part[]): string[] {
  return parts.flatMap(({ type, content }) =>
    type === 'reasoning' && typeof content === 'string' && content !== '' ? [content] : [],
  );
}

export function systemTexts(sent: unknown): string[] {
  const raw = typeof sent === 'string' && sent !== '' ? (parsed(sent) ?? [sent]) : sent;
  if (!Array.isArray(raw)) return [];
  return raw.flatMap((item: unknown) => {
    if (typeof item === 'string') return item === '' ? [] : [item];
    if (!isPart(item)) return [];
    const text = item.content || item.text;
    return typeof text === 'string' && text !== '' ? [text] : [];
  });
}

/** Objects and lists; undefined for anything else. */
function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parts of a message that consists of parts. */
export function partsOf(content: string): Part[] {
  const parts = content.trimStart().startsWith('[') ? parsed(content) : undefined;
  return Array.isArray(parts) ? parts.filter(isPart) : [];
}

const MEDIA: ReadonlySet<unknown> = new Set(['uri', 'blob', 'file']);

export function isMedia(part: Part): boolean {
  return MEDIA.has(part.type);
}

/** The text of a message: without what was thought, and without media. */
export function displayText(content: string): string {
  if (!content.startsWith('[')) return content;
  const parts = parsed(content);
  if (!Array.isArray(parts)) return content;
  return parts
    .flatMap((part: unknown) => {
      if (typeof part === 'string') return [part];
      if (!isPart(part) || part.type === 'reasoning' || isMedia(part)) return [];
      const text = typeof part.content === 'string' ? part.content : part.text;
      return typeof text === 'string' ? [text] : [];
    })
    .join('\n');
}

/** Roles of input messages that are not somebody's prompt. */
const CONTEXT_ROLES: ReadonlySet<string> = new Set([
  'assistant',
  'system',
  'tool',
  'tool_call',
  'tool_result',
]);

export function isOfUser(message: Message): boolean {
  return !CONTEXT_ROLES.has(message.role);
}

/** Claude Code tells its model of finished subagents in the user's role: no prompt of anybody. */
export function isTaskNotification({ role, content }: Message): boolean {
  const text = content.trim();
  return role === 'user' && text.startsWith('<task-notification>') && text.endsWith('</task-notification>');
}

/** Of the user; where nobody has that role, of roles that nobody knows. */
export function promptTexts(messages: readonly Message[]): string[] {
  const some = messages.filter((message) => !isTaskNotification(message));
  const texts = (of: readonly Message[]) =>
    of.map(({ content }) => displayText(content)).filter((text) => text !== '');
  const ofUser = texts(some.filter(({ role }) => role === 'user'));
  return ofUser.length > 0 ? ofUser : texts(some.filter(isOfUser));
}

export function answerText(messages: readonly Message[]): string {
  return messages
    .filter(({ role }) => role !== 'user')
    .map(({ content }) => displayText(content))
    .filter((text) => text !== '')
    .join('\n\n');
}
