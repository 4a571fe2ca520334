import { AppError } from '../errors.ts';
import type { TraceEvent } from '../events.ts';
import { decoding } from './decoding.ts';
import { splitObjectEventId } from './objects.ts';

/** `object.tagged`: what happens to tags of one version; the event's `id` is `<object_id>:<digest>`. */
export interface TagsRecord {
  readonly objectId: string;
  readonly digest: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** `object.aliased`: where aliases of one object lead; the event's `id` is the object's name. */
export interface AliasesRecord {
  readonly objectId: string;
  /** Null takes the aliases away. */
  readonly digest: string | null;
  readonly aliases: readonly string[];
}

export function encodeTags({ add, remove }: Pick<TagsRecord, 'add' | 'remove'>): Uint8Array {
  return Buffer.from(JSON.stringify({ add, remove }));
}

export function encodeAliases({ digest, aliases }: Pick<AliasesRecord, 'digest' | 'aliases'>): Uint8Array {
  return Buffer.from(JSON.stringify({ digest, aliases }));
}

/** @throws AppError `undecodable_event` */
export function readTagsEvent(event: TraceEvent): TagsRecord {
  return decoding(event, (members) => ({
    ...splitObjectEventId(event.id),
    add: members.texts('add') ?? [],
    remove: members.texts('remove') ?? [],
  }));
}

/** @throws AppError `undecodable_event` */
export function readAliasesEvent(event: TraceEvent): AliasesRecord {
  return decoding(event, (members) => {
    if (event.id === '') throw members.invalid('id', 'is empty');
    return {
      objectId: event.id,
      digest: members.text('digest'),
      aliases: members.texts('aliases') ?? [],
    };
  });
}

const MAX_TAG_CHARACTERS = 256;
const MAX_ALIAS_CHARACTERS = 128;
const TAG = /^[-\p{L}\p{N}_]+( [-\p{L}\p{N}_]+)*$/u;

/** Words of letters, digits, `-` and `_` with single spaces between them, as W&B's tags. @throws AppError `invalid_request` */
export function assertTag(tag: string): void {
  if (tag === '') throw bad('tag name must not be empty');
  if (characters(tag) > MAX_TAG_CHARACTERS)
    throw bad(`tag name must be at most ${MAX_TAG_CHARACTERS} characters`);
  if (!TAG.test(tag)) {
    const allowed = 'alphanumeric characters, hyphens, underscores, and single spaces between words';
    throw bad(`tag name ${JSON.stringify(tag)} is invalid: only ${allowed} are allowed`);
  }
}

/** Whatever cannot be mistaken for a path, a version number or `latest`. @throws AppError `invalid_request` */
export function assertAlias(alias: string): void {
  if (alias === '') throw bad('alias name must not be empty');
  if (alias.trim() === '') throw bad('alias name must not be whitespace-only');
  if (characters(alias) > MAX_ALIAS_CHARACTERS)
    throw bad(`alias name must be at most ${MAX_ALIAS_CHARACTERS} characters`);
  const character = /[/:]/.exec(alias)?.[0];
  if (character !== undefined) throw bad(`alias name cannot contain character '${character}'`);
  const name = JSON.stringify(alias);
  if (/^v\d+$/.test(alias)) throw bad(`alias name ${name} is reserved (matches version pattern v<number>)`);
  if (alias === 'latest') throw bad(`alias name ${name} is reserved`);
}

function characters(text: string): number {
  return [...text].length;
}

function bad(message: string): AppError {
  return new AppError('invalid_request', message);
}
