import type { Framework } from '../fields.ts';
import type { Value } from '../span.ts';

/**
 * Semantic Kernel (Python). Model calls have their content in log records alone, one per message with a JSON text as body;
 * agents and functions have it in attributes of the conventions. Enumerations and classes are written as Python prints
 * them: `FinishReason.STOP`, `<class 'module.Name'>`. Azure AI Inference sends the conventions as they are, its messages as
 * span events whose whole content is JSON in `gen_ai.event.content`; its `az.*` keys are about the request only.
 */
export const semanticKernel: Framework = {
  name: 'semantic-kernel',
  fields: {
    finish_reasons: [{ rank: 15, key: 'gen_ai.response.finish_reason', map: reasonOf }],
    error_type: [{ rank: 5, key: 'error.type', map: classOf }],
    kind: [{ rank: 140, key: 'sk.available_functions', map: () => 'chain' }],
  },
};

/** `FinishReason.TOOL_CALLS` is `tool_calls`. */
function reasonOf(value: Value): Value | undefined {
  const name = typeof value === 'string' ? /^FinishReason\.(\w+)$/.exec(value)?.[1] : undefined;
  return name === undefined ? undefined : [name.toLowerCase()];
}

function classOf(value: Value): Value | undefined {
  return typeof value === 'string' ? /^<class '([^']+)'>$/.exec(value)?.[1] : undefined;
}
