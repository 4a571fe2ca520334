import { chatOf, type ChatPart } from '@weft/chat';

/**
 * What a person would read of a value: a text is itself, of an answer of a model (whatever its shape) what it says, of nothing
 * the empty text; anything else is JSON.
 */
export function textOf(value: unknown): string {
  return plain(value) ?? read(value).text ?? JSON.stringify(value);
}

/** As `textOf`, but for objects and lists that are no recorded answer of a model the JSON of the whole. */
export function jsonTextOf(value: unknown): string {
  const text = plain(value);
  if (text !== undefined) return text;
  const said = read(value);
  return said.text !== undefined && !UNKNOWN_SHAPES.has(said.format) ? said.text : JSON.stringify(value);
}

/** Readings that tell nothing about where a value came from (libs/chat). */
const UNKNOWN_SHAPES: ReadonlySet<string | null> = new Set(['text', 'json', null]);

function plain(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? undefined : JSON.stringify(value);
}

function read(value: unknown): { readonly text: string | undefined; readonly format: string | null } {
  const { choices, formats } = chatOf({ output: value });
  const said = choices.flatMap(({ parts }) => parts.flatMap(textOfPart));
  return { text: said.length === 0 ? undefined : said.join('\n'), format: formats.output };
}

function textOfPart(part: ChatPart): string[] {
  if (part.type === 'text') return [part.text];
  return part.type === 'json' ? [JSON.stringify(part.value)] : [];
}
