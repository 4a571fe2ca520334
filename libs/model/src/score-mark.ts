import { AppError } from './errors.ts';
import { asBuffer, JsonMembers } from './json-members.ts';

const MARK = Buffer.from('"weft"');

/** Whether a call's attributes say that a scorer made it: `{"weft": {"score": {…}}}`. Such a call is never scored itself. */
export function hasScoreMark(attributes: Uint8Array): boolean {
  // Nearly never there: most calls cost no more than this.
  if (!asBuffer(attributes).includes(MARK)) return false;
  try {
    const weft = JsonMembers.parse(attributes).optional('weft');
    return isObject(weft) && isObject(JsonMembers.parse(weft).optional('score'));
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function isObject(json: Uint8Array | null): json is Uint8Array {
  return json?.[0] === 0x7b;
}
