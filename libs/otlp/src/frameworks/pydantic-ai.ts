import { JsonScanner } from '@weft/model';
import type { Framework } from '../fields.ts';
import type { OtlpSpan, Value } from '../span.ts';
import { objectEntries, RawJson } from '../tree.ts';
import { decoded } from './mlflow.ts';

/**
 * PydanticAI. Version 1 of its instrumentation (the default until 1.0) packs the events of a model call into one attribute,
 * a JSON list whose members have an `event.name`, or sends them as log records; 2 and later send the messages of the
 * conventions. Runs of agents carry all messages, with the answer last, and the sums of what their model calls used; since
 * version 3 under names of their own (`gen_ai.aggregated_usage.*`).
 */
export const pydanticAi: Framework = {
  name: 'pydantic-ai',
  fields: {
    inputs: [
      { rank: 60, key: 'pydantic_ai.all_messages' },
      { rank: 350, key: 'events', exact: true, map: (value) => eventsOf(value, (name) => name !== CHOICE) },
      { rank: 351, key: 'all_messages_events', exact: true },
    ],
    output: [
      { rank: 60, key: 'final_result' },
      { rank: 350, key: 'events', exact: true, map: (value) => eventsOf(value, (name) => name === CHOICE) },
    ],
    input_tokens: [{ rank: 200, key: 'gen_ai.aggregated_usage.input_tokens' }],
    output_tokens: [{ rank: 200, key: 'gen_ai.aggregated_usage.output_tokens' }],
    cache_read_input_tokens: [
      { rank: 80, key: 'gen_ai.usage.details.cache_read_tokens' },
      { rank: 81, key: 'gen_ai.usage.details.cached_tokens' },
      { rank: 200, key: 'gen_ai.aggregated_usage.cache_read.input_tokens' },
      { rank: 201, key: 'gen_ai.aggregated_usage.details.cache_read_tokens' },
    ],
    cache_creation_input_tokens: [
      { rank: 80, key: 'gen_ai.usage.details.cache_write_tokens' },
      { rank: 200, key: 'gen_ai.aggregated_usage.cache_creation.input_tokens' },
      { rank: 201, key: 'gen_ai.aggregated_usage.cache_write.input_tokens' },
    ],
    reasoning_tokens: [
      { rank: 50, key: 'gen_ai.usage.details.reasoning_tokens' },
      { rank: 200, key: 'gen_ai.aggregated_usage.details.reasoning_tokens' },
    ],
    reported_cost: [{ rank: 40, key: 'operation.cost' }],
    system: [{ rank: 40, key: 'system_prompt' }],
    kind: [{ rank: 120, key: 'agent_name', exact: true, map: kindOfRun }],
    model: [
      { rank: 90, key: 'model_name', exact: true },
      { rank: 100, key: 'model', exact: true, map: decoded },
    ],
    model_parameters: [{ rank: 50, key: 'model_config', exact: true }],
    agent_name: [{ rank: 30, key: 'agent_name' }],
    tool_definitions: [{ rank: 60, key: 'model_request_parameters.function_tools' }],
    time_to_first_token: [{ rank: 50, key: 'gen_ai.client.operation.time_to_first_chunk' }],
    display_name: [{ rank: 20, key: 'logfire.msg', map: messageOfGenericName }],
  },
};

const CHOICE = 'gen_ai.choice';
const GENERIC =
  /^(?:agent run|running tools?|running \d+ tools?|running output function|preparing model request params)$/;

function messageOfGenericName(value: Value, span: OtlpSpan): Value | undefined {
  return GENERIC.test(span.name) && value !== span.name ? value : undefined;
}

/** The first version says nothing of operations. */
function kindOfRun(_: Value, { attributes }: OtlpSpan): string | undefined {
  return attributes.get('model_name') === undefined ? undefined : 'agent';
}

/** Those of a JSON list of events whose name is wanted, as they were sent. Undefined for any other list. */
function eventsOf(value: Value, wanted: (name: string) => boolean): string | undefined {
  if (typeof value !== 'string' || !value.startsWith('[')) return undefined;
  const bytes = Buffer.from(value);
  const events: string[] = [];
  try {
    new JsonScanner(bytes).elements(0, (from, to) => {
      const event = bytes.subarray(from, to);
      const name = nameOf(event);
      if (name !== null && wanted(name)) events.push(event.toString());
    });
  } catch {
    return undefined;
  }
  return events.length === 0 ? undefined : `[${events.join(',')}]`;
}

function nameOf(event: Buffer): string | null {
  const name = objectEntries(new RawJson(event))?.findLast(([key]) => key === 'event.name')?.[1];
  return name instanceof RawJson ? (JSON.parse(name.bytes.toString()) as string | null) : null;
}
