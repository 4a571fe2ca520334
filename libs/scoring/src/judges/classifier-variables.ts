import { payloadsOf } from '../arguments.ts';
import type { CallToScore, Target } from '../scorer.ts';
import { neutralized } from './fence.ts';
import { materialOf, textOf, valueOf } from './material.ts';

/** Elements of the prompts: judged text must not close them. */
const ELEMENTS =
  /<\/?(?:trace|metadata|operation|status|code|message|input|output|exception|source_code|agent|name|version|description|messages|conversation-name|system-instructions|input-messages|output-messages|classifier)\b|<\|[^|<>\n]{1,64}\|>/gi;

/**
 * What the prompts of classifiers are filled in with. The source of an op is in a file that scorers do not read: `op_source` is ''.
 * All of it is text from the traced program, so what looks like an element of the prompts is made to look alike only.
 */
export function headerVariables(target: Target): ReadonlyMap<string, string> {
  const variables = target.isAgentTurn ? ofAgentTurn(target) : ofCall(target);
  return new Map(Object.entries(variables).map(([name, text]) => [name, neutralized(text, ELEMENTS)]));
}

function ofCall({ call, calls }: Target): Record<string, string> {
  const each = calls.map(payloadsOf);
  const [newest] = each.slice(-1) as [ReturnType<typeof payloadsOf>];
  const all = (side: 'inputs' | 'output') =>
    textOf(each.length > 1 ? each.map((one) => one[side]) : newest[side]);
  return {
    op_name: call.opName,
    status: call.exception === null ? 'success' : 'error',
    inputs: all('inputs'),
    output: all('output'),
    exception: call.exception ?? '',
    op_source: '',
  };
}

function ofAgentTurn(target: Target): Record<string, string> {
  const { call } = target;
  const attribute = createAttributes(call);
  const { input, output, instructions } = materialOf(target);
  return {
    agent_name: attribute('gen_ai.agent.name') || (call.displayName ?? call.opName),
    agent_version: attribute('gen_ai.agent.version'),
    agent_description: attribute('gen_ai.agent.description'),
    status_code: call.exception === null ? 'OK' : 'ERROR',
    status_message: call.exception ?? '',
    conversation_name: attribute('gen_ai.conversation.name') || attribute('gen_ai.conversation.id'),
    system_instructions: instructions,
    input_messages: input,
    output_messages: output,
    op_name: call.opName,
    status: call.exception === null ? 'success' : 'error',
    exception: call.exception ?? '',
    inputs: input,
    output,
  };
}

type Members = Readonly<Record<string, unknown>>;

/** An attribute of a span by its name, wherever its mapping put it; '' = it is not there. */
function createAttributes(call: CallToScore): (name: string) => string {
  const attributes = membersOf(valueOf(call.attributes));
  const places = [attributes, membersOf(membersOf(attributes.otel_span).attributes)];
  return (name) => {
    for (const place of places) {
      const found = place[name] ?? nested(place, name.split('.'));
      if (found !== undefined && found !== null) return textOf(found);
    }
    return '';
  };
}

function nested(members: Members, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => membersOf(value)[key], members);
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}
