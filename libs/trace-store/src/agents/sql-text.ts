/** A text of ours (never a client's) inside SQL. */
export function sqlText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
