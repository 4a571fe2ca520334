import { describe, expect, it } from '@jest/globals';
import type { AgentSpan } from './agent-span.ts';
import { countedSpans } from './counted-spans.ts';

const span = (id: string, parent: string, input: number, output: number) =>
  ({ span_id: id, parent_span_id: parent, input_tokens: input, output_tokens: output }) as AgentSpan;
const counted = (...spans: AgentSpan[]) => countedSpans(spans).map(({ span_id: id }) => id);

describe('countedSpans', () => {
  it('leaves out what spans below tell, in any order', () => {
    const spans = [span('agent', '', 86, 34), span('step', 'agent', 0, 0), span('chat', 'step', 43, 17), span('more', 'step', 43, 17)]; // prettier-ignore
    expect(counted(...spans)).toEqual(['step', 'chat', 'more']);
    expect(counted(...spans.toReversed())).toEqual(['more', 'chat', 'step']);
  });

  it('counts an agent that alone tells it, or beside embeddings', () => {
    expect(counted(span('agent', '', 43, 17), span('step', 'agent', 0, 0))).toEqual(['agent', 'step']);
    expect(counted(span('agent', 'gone', 43, 17), span('embed', 'agent', 8, 0))).toEqual(['agent', 'embed']);
    expect(counted(span('embed', '', 8, 0), span('inner', 'embed', 8, 0))).toEqual(['inner']);
  });

  it('ends in circles', () =>
    expect(counted(span('a', 'a', 1, 1), span('b', 'b', 0, 0))).toEqual(['a', 'b']));
});
