import type { AgentSpan } from './agent-span.ts';

/**
 * The spans of a trace whose usage is in its totals: without those that tell again what spans below them used. Tokens that
 * were made are not told by spans below that made none.
 */
export function countedSpans(spans: readonly AgentSpan[]): AgentSpan[] {
  const parents = new Map(spans.map((span) => [span.span_id, span.parent_span_id]));
  const below = new Map<string, number>();
  for (const span of spans) {
    const kind = kindOf(span);
    for (
      let id = parents.get(span.span_id)!;
      id !== span.span_id && parents.has(id) && (below.get(id) ?? NONE) < kind;
      id = parents.get(id)!
    )
      below.set(id, kind);
  }
  return spans.filter((span) => {
    const kind = kindOf(span);
    return kind === NONE || (below.get(span.span_id) ?? NONE) < kind;
  });
}

const NONE = 0;
const SENT = 1;
const MADE = 2;

function kindOf({ input_tokens: sent, output_tokens: made }: AgentSpan): number {
  return made > 0 ? MADE : sent > 0 ? SENT : NONE;
}
