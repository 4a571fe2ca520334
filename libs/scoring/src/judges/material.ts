import { chatOf, type ChatMessage } from '@weft/chat';
import { payloadsOf } from '../arguments.ts';
import type { CallToScore, Target } from '../scorer.ts';

/** What is judged, as text. */

/** A text as it is, anything else as its JSON; nothing is ''. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What a call was asked and what it answered: a conversation where it is one, else its inputs and output as JSON. */
export interface Material {
  readonly input: string;
  readonly output: string;
  /** Instructions that were sent beside the messages; '' = none. */
  readonly instructions: string;
}

export function materialOf(target: Target): Material {
  const each = target.calls.map(ofCall);
  if (each.length === 1) return each[0]!;
  const all = (side: keyof Material) =>
    each
      .map((material, i) => (material[side] === '' ? '' : `(${i + 1}) ${material[side]}`))
      .filter((text) => text !== '')
      .join('\n');
  return { input: all('input'), output: all('output'), instructions: all('instructions') };
}

function ofCall(call: CallToScore): Material {
  const { inputs, output } = payloadsOf(call);
  const chat = chatOf({ opName: call.opName, inputs, output, attributes: call.attributes, summary: call.summary });
  const isChat = isKnown(chat.formats.input) && chat.messages.length > 0;
  const { choices } = chat;
  return {
    input: isChat ? chat.messages.map(said).join('\n') : textOf(inputs),
    output: isKnown(chat.formats.output) && choices.length > 0 ? choices.map(partsOf).join('\n') : textOf(output),
    instructions: chat.systemInstructions.length === 0 ? '' : partsOf({ role: 'system', parts: chat.systemInstructions }),
  };
} // prettier-ignore

/** Of a shape that somebody's recorder has, not of any JSON. */
function isKnown(format: string | null): boolean {
  return format !== null && format !== 'text' && format !== 'json';
}

function said(message: ChatMessage): string {
  return `${message.role}: ${partsOf(message)}`;
}

function partsOf({ parts }: ChatMessage): string {
  return parts
    .map((part) => {
      switch (part.type) {
        case 'text':
        case 'reasoning':
          return part.text;
        case 'toolCall':
          return `(calls ${part.name} with ${textOf(part.arguments)})`;
        case 'toolResult':
          return textOf(part.result);
        case 'json':
          return textOf(part.value);
        case 'unknown':
          return textOf(part.raw);
        default:
          return `(${part.type})`;
      }
    })
    .filter((text) => text !== '')
    .join('\n');
}

/** The JSON value of a payload; undefined = it is none. */
export function valueOf(json: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(json).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
