import type { ReadCall } from './stack.ts';

/** The packages of npm `weave` that are tried, by the names they are installed under. */
export const NPM_SDKS = ['weave', 'weave-0.9.3'] as const;
/** A program of one of them, on a busy machine. */
export const NPM_TIMEOUT_MS = 100_000;
/** Has `withAttributes`, `EvaluationLogger`, and loads the rows of datasets. */
export const isNewest = (sdk: string): boolean => sdk === 'weave';

/** The name in an op's ref; anything else as it is. */
export const opOf = ({ op_name }: Pick<ReadCall, 'op_name'>): string =>
  /\/op\/(.*):/.exec(op_name)?.[1] ?? op_name;

export const callsOf = (calls: readonly ReadCall[], op: string): ReadCall[] =>
  calls.filter((call) => opOf(call) === op);
