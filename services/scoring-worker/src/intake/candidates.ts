import type { StoredCallFacts } from '@weft/model';
import { isSampled, type Match, type Monitor } from '@weft/scoring';
import { keyOf } from '../read-calls.ts';
import type { CallKey } from '../jobs.ts';

/** A stored call that was told of. */
export interface Heard extends CallKey {
  readonly facts: StoredCallFacts;
}

/** A call that a monitor looks at and that is in its sample. */
export interface Candidate extends Match {
  readonly call: Heard;
}

/** Whether the writer knew what monitors are matched by. */
export function isKnown({ facts }: Heard): boolean {
  return facts.opName !== '';
}

/** What the monitor gathers by; undefined = it does not gather, null = the call has no such value. */
export function gatheredBy(monitor: Monitor, { facts }: Heard): string | null | undefined {
  if (monitor.debounce === undefined) return undefined;
  return monitor.debounce.field === 'trace_id' ? facts.traceId : facts.threadId;
}

/**
 * Whether it is in the monitor's sample: of what is gathered all or nothing is.
 * @param maxGathered the most of what is gathered, whatever the monitor says.
 */
export function isInSample(monitor: Monitor, call: Heard, maxGathered: number): boolean {
  const value = gatheredBy(monitor, call);
  if (value === undefined || value === null)
    return isSampled(monitor.samplingRate, keyOf(call), monitor.name);
  return isSampled(Math.min(monitor.samplingRate, maxGathered), value, monitor.name);
}
