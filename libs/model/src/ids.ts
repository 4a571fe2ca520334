import { AppError } from './errors.ts';

/** Lower-case UUIDv7 (RFC 9562): time-ordered, so that a call's id also finds its neighbourhood in the store. */
export function newId(nowMs: number = Date.now()): string {
  const bytes = new Uint8Array(16);
  globalThis.crypto.getRandomValues(bytes);
  let time = nowMs;
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  let hex = '';
  for (const b of bytes) hex += b.toString(16).padStart(2, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The millisecond a UUIDv7 was made in, or undefined for any other id. */
export function timeOfId(id: string): number | undefined {
  return UUID_V7.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}

// Upstream accepts lower-case UUIDs and OTel ids only. We take any id that is harmless as a key: a stricter rule would
// cost its sender the call and gain nobody anything.
// eslint-disable-next-line no-control-regex
const UNSAFE_ID = /[\x00-\x20\x7f]/;

/** True for an id we store: 1 to 128 characters, no spaces or control characters. */
export function isValidId(id: string): boolean {
  return id.length > 0 && id.length <= 128 && !UNSAFE_ID.test(id);
}

const PROJECT_PART = /^[^/\x00-\x1f\x7f]{1,128}$/; // eslint-disable-line no-control-regex

/** `entity/project`, checked. @throws AppError `invalid_request` naming what is wrong. */
export function parseProjectId(value: unknown, path = 'project_id'): string {
  if (typeof value === 'string') {
    const slash = value.indexOf('/');
    if (slash > 0 && PROJECT_PART.test(value.slice(0, slash)) && PROJECT_PART.test(value.slice(slash + 1)))
      return value;
  }
  throw new AppError(
    'invalid_request',
    `${path}: expected "entity/project", got ${JSON.stringify(value)?.slice(0, 80) ?? 'nothing'}`,
  );
}
