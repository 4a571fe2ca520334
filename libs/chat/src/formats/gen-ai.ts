import { isFields, list } from '../json.ts';
import { isEventName } from '../messages/events.ts';
import { readMessages } from '../messages/messages.ts';
import { isKnownRole, roleOf, textMessage } from '../message.ts';
import { answered, asked, type Format } from './format.ts';

/** The GenAI conventions of OpenTelemetry since 1.37: messages with typed `parts`, one output message per choice. */
export const genAi: Format = {
  name: 'gen-ai',
  input: (value) => (hasParts(value) ? asked(readMessages(value)) : undefined),
  output: (value) => (hasParts(value) ? answered(readMessages(value, 'assistant')) : undefined),
};

function hasParts(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    (value as unknown[]).some(
      (item) => isFields(item) && (list(item, 'parts')?.some((part) => isFields(part) && 'type' in part) ?? false),
    )
  );
} // prettier-ignore

/** Their older form: one event per message, `gen_ai.user.message`, …, `gen_ai.choice`. */
export const genAiEvents: Format = {
  name: 'gen-ai-events',
  input(value, { key }) {
    if (!key.startsWith('gen_ai.input') && !hasEvents(value)) return undefined;
    const messages = typeof value === 'string' ? [textMessage('user', value)] : readMessages(value, 'user');
    return asked(messages);
  },
  output(value, { key }) {
    if (!key.startsWith('gen_ai.output') && !hasEvents(value)) return undefined;
    if (typeof value === 'string') return answered([textMessage('assistant', value)]);
    return answered(readMessages(value, 'assistant'));
  },
};

function hasEvents(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    (value as unknown[]).some((item) => isFields(item) && isEventName(item['event.name'] ?? item.event_name ?? item.name))
  );
} // prettier-ignore

/** OpenLLMetry before 0.27, and what copied it: `gen_ai.prompt.N.{role, content, tool_calls.N.*}`, `gen_ai.completion.N.*`. */
export const traceloop: Format = {
  name: 'traceloop',
  input(value, { key }) {
    if (!key.startsWith('gen_ai.prompt')) return undefined;
    return asked(typeof value === 'string' ? [textMessage('user', value)] : readMessages(value, 'user'));
  },
  output(value, { key }) {
    if (!key.startsWith('gen_ai.completion')) return undefined;
    if (typeof value === 'string') return answered([textMessage('assistant', value)]);
    return answered(readMessages(value, 'assistant'));
  },
};

/** OpenLIT 1.7: the prompt as lines `role: text`; a text may have lines of its own. */
export const openLit: Format = {
  name: 'openlit',
  input(value, { key }) {
    if (key !== 'gen_ai.content.prompt' || typeof value !== 'string') return undefined;
    const messages: { role: string; lines: string[] }[] = [];
    for (const line of value.split('\n')) {
      const role = /^(\w{2,20}): /.exec(line)?.[1];
      if (role !== undefined && isKnownRole(role))
        messages.push({ role: roleOf(role), lines: [line.slice(role.length + 2)] });
      else if (messages.length > 0) messages.at(-1)!.lines.push(line);
      else messages.push({ role: 'user', lines: [line] });
    }
    return asked(messages.map(({ role, lines }) => textMessage(role, lines.join('\n'))));
  },
  output(value, { key }) {
    if (key !== 'gen_ai.content.completion' || typeof value !== 'string') return undefined;
    return answered([textMessage('assistant', value)]);
  },
};
