import { asBuffer, JsonScanner } from '@weft/model';
import type { CallRow } from '../calls/row.ts';

/** Bits of `otel_facts`: what the mapping found in a span. */
export const SPAN_FACTS = { isSpan: 1, input: 2, output: 4, usage: 8, model: 16, llm: 32 } as const;

/** Kinds that frameworks give to calls of a language model, in lower case. */
export const LLM_KINDS = ['llm', 'generation', 'chat_model', 'chat', 'completion', 'text_completion'];

export interface SpanScope {
  readonly name: string;
  readonly version: string;
}

const NO_SCOPE: SpanScope = { name: '', version: '' };
/** A quote inside JSON text is escaped: this can only be the dump's own member. */
const SCOPE = '"scope":{"name":';
const VERSION = ',"version":';
const EMPTY_SIZE = 2;
const NO_BYTES = new Uint8Array(0);

/** Instrumentation scope of a stored span; its name and version are the first members of the dump's last. */
export function scopeOf(dump: Uint8Array | null | undefined): SpanScope {
  if (dump == null) return NO_SCOPE;
  const buf = asBuffer(dump);
  const at = buf.lastIndexOf(SCOPE);
  if (at < 0) return NO_SCOPE;
  try {
    const scanner = new JsonScanner(buf);
    const from = at + SCOPE.length;
    const to = scanner.string(from);
    const versionFrom = to + VERSION.length;
    if (buf.toString('latin1', to, versionFrom) !== VERSION) return NO_SCOPE;
    const name = scanner.stringValue(from, to);
    return { name, version: scanner.stringValue(versionFrom, scanner.string(versionFrom)) };
  } catch {
    // Written by somebody else: whatever it is, it is not a span that was sent here.
    return NO_SCOPE;
  }
}

/** Of a span's call as it is shown, with what log records have told of it. */
export function spanFacts({ state, shown: { inputs, output }, facts }: CallRow): number {
  const { kind, model } = namesOf(state.start?.attributes ?? NO_BYTES);
  const hasUsage = facts.promptTokens + facts.completionTokens + facts.totalTokens > 0;
  const isLlm = kind === '' ? model : LLM_KINDS.includes(kind.toLowerCase());
  return (
    SPAN_FACTS.isSpan |
    (inputs.length > EMPTY_SIZE ? SPAN_FACTS.input : 0) |
    (output.length > EMPTY_SIZE && !isNull(output) ? SPAN_FACTS.output : 0) |
    (hasUsage ? SPAN_FACTS.usage : 0) |
    (model ? SPAN_FACTS.model : 0) |
    (isLlm ? SPAN_FACTS.llm : 0)
  );
}

function isNull(json: Uint8Array): boolean {
  return json.length === 4 && json[0] === 0x6e;
}

/** What the mapping writes as texts; a `kind` or `model` of another type is the sender's own. */
function namesOf(attributes: Uint8Array): { kind: string; model: boolean } {
  const buf = asBuffer(attributes);
  const names = { kind: '', model: false };
  try {
    const scanner = new JsonScanner(buf);
    scanner.members(scanner.ws(0), (key, from, to) => {
      if (buf[from] !== 0x22) return;
      if (key === 'kind') names.kind = scanner.stringValue(from, to);
      else if (key === 'model') names.model = to - from > EMPTY_SIZE;
    });
  } catch {
    return { kind: '', model: false };
  }
  return names;
}
