/** Longer ones are no media types, and would not fit the name of an object. */
const MAX_MIME_CHARS = 100;
const HEAD = /^data:([\w./+-]{1,100});base64,/;
const NEWLINE = 0x0a;

export interface DataUri {
  /** `type/subtype`, lower case. */
  readonly mimeType: string;
  readonly base64: Buffer;
}

/**
 * `data:<type>/<subtype>;base64,<data>`, as W&B takes them: none with parameters, only small letters in `data:` and
 * `base64`, at most one line break behind. Undefined for anything else; whether the data is base64 is not looked at.
 */
export function parseDataUri(text: Buffer): DataUri | undefined {
  const head = HEAD.exec(text.toString('latin1', 0, MAX_MIME_CHARS + 16));
  if (head === null) return undefined;
  const mimeType = head[1]!.toLowerCase();
  if (mimeType.split('/').length !== 2) return undefined;
  const end = text[text.length - 1] === NEWLINE ? text.length - 1 : text.length;
  return { mimeType, base64: text.subarray(head[0].length, end) };
}
