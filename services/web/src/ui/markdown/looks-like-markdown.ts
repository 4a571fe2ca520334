/** More takes a browser too long: the time may grow with the square of what somebody wrote to stall it. */
export const MAX_MARKDOWN = 12_000;

/** Each kind of a mark that plain prose has not. */
const MARKS = [
  /^#{1,6} \S/m,
  /^ {0,3}([-*+]|\d{1,3}[.)]) \S.*\n+ *([-*+]|\d{1,3}[.)]) \S/m,
  /^ {0,3}(```|~~~)/m,
  /^ {0,3}> \S/m,
  /^\|.*\|\s*\n\|[ :|-]+\|/m,
  /\*\*[^*\s][^*\n]*\*\*/,
  /(^|\s)`[^`\n]+`/,
  /\[[^\]\n]+\]\(https?:[^)\s]+\)/,
];

/** Deeper than anybody quotes: parsers go down into each. */
const TOO_DEEP = /^(?: *>){30}/m;

/** Whether a text says more as Markdown than as it stands. */
export function looksLikeMarkdown(text: string): boolean {
  return text.length <= MAX_MARKDOWN && !TOO_DEEP.test(text) && MARKS.some((mark) => mark.test(text));
}
