/** cyrb53 (public domain, bryc), as published: what samples are drawn with, written once more so that a change of the draw shows. */
function cyrb53(text: string, seed: number): number {
  let h1 = 0xdeadbeef ^ seed;
  let h2 = 0x41c6ce57 ^ seed;
  for (const unit of text.split('').map((c) => c.charCodeAt(0))) {
    h1 = Math.imul(h1 ^ unit, 2654435761);
    h2 = Math.imul(h2 ^ unit, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}

/** Whether a monitor takes a call that is no span into its sample. */
export function isSampled(callId: string, monitorName: string, rate: number): boolean {
  return cyrb53(monitorName + callId, monitorName.length) / 2 ** 53 < rate;
}
