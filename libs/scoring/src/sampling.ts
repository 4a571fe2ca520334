/**
 * Whether a monitor looks at what has this key: the same answer whenever and wherever it is asked, so that a repeat draws no
 * second lot. Independent between monitors, uniform over keys; a higher rate keeps what a lower one kept.
 *
 * @param rate 0 = none, 1 = all.
 * @param key of the call (of a span its trace too), or of what a monitor gathers by.
 * @param monitorName not its version: a change of the monitor keeps the sample.
 */
export function isSampled(rate: number, key: string, monitorName: string): boolean {
  return rate >= 1 || (rate > 0 && drawn(key, monitorName) < rate);
}

const { imul } = Math;

/** Between 0 and 1, 53 bits: cyrb53, two lanes of multiply and xor with murmur3's finalizer. */
function drawn(key: string, monitorName: string): number {
  // The length keeps names and keys that run into each other apart.
  let a = 0xdeadbeef ^ monitorName.length;
  let b = 0x41c6ce57 ^ monitorName.length;
  for (let i = 0; i < monitorName.length; i++) {
    const c = monitorName.charCodeAt(i);
    a = imul(a ^ c, 2654435761);
    b = imul(b ^ c, 1597334677);
  }
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    a = imul(a ^ c, 2654435761);
    b = imul(b ^ c, 1597334677);
  }
  const high = imul(a ^ (a >>> 16), 2246822507) ^ imul(b ^ (b >>> 13), 3266489909);
  const low = imul(b ^ (b >>> 16), 2246822507) ^ imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)) / 9007199254740992;
}
