import type { Expr } from '@weft/query-language';

/** Calls of a trace or thread are scored once no more of them came for `timeoutMs`. */
export interface Debounce {
  readonly field: 'trace_id' | 'thread_id';
  readonly method: 'last_message' | 'all_messages';
  readonly timeoutMs: number;
}

/** One version of a Weave Monitor, read and checked (W&B: weave/flow/monitor.py). */
export interface Monitor {
  readonly projectId: string;
  /** Name of the object; its versions share it. */
  readonly name: string;
  readonly digest: string;
  /** `weave:///<project>/object/<name>:<digest>`: the trigger of its scores. */
  readonly ref: string;
  readonly displayName: string;
  readonly userId: string;
  readonly active: boolean;
  readonly samplingRate: number;
  /** Op refs, with any version where it is `*`; empty = every op. */
  readonly opNames: readonly string[];
  /** `weave.genai.turn_ended` is among them. */
  readonly agentTurns: boolean;
  readonly query: Expr | undefined;
  /** Refs of scorer versions; of one published inside the monitor the way into it (`<ref>/attr/scorers/index/0`). */
  readonly scorers: readonly string[];
  /** ClassifierMonitor: its judges of one model are asked together. */
  readonly isClassifier: boolean;
  /** Score calls are written, not only feedback. */
  readonly isTraced: boolean;
  readonly debounce: Debounce | undefined;
}
