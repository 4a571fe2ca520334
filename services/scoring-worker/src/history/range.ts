import { AppError } from '@weft/model';
import type { Expr, Literal, Operand } from '@weft/query-language';
import { AGENT_TURN_OP, type Monitor } from '@weft/scoring';
import { callFields, type CallsFilter } from '@weft/trace-store';

/** Calls that began in [fromUs, toUs). */
export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
}

/** The call that a pass has come to: calls are gone through by when they began, then by id, then by the trace of spans. */
export interface Place {
  readonly startedAtUs: number;
  readonly id: string;
  readonly traceId: string;
}

const resolve = callFields();

function field(path: string): Operand {
  const found = resolve(path);
  if (found === undefined) throw new AppError('internal', `calls have no field ${path}`);
  return { op: 'field', field: found };
}

const STARTED = field('started_at');
const SCORE_MARK = field('attributes.weft.score');
const ENDED = field('ended_at');
const ID = field('id');
const TRACE = field('trace_id');

const and = (...inputs: readonly Expr[]): Expr => ({ op: 'and', inputs });
const or = (...inputs: readonly Expr[]): Expr => ({ op: 'or', inputs });
const compare = (by: 'eq' | 'gt' | 'gte' | 'lt', left: Operand, right: Operand): Expr => ({ op: 'compare', by, left, right }); // prettier-ignore
const literal = (value: Literal): Operand => ({ op: 'literal', value });
const instant = (us: number): Operand => ({ op: 'instant', us });
const isNull = (operand: Operand): Expr => compare('eq', operand, literal(null));

/** Calls that are over, in the range, and that no scorer made: what monitors may look at. */
export function scorable({ fromUs, toUs }: Range): Expr {
  return and(
    compare('gte', STARTED, instant(fromUs)),
    compare('lt', STARTED, instant(toUs)),
    { op: 'not', input: isNull(ENDED) },
    isNull(SCORE_MARK),
  );
}

/** Those of them that the monitor's query holds for, behind `after`. */
export function looked(monitor: Monitor, range: Range, after?: Place): Expr {
  const fromUs = Math.max(range.fromUs, after?.startedAtUs ?? range.fromUs);
  return and(
    scorable({ ...range, fromUs }),
    ...(monitor.query === undefined ? [] : [monitor.query]),
    ...(after === undefined ? [] : [behind(after)]),
  );
}

function behind({ startedAtUs, id, traceId }: Place): Expr {
  const at = instant(startedAtUs);
  const later = compare('gt', STARTED, at);
  const further = compare('gt', ID, literal(id));
  const sameId = and(compare('eq', ID, literal(id)), compare('gt', TRACE, literal(traceId)));
  return or(later, and(compare('eq', STARTED, at), or(further, sameId)));
}

/** Leaves out most of what the monitor does not look at; what is left is matched as live calls are. */
export function opFilter({ opNames, agentTurns, projectId }: Monitor): CallsFilter {
  const ops = opNames.filter((name) => name !== AGENT_TURN_OP);
  if (agentTurns) return ops.length === 0 ? { traceRootsOnly: true } : {};
  if (ops.length === 0 || ops.includes('*')) return {};
  // Refs can be written in several ways, unless nothing in them is to be encoded.
  const plain = ops.map((op) => plainOp(op, projectId));
  return plain.some((names) => names === undefined) ? {} : { opNames: plain.flatMap((names) => names!) };
}

/** What calls of that op have as their name, as far as it can be said; undefined = it cannot. */
function plainOp(op: string, projectId: string): string[] | undefined {
  const own = (name: string) => `weave:///${projectId}/op/${name}:*`;
  if (!isPlain(projectId.replace('/', ''))) return undefined;
  if (isPlain(op)) return [op, own(op)];
  const [, entity, project, name, version] =
    /^weave:\/\/\/([^/]+)\/([^/]+)\/op\/([^/:]+):([^/:]+)$/.exec(op) ?? [];
  if (![entity, project, name].every((part) => part !== undefined && isPlain(part))) return undefined;
  const isOwn = version === '*' && `${entity}/${project}` === projectId;
  return isOwn ? [op, name!] : [op];
}

function isPlain(text: string): boolean {
  return /^[\w.~-]+$/.test(text);
}
