/**
 * A JSON object of our own members and, after them, of a client's: of equal names the client's counts. Their values are
 * the bytes that were sent.
 */
export function membersToJson(
  own: Readonly<Record<string, unknown>>,
  sent: ReadonlyMap<string, Uint8Array> = new Map(),
): Buffer {
  const members = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(own)) members.set(name, Buffer.from(JSON.stringify(value)));
  for (const [name, value] of sent) members.set(name, value);
  if (members.size === 0) return Buffer.from('{}');
  const parts: Uint8Array[] = [];
  for (const [name, value] of members)
    parts.push(Buffer.from(`${parts.length === 0 ? '{' : ','}${JSON.stringify(name)}:`), value);
  return Buffer.concat([...parts, Buffer.from('}')]);
}
