import { toBuiltinObject } from './builtin-classes.ts';
import { AppError, valueError } from './errors.ts';
import { asBuffer, JsonMembers } from './json-members.ts';

/** What W&B derives from an object's value (weave object class utilities). */
export interface ObjectClass {
  readonly kind: 'op' | 'object';
  /** The class directly below the SDK's own base, e.g. `Model` for every user's model class. */
  readonly baseObjectClass: string | null;
  /** The value's own class. */
  readonly leafObjectClass: string | null;
}

export const MAX_OBJECT_NAME = 128;

/** `\w` of Python: letters and digits of any script, and `_`. */
const OBJECT_NAME = /^[\p{L}\p{N}_.-]+$/u;

/** @throws AppError `unsupported_member` (422) for characters, `invalid_request` for the length: upstream's two codes. */
export function parseObjectName(name: string): string {
  if (name.length > MAX_OBJECT_NAME)
    throw new AppError('invalid_request', `object_id: is longer than ${MAX_OBJECT_NAME} characters`);
  if (!OBJECT_NAME.test(name))
    throw new AppError('unsupported_member', 'object_id: must consist of letters, digits, "_", "-" and "."');
  return name;
}

/** @param val JSON value. */
export function classifyObject(val: Uint8Array): ObjectClass {
  const none = { kind: 'object', baseObjectClass: null, leafObjectClass: null } as const;
  if (firstByte(val) !== 0x7b) return none;
  const members = JsonMembers.parse(val);
  const kind = isOp(members) ? 'op' : 'object';
  const className = textOf(members, '_class_name');
  const bases = basesOf(members);
  if (bases === null || className === null) return { ...none, kind };
  const [root, model] = bases.slice(-2);
  if (model !== 'BaseModel' || (root !== 'Object' && root !== 'BaseObject')) return { ...none, kind };
  return { kind, baseObjectClass: bases.at(-3) ?? className, leafObjectClass: className };
}

function isOp(members: JsonMembers): boolean {
  const type = textOf(members, '_type');
  if (type === null) return false;
  if (type === 'Op') return true;
  const weaveType = members.optional('weave_type');
  return weaveType?.[0] === 0x7b && textOf(JsonMembers.parse(weaveType), 'type') === 'Op';
}

/** Values are the user's: a member of another type than expected is no error, only no class. */
function textOf(members: JsonMembers, name: string): string | null {
  return members.optional(name)?.[0] === 0x22 ? members.text(name) : null;
}

function basesOf(members: JsonMembers): string[] | null {
  const bytes = members.optional('_bases');
  if (bytes?.[0] !== 0x5b) return null;
  const bases = JSON.parse(asBuffer(bytes).toString('utf8')) as unknown[];
  return bases.every((base) => typeof base === 'string') ? bases : null;
}

/**
 * `builtin_object_class` of a create request: the value as an object of that class. A value that names its class is left as
 * it is. @throws AppError `invalid_request`: unknown class, no object, what does not fit, or another class than the value says.
 */
export function withBuiltinClass(val: Uint8Array, className: string): Uint8Array {
  if (firstByte(val) !== 0x7b)
    throw new AppError(
      'invalid_request',
      'builtin_object_class: object_class cannot be provided for non-dict objects',
    );
  const members = JsonMembers.parse(val);
  const own = textOf(members, '_class_name');
  if (own === null && members.optional('_bases') === null) return toBuiltinObject(val, className);
  if (own === className) return val;
  throw valueError(
    `builtin_object_class: object_class must match val's defined object class: ${own?.slice(0, 80) ?? null} != ${className.slice(0, 80)}`,
  );
}

function firstByte(json: Uint8Array): number | undefined {
  let at = 0;
  while (json[at]! <= 0x20) at++;
  return json[at];
}
