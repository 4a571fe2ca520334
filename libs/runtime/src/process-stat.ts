import { readFileSync } from 'node:fs';

export interface ProcessStat {
  /** Clock ticks from boot to the process' start: tells it from a later one with the same pid. */
  readonly startedAt: string;
  /** It keeps its pid until its parent asks how it ended; in a container without an init nobody does. */
  readonly hasEnded: boolean;
}

/**
 * What the kernel says of a process, for locks that have to know whether their owner still lives. Fields 3 and 22 of
 * /proc/<pid>/stat (proc(5)); the name in field 2 may hold spaces and parentheses, so they are counted after the last one.
 * @returns null where there is no /proc, or no such process.
 */
export function processStat(pid: number): ProcessStat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { startedAt: fields[19]!, hasEnded: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return null;
  }
}
