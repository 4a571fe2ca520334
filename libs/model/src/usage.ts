import { asBuffer } from './json-members.ts';
import { JsonScanner } from './json-scan.ts';

/** What counts of `summary.usage` are read; other members (audio, reasoning, details) are parts of these. */
export const USAGE_COUNTS = [
  'requests',
  'prompt_tokens',
  'input_tokens',
  'gross_input_tokens',
  'completion_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
] as const;
export type UsageCount = (typeof USAGE_COUNTS)[number];

/** The counts of one model as a call's summary has them, and what they come to. */
export interface ModelUsage {
  readonly model: string;
  /** As given, in the order of `USAGE_COUNTS`; 0 = not given. */
  readonly given: readonly number[];
  readonly requests: number;
  /** Tokens sent, cached ones included. */
  readonly promptTokens: number;
  /** Tokens received, reasoning included. */
  readonly completionTokens: number;
  /** As given; 0 = not given. */
  readonly totalTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreationTokens: number;
}

/** Longest model name and most models that are kept of one call. */
const MAX_MODEL_NAME = 256;
const MAX_MODELS = 200;
const MAX_COUNT = Number.MAX_SAFE_INTEGER;

const PLACE: ReadonlyMap<string, number> = new Map(USAGE_COUNTS.map((name, i) => [name, i]));
const NONE: readonly ModelUsage[] = [];

/** `summary.usage` by model, in the order given; what is not of its shape counts as not there. */
export function readUsage(summary: Uint8Array): readonly ModelUsage[] {
  const buf = asBuffer(summary);
  if (buf.length < 10 || buf.indexOf('"usage"') < 0) return NONE;
  let usage: readonly ModelUsage[] = NONE;
  try {
    const scanner = new JsonScanner(buf);
    const start = scanner.ws(0);
    if (buf[start] !== OPEN_BRACE) return NONE;
    scanner.members(start, (key, from) => {
      if (key === 'usage') usage = readModels(scanner, buf, from);
    });
  } catch {
    return NONE;
  }
  return usage;
}

const OPEN_BRACE = 0x7b;
const QUOTE = 0x22;

/** The models of the object at `at`. @throws JsonSyntaxError */
export function readModels(scanner: JsonScanner, buf: Buffer, at: number): readonly ModelUsage[] {
  if (buf[at] !== OPEN_BRACE) return NONE;
  const models = new Map<string, ModelUsage>();
  scanner.members(at, (name, from) => {
    const model = name.slice(0, MAX_MODEL_NAME);
    if (buf[from] !== OPEN_BRACE || (models.size >= MAX_MODELS && !models.has(model))) return;
    const given = new Array<number>(USAGE_COUNTS.length).fill(0);
    scanner.members(from, (field, start, end) => {
      const place = PLACE.get(field);
      if (place !== undefined) given[place] = count(buf, start, end);
    });
    models.set(model, toModelUsage(model, given));
  });
  return [...models.values()];
}

/** @param given in the order of `USAGE_COUNTS`. */
export function toModelUsage(model: string, given: readonly number[]): ModelUsage {
  const [requests, prompt, input, gross, completion, output, total, cacheRead, cacheCreation] = given as [
    number, number, number, number, number, number, number, number, number,
  ]; // prettier-ignore
  return {
    model,
    given,
    requests,
    promptTokens: gross > 0 ? gross : together(prompt, input),
    completionTokens: together(completion, output),
    totalTokens: total,
    cacheReadTokens: cacheRead,
    cacheCreationTokens: cacheCreation,
  };
}

/**
 * Two names of one quantity. Most clients use one; some both for the same tokens; and a parent that adds up its children
 * has both where they used different ones. W&B adds them always.
 */
function together(one: number, other: number): number {
  return one === other ? one : one + other;
}

/** A number, or digits as a string, as W&B reads them; 0 for anything else and below 0. */
function count(buf: Buffer, start: number, end: number): number {
  const quoted = buf[start] === QUOTE;
  const value = Number(buf.toString('latin1', quoted ? start + 1 : start, quoted ? end - 1 : end));
  return value > 0 ? Math.min(Math.floor(value), MAX_COUNT) : 0;
}
