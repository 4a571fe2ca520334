import type { Chat, ChatMessage, ChatPart, MediaPart } from '@weft/chat';
import { html, type Html } from './html.ts';
import { prettyJson, SHOWN_CHARS } from './json-text.ts';

/** Messages at the top and at the end that a page shows; what is between stands in the raw JSON below. */
const SHOWN_MESSAGES = 100;
const LAST_RESORT: ReadonlySet<string | null> = new Set([null, 'text', 'json', 'tool']);

/** A conversation as people read it; nothing where the raw JSON says as much. Media are named, never fetched. */
export function chatView(chat: Chat): Html {
  if (LAST_RESORT.has(chat.formats.input) && LAST_RESORT.has(chat.formats.output)) return html``;
  const { messages, choices, systemInstructions, omittedMessages } = chat;
  const head = messages.slice(0, SHOWN_MESSAGES / 2);
  const tail = messages.slice(Math.max(head.length, messages.length - SHOWN_MESSAGES / 2));
  const hidden = messages.length - head.length - tail.length + omittedMessages;
  return html`<h2>Conversation</h2>
    ${systemInstructions.length === 0 ? null : messageView({ role: 'instructions', parts: systemInstructions })}
    ${head.map((message) => messageView(message))}
    ${hidden === 0 ? null : html`<p class="soft">… ${hidden} messages: see the inputs</p>`}
    ${tail.map((message) => messageView(message))}
    ${choices.slice(0, SHOWN_MESSAGES).map((choice, i) => messageView(choice, choices.length > 1 ? i : undefined))}
    ${toolsView(chat)}`;
} // prettier-ignore

function messageView(message: ChatMessage, choice?: number): Html {
  const { role, name, parts, finishReason } = message;
  const said = [choice === undefined ? '' : `choice ${choice + 1}`, name ?? '', finishReason ?? '']
    .filter((each) => each !== '')
    .join(' · ');
  return html`<section class="message">
    <p><b>${role}</b> <span class="soft">${said}</span></p>
    ${parts.map(partView)}
  </section>`;
}

function partView(part: ChatPart): Html {
  switch (part.type) {
    case 'text':
      return html`<pre class="${part.refusal ? 'error' : ''}">${cut(part.text)}</pre>`;
    case 'reasoning':
      return fold(part.redacted ? 'Thinking, redacted' : 'Thinking', cut(part.text));
    case 'toolCall':
      return html`<p>→ <code>${part.name}</code> <span class="soft">${part.id ?? ''}${part.server ? ' run by the provider' : ''}</span></p>
        <pre>${part.argumentsText === undefined ? pretty(part.arguments) : prettyJson(Buffer.from(part.argumentsText))}</pre>`; // prettier-ignore
    case 'toolResult':
      return html`<p class="${part.isError ? 'error' : ''}">← <code>${part.name ?? 'result'}</code> <span class="soft">${part.id ?? ''}</span></p>
        <pre>${typeof part.result === 'string' ? cut(part.result) : pretty(part.result)}</pre>`; // prettier-ignore
    case 'json':
      return html`<pre>${pretty(part.value)}</pre>`;
    case 'unknown':
      return fold(part.kind === '' ? 'Other' : part.kind, pretty(part.raw));
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return mediaView(part);
  }
}

/** Links are followed by who clicks them: pages load nothing. */
function mediaView({ type, mimeType, url, data, fileId, name, transcript }: MediaPart): Html {
  const kind = [
    name ?? '',
    mimeType ?? '',
    data === undefined ? '' : `${sizeBytes(data)} bytes`,
    fileId ?? '',
  ]
    .filter((each) => each !== '')
    .join(' · ');
  const isLink = url !== undefined && /^(?:https?:\/|\/weft\/v1\/files)\//i.test(url);
  return html`<p>
      [${type}] ${kind}
      ${isLink ? html`<a href="${url}" rel="noreferrer noopener">${shortened(url)}</a>` : shortened(url ?? '')}
    </p>
    ${transcript === undefined ? null : html`<pre>${cut(transcript)}</pre>`}`;
}

/** Of base64. */
function sizeBytes(data: string): number {
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0;
  return Math.floor(((data.length - padding) * 3) / 4);
}

function toolsView({ tools }: Chat): Html | null {
  return tools.length === 0 ? null : fold(`Tools (${tools.length})`, pretty(tools));
}

function fold(title: string, content: string): Html {
  return html`<details>
    <summary>${title}</summary>
    <pre>${content}</pre>
  </details>`;
}

function pretty(value: unknown): string {
  return prettyJson(Buffer.from(JSON.stringify(value) ?? ''));
}

function cut(text: string): string {
  return text.length <= SHOWN_CHARS
    ? text
    : `${text.slice(0, SHOWN_CHARS)}\n… ${text.length - SHOWN_CHARS} more characters: see the raw JSON`;
}

function shortened(url: string): string {
  return url.length <= 200 ? url : `${url.slice(0, 200)}…`;
}
