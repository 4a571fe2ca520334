import type { GroupCounts, JobState } from '../job-queue.ts';

/** What the scripts answer (names and values in turn, as of HGETALL) → what the seam says. */

function membersOf(flat: readonly string[]): Map<string, string> {
  const members = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) members.set(flat[i]!, flat[i + 1]!);
  return members;
}

export function toCounts(flat: readonly string[]): GroupCounts {
  const members = membersOf(flat);
  const outcomes = new Map<string, number>();
  for (const [name, count] of members) if (name.startsWith('o:')) outcomes.set(name.slice(2), Number(count));
  return { pending: Number(members.get('p') ?? 0), running: Number(members.get('r') ?? 0), outcomes };
}

export function toState(projectId: string, id: string, flat: readonly string[]): JobState {
  const members = membersOf(flat);
  const get = (name: string) => members.get(name) ?? '';
  const state = stateOf(members);
  const isDead = state === 'dead';
  return {
    ...{ id, projectId, kind: get('kind'), group: get('group'), data: get('data'), state },
    outcome: isDead ? 'dead' : null,
    attempt: Number(get('fails')) + (isDead ? 0 : 1),
    progress: progressOf(members.get('pd'), members.get('pt')),
    reason: members.get('reason') ?? null,
    addedAtMs: Number(get('at')),
  };
}

function stateOf(members: ReadonlyMap<string, string>): JobState['state'] {
  const st = members.get('st');
  if (st === 'r') return 'running';
  if (st === 'x') return 'dead';
  return st === 'd' && Number(members.get('run')) > Number(members.get('now')) ? 'delayed' : 'waiting';
}

/** Of what `archive` has kept. */
export function toEndedState(projectId: string, id: string, json: string): JobState {
  const kept = JSON.parse(json) as string[];
  const [kind = '', group = '', at, fails, reason = '', done, total, outcome = ''] = kept;
  return {
    ...{ id, projectId, kind, group, data: '', state: 'done', outcome },
    attempt: Number(fails) + 1,
    progress: progressOf(done, total),
    reason: reason === '' ? null : reason,
    addedAtMs: Number(at),
  };
}

function progressOf(done: string | undefined, total: string | undefined): JobState['progress'] {
  return done === undefined || done === '' ? null : { done: Number(done), total: Number(total) };
}
