import { readdirSync, readFileSync } from 'node:fs';

/** Direct children, as the kernel knows them now (/proc, so Linux only). */
export function childrenOf(pid: number): number[] {
  return [...parents()].filter(([, parent]) => parent === pid).map(([child]) => child);
}

/** The process and everything below it. */
export function processTree(pid: number): number[] {
  const known = [...parents()];
  const tree = [pid];
  for (const at of tree) for (const [child, parent] of known) if (parent === at) tree.push(child);
  return tree;
}

/** A zombie has ended: nobody reaps an orphan in a container without an init. */
export function isAlive(pid: number): boolean {
  const state = statOf(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** CPU time that a process has used, without its children, in milliseconds (of 10). @throws Error when it has ended. */
export function cpuMs(pid: number): number {
  const fields = statOf(pid);
  if (fields === undefined) throw new Error(`process ${pid} has ended`);
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Memory of a process in MiB; pages that several share are divided among them. @throws Error when it has ended. */
export function pssMib(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) / 1024;
}

function parents(): Map<number, number> {
  const found = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = statOf(Number(entry))?.[1];
    if (parent !== undefined) found.set(Number(entry), Number(parent));
  }
  return found;
}

/** Fields from the third of /proc/<pid>/stat on (proc(5)): state, parent, …; the second, a name, may hold blanks and parentheses. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // ended meanwhile
  }
}
