import type { TraceSession, TraceState } from './data/trace-session.ts';
import { RUNNING } from './data/trace-table.ts';
import { opName } from '../../ui/format.ts';

/** Times between which the picture is drawn, in µs of the trace. */
export interface TimeWindow {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A trace as it is looked at now: what all the parts that draw it share. */
export interface Picture {
  readonly session: TraceSession;
  readonly state: TraceState;
  readonly window: TimeWindow;
  readonly isZoomed: boolean;
  /** Of the call that the page shows; -1 = not there (yet). */
  readonly here: number;
  /** Where keys act. */
  readonly focus: number;
  readonly setFocus: (row: number) => void;
  readonly open: (row: number) => void;
  readonly hrefOf: (row: number) => string;
  /** Undefined = the whole trace. */
  readonly zoom: (window: TimeWindow | undefined) => void;
}

export function nameOf({ table }: TraceSession, row: number): string {
  return opName(table.names.texts[table.nameOf[row]!]!);
}

/** Undefined = it runs. */
export function durationMs({ table }: TraceSession, row: number): number | undefined {
  const us = table.durations[row]!;
  return us === RUNNING ? undefined : us / 1000;
}

/** A little more than the call itself. */
export function windowOf({ session, state }: Picture, row: number): TimeWindow {
  const fromUs = session.table.starts[row]!;
  const toUs = Math.max(session.table.endOf(row, state.nowUs), fromUs + 1);
  const marginUs = (toUs - fromUs) * 0.02;
  return { fromUs: fromUs - marginUs, toUs: toUs + marginUs };
}

export function scaled({ fromUs, toUs }: TimeWindow, by: number): TimeWindow {
  const [middle, half] = [(fromUs + toUs) / 2, Math.max(((toUs - fromUs) / 2) * by, 0.5)];
  return { fromUs: middle - half, toUs: middle + half };
}
