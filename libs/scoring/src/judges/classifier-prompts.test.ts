import { describe, expect, it } from '@jest/globals';
import { AGENT_TURN_HEADER, FOOTER, OP_CALL_HEADER } from './classifier-prompts.ts';
import { formatTemplate, variablesOf } from './python/format.ts';

describe('the prompts of classifiers', () => {
  it('are templates, and ask for what they are given', () => {
    expect([...variablesOf(OP_CALL_HEADER)]).toEqual(['op_name', 'status', 'inputs', 'output', 'exception', 'op_source']); // prettier-ignore
    expect(variablesOf(AGENT_TURN_HEADER)).toEqual(
      new Set(['agent_name', 'agent_version', 'agent_description', 'status_code', 'status_message', 'conversation_name', 'system_instructions', 'input_messages', 'output_messages']),
    ); // prettier-ignore
    expect(formatTemplate(FOOTER, new Map(), 10_000)).toContain('{"classifiers": {\n    "ExactName1": {"is_match": true, "confidence": 0.95,'); // prettier-ignore
  });
});
