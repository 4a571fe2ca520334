import { nowUs, type TraceEvent } from '@weft/model';

/** How often, and since when, an `event.claimed` was put at the end of the log because its payload could not be had. */
export interface Deferral {
  readonly times: number;
  readonly sinceUs: number;
}

const NOTE = /^deferred (\d{1,9}) (\d{1,17})$/;

/** From the note of the event, which says nothing else. */
export function readDeferral({ note }: TraceEvent): Deferral | undefined {
  const [, times, sinceUs] = NOTE.exec(note) ?? [];
  return times === undefined ? undefined : { times: Number(times), sinceUs: Number(sinceUs) };
}

/** The event with one more time noted. */
export function withDeferral(event: TraceEvent): TraceEvent {
  const { times, sinceUs } = readDeferral(event) ?? { times: 0, sinceUs: nowUs() };
  return { ...event, note: `deferred ${times + 1} ${sinceUs}` };
}
