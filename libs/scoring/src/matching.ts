import { parseRef, type StoredCallFacts } from '@weft/model';
import { evaluate, type Row } from '@weft/query-language';
import type { Monitor } from './monitor.ts';
import { AGENT_TURN_OP } from './parse-monitor.ts';

export interface Match {
  readonly monitor: Monitor;
  /** It looks at the call as an agent's turn. */
  readonly isAgentTurn: boolean;
}

export interface Matcher {
  /** In the order of the monitors. The op name of the facts has to be known. */
  match(facts: StoredCallFacts): readonly Match[];
}

const NONE: readonly Match[] = [];
/** Op names and whether they are roots, whose matches are kept. */
const MAX_KNOWN = 10_000;

/**
 * Which of a project's monitors look at a call, by its op alone. Op names of monitors: none or `*` = every op;
 * `weave:///e/p/op/name:*` any version of that op; `…:<digest>` that version; a bare name any version, or calls whose op is
 * that free text (spans). A ref of any version in the monitor's own project means that free text too, since Weave's
 * Python client makes refs of bare names. `weave.genai.turn_ended`: spans without a parent, once they ended.
 *
 * Inactive monitors match nothing; calls that scorers made match no monitor.
 */
export function createMatcher(monitors: readonly Monitor[]): Matcher {
  const index = new Map<string, Set<Monitor>>();
  const active = monitors.filter((monitor) => monitor.active);
  for (const monitor of active) for (const key of keysOf(monitor)) add(index, key, monitor);
  const known = new Map<string, readonly Match[]>();

  function find(opName: string, isTurn: boolean): readonly Match[] {
    const sets = keysOfCall(opName).flatMap((key) => index.get(key) ?? []);
    const found = active.flatMap((monitor) => {
      const isAgentTurn = isTurn && monitor.agentTurns;
      return isAgentTurn || sets.some((set) => set.has(monitor)) ? { monitor, isAgentTurn } : [];
    });
    return found.length === 0 ? NONE : found;
  }

  return {
    match({ opName, isSpan, parentId, isScore }) {
      if (isScore || active.length === 0) return NONE;
      const isTurn = isSpan && parentId === null;
      const key = isTurn ? `turn ${opName}` : opName;
      let matches = known.get(key);
      if (matches === undefined) {
        if (known.size >= MAX_KNOWN) known.clear();
        matches = find(opName, isTurn);
        known.set(key, matches);
      }
      return matches;
    },
  };
}

/** Whether the monitor's query holds for the call; true without one. */
export function matchesQuery(monitor: Monitor, row: Row): boolean {
  return monitor.query === undefined || evaluate(monitor.query, row);
}

/** Keys of the index: what calls are looked up by, the narrowest first. */
const EVERY = 'every';
const ofVersion = (projectId: string, name: string, version: string) =>
  `version ${projectId} ${name}:${version}`;
const ofOp = (projectId: string, name: string) => `op ${projectId} ${name}`;
const ofName = (name: string) => `name ${name}`;

function keysOf({ projectId, opNames }: Monitor): string[] {
  if (opNames.length === 0) return [EVERY];
  return opNames.flatMap((text) => {
    if (text === AGENT_TURN_OP) return [];
    if (text === '*') return EVERY;
    const op = opOf(text);
    if (op === undefined) return [ofOp(projectId, text), ofName(text)];
    if (op.version !== '*') return ofVersion(op.projectId, op.name, op.version);
    return [ofOp(op.projectId, op.name), ...(op.projectId === projectId ? [ofName(op.name)] : [])];
  });
}

function keysOfCall(opName: string): string[] {
  const op = opOf(opName);
  if (op === undefined) return [ofName(opName), EVERY];
  const { projectId, name, version } = op;
  return [ofVersion(projectId, name, version), ofOp(projectId, name), EVERY];
}

/** Undefined for a free name. */
function opOf(text: string) {
  if (!text.startsWith('weave:///')) return undefined;
  try {
    const ref = parseRef(text);
    return ref.kind === 'op' || ref.kind === 'object' ? ref : undefined;
  } catch {
    return undefined;
  }
}

function add(index: Map<string, Set<Monitor>>, key: string, monitor: Monitor): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([monitor]));
  else set.add(monitor);
}
