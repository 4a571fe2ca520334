import { AppError, asBuffer, formatRef, JsonMembers } from '@weft/model';
import { parseQuery, readQueryJson, type Expr, type FieldResolver } from '@weft/query-language';
import type { Debounce, Monitor } from './monitor.ts';

/** Stands among op names for turns of agents: spans without a parent (W&B: AGENT_SPAN_OP_NAMES). */
export const AGENT_TURN_OP = 'weave.genai.turn_ended';

const MAX_SCORERS = 100;
const MAX_OP_NAMES = 1000;
const MAX_TEXT = 1000;
/** A trace or thread that never rests is scored after this at the latest. */
const MAX_DEBOUNCE_SECONDS = 7 * 24 * 3600;

/** Which version of which object it is, and whose. */
export interface MonitorAbout {
  readonly projectId: string;
  readonly name: string;
  readonly digest: string;
  readonly userId: string;
}

/**
 * The value of a Monitor's version, as Weave's clients publish it (weave/flow/monitor.py) or as somebody wrote it down: members
 * that are missing have Weave's defaults, others are left alone. Scorers that were published inside it become refs into it.
 *
 * @param fields what its query may name.
 * @throws AppError `invalid_request` naming the member; also for an object that is no Monitor.
 */
export function parseMonitor(val: Uint8Array, about: MonitorAbout, fields: FieldResolver): Monitor {
  const members = JsonMembers.parse(val, { path: `${about.name}.` });
  const classes = classesOf(members);
  if (!classes.includes('Monitor') && !classes.includes('ClassifierMonitor'))
    throw members.invalid('_class_name', 'is not Monitor nor a class made of it');
  const opNames = texts(members, 'op_names', MAX_OP_NAMES);
  const ref = formatRef({
    kind: 'object',
    projectId: about.projectId,
    name: about.name,
    version: about.digest,
    extra: [],
  });
  return {
    ...about,
    ref,
    displayName: members.text('name')?.slice(0, MAX_TEXT) ?? about.name,
    active: flag(members, 'active', false),
    samplingRate: rate(members),
    opNames,
    agentTurns: opNames.includes(AGENT_TURN_OP),
    query: query(members, fields),
    scorers: scorers(members, ref),
    isClassifier: classes.includes('ClassifierMonitor'),
    isTraced: flag(members, 'is_traced', true),
    debounce: debounce(members),
  };
}

/** Its own class and what that is made of; an object that somebody wrote down may have only `_type`. */
function classesOf(members: JsonMembers): readonly string[] {
  const own = members.text('_class_name') ?? members.text('_type');
  return [...(own === null ? [] : [own]), ...(members.texts('_bases') ?? [])];
}

function texts(members: JsonMembers, name: string, most: number): readonly string[] {
  const found = members.texts(name) ?? [];
  if (found.length > most) throw members.invalid(name, `has more than ${most} entries`);
  return found.map((text, i) => {
    const trimmed = text.trim();
    if (trimmed === '') throw members.invalid(`${name}[${i}]`, 'is empty');
    if (trimmed.length > MAX_TEXT)
      throw members.invalid(`${name}[${i}]`, `is longer than ${MAX_TEXT} characters`);
    return trimmed;
  });
}

const TRUE = 0x74;
const FALSE = 0x66;

function flag(members: JsonMembers, name: string, otherwise: boolean): boolean {
  const bytes = members.optional(name);
  if (bytes === null) return otherwise;
  if (bytes[0] !== TRUE && bytes[0] !== FALSE) throw members.invalid(name, 'must be true or false');
  return bytes[0] === TRUE;
}

function number(members: JsonMembers, name: string): number | null {
  const bytes = members.optional(name);
  if (bytes === null) return null;
  const value = JSON.parse(asBuffer(bytes).toString('utf8')) as unknown;
  if (typeof value !== 'number') throw members.invalid(name, 'must be a number');
  return value;
}

function rate(members: JsonMembers): number {
  const value = number(members, 'sampling_rate') ?? 1;
  if (value < 0 || value > 1) throw members.invalid('sampling_rate', 'must be between 0 and 1');
  return value;
}

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;

function scorers(members: JsonMembers, ref: string): readonly string[] {
  const found = members.elements('scorers');
  if (found.length > MAX_SCORERS) throw members.invalid('scorers', `has more than ${MAX_SCORERS} entries`);
  return found.map((bytes, i) => {
    if (bytes[0] === OPEN_BRACE) return `${ref}/attr/scorers/index/${i}`;
    const text = bytes[0] === QUOTE ? (JSON.parse(asBuffer(bytes).toString('utf8')) as string) : '';
    if (!/^weave:\/\/\/[^/]+\/[^/]+\/(object|op)\/[^/]+/.test(text) || text.length > MAX_TEXT)
      throw members.invalid(`scorers[${i}]`, 'must be a scorer or the ref of one');
    return text;
  });
}

function query(members: JsonMembers, fields: FieldResolver): Expr | undefined {
  const bytes = members.optional('query');
  if (bytes === null) return undefined;
  const path = members.invalid('query', '').message.slice(0, -2);
  try {
    return parseQuery(withoutClasses(readQueryJson(bytes, path)), fields, path);
  } catch (error) {
    if (error instanceof AppError) throw new AppError('invalid_request', error.message, { cause: error });
    throw error;
  }
}

const CLASS_MEMBERS: ReadonlySet<string> = new Set(['_type', '_class_name', '_bases']);

/** Python names the class of every operation beside it. The depth was bounded when it was read. */
function withoutClasses(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutClasses);
  if (typeof value !== 'object' || value === null) return value;
  const bare = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value))
    if (!CLASS_MEMBERS.has(name)) bare[name] = withoutClasses(member);
  return bare;
}

function debounce(members: JsonMembers): Debounce | undefined {
  if (members.optional('scorer_debounce_config') === null) return undefined;
  const config = members.members('scorer_debounce_config');
  const seconds = number(config, 'timeout_seconds');
  if (seconds === null) throw config.invalid('timeout_seconds', 'is required');
  if (!(seconds >= 0 && seconds <= MAX_DEBOUNCE_SECONDS))
    throw config.invalid('timeout_seconds', `must be between 0 and ${MAX_DEBOUNCE_SECONDS}`);
  return {
    field: oneOf(config, 'aggregation_field', ['trace_id', 'thread_id']),
    method: oneOf(config, 'aggregation_method', ['last_message', 'all_messages'], 'last_message'),
    timeoutMs: Math.round(seconds * 1000),
  };
}

function oneOf<T extends string>(members: JsonMembers, name: string, values: readonly T[], otherwise?: T): T {
  const text = members.text(name) ?? otherwise;
  const found = values.find((value) => value === text);
  if (found === undefined) throw members.invalid(name, `must be one of ${values.join(', ')}`);
  return found;
}
