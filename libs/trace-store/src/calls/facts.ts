import { JsonScanner } from '@weft/model';
import type { CallStatus } from '../trace-store.ts';
import type { CallState } from './fold.ts';

/** What `summary` says that is filtered, sorted or summed often enough to be a column. */
export interface SummaryFacts {
  /** First model of `usage`; empty = none. */
  readonly model: string;
  /** Over all models, at most 2^32 - 1. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** `status_counts.error` is above 0: a call below failed. */
  readonly descendantError: boolean;
}

const NONE: SummaryFacts = { model: '', promptTokens: 0, completionTokens: 0, descendantError: false };
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_MODEL_NAME = 256;

/** Reads only the members it needs; anything of an unexpected shape counts as not there. */
export function summaryFacts(summary: Uint8Array): SummaryFacts {
  if (summary.length < 10) return NONE;
  const buf = Buffer.isBuffer(summary)
    ? summary
    : Buffer.from(summary.buffer, summary.byteOffset, summary.byteLength);
  if (buf.indexOf('"usage"') < 0 && buf.indexOf('"status_counts"') < 0) return NONE;
  try {
    return read(buf);
  } catch {
    return NONE;
  }
}

function read(buf: Buffer): SummaryFacts {
  const scanner = new JsonScanner(buf);
  let model = '';
  let prompt = 0;
  let completion = 0;
  let errors = 0;
  const members = (at: number, visit: (key: string, from: number, to: number) => void): void => {
    if (buf[at] === 0x7b) scanner.members(at, visit);
  };
  const count = (from: number, to: number): number => {
    const value = Number(buf.toString('latin1', from, to));
    return value > 0 ? value : 0;
  };
  members(scanner.ws(0), (key, from) => {
    if (key === 'usage') {
      members(from, (name, usageFrom) => {
        if (model === '') model = name.slice(0, MAX_MODEL_NAME);
        let [promptHere, completionHere] = [0, 0];
        members(usageFrom, (field, start, end) => {
          if (field === 'prompt_tokens' || field === 'input_tokens')
            promptHere = Math.max(promptHere, count(start, end));
          if (field === 'completion_tokens' || field === 'output_tokens')
            completionHere = Math.max(completionHere, count(start, end));
        });
        prompt += promptHere;
        completion += completionHere;
      });
    } else if (key === 'status_counts') {
      members(from, (field, start, end) => {
        if (field === 'error') errors = count(start, end);
      });
    }
  });
  return {
    model,
    promptTokens: toUint32(prompt),
    completionTokens: toUint32(completion),
    descendantError: errors > 0,
  };
}

function toUint32(value: number): number {
  return Math.min(Math.floor(value), MAX_UINT32);
}

/** The status that filters and sorts see (weave-api: `summary.weave.status`). */
export function statusOf(state: CallState, facts: SummaryFacts): CallStatus {
  if (state.end !== undefined && state.end.exception !== null) return 'error';
  if (facts.descendantError) return 'descendant_error';
  return state.end === undefined ? 'running' : 'success';
}
