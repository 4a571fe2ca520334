import type { Chat, ChatMessage, ChatPart, MediaPart } from '@weft/chat';
import { asBuffer, REF_SCHEME } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { RefValues } from './ref-values.ts';

/** Media of a chat whose files are looked up; others keep their refs. */
const MAX_REFS = 1000;

/**
 * The chat with addresses that open where media are refs to objects of the project: `url` is the path of the file on this
 * server, and `fileId` the ref. What leads nowhere stays.
 */
export async function withFileUrls(
  reader: Pick<TraceReader, 'statObjects' | 'readValues' | 'tableRows'>,
  projectId: string,
  chat: Chat,
): Promise<Chat> {
  const refs = new Set(
    partsOf(chat)
      .flatMap((part) => refOf(part) ?? [])
      .slice(0, MAX_REFS),
  );
  if (refs.size === 0) return chat;
  const values = await new RefValues(reader, projectId).of(refs);
  return changed(chat, (part) => {
    const ref = refOf(part);
    const value = ref === undefined ? undefined : values.get(ref);
    const digest = value && fileOf(value);
    return digest === undefined ? part : { ...part, url: pathOf(projectId, digest), fileId: ref };
  });
}

/** Where `GET` gives its bytes. */
function pathOf(projectId: string, digest: string): string {
  return `/weft/v1/files/${projectId.split('/').map(encodeURIComponent).join('/')}/${digest}`;
}

function refOf(part: ChatPart): string | undefined {
  const { url } = part as Partial<MediaPart>;
  return typeof url === 'string' && url.startsWith(REF_SCHEME) ? url : undefined;
}

const DIGEST = /^[0-9A-Za-z]{43}$/;
/** Objects that have files and are longer are none that a server made of media. */
const MAX_VALUE_BYTES = 4096;

/** Of a `Content` object: `{"files": {"content": digest, …}}`. */
function fileOf(value: Uint8Array): string | undefined {
  if (value.length > MAX_VALUE_BYTES) return undefined;
  const { files } = (JSON.parse(asBuffer(value).toString()) ?? {}) as {
    files?: { content?: unknown } | null;
  };
  const digest = files?.content;
  return typeof digest === 'string' && DIGEST.test(digest) ? digest : undefined;
}

function partsOf({ messages, choices, systemInstructions }: Chat): readonly ChatPart[] {
  return [...systemInstructions, ...[...messages, ...choices].flatMap(({ parts }) => parts)];
}

function changed(chat: Chat, change: (part: ChatPart) => ChatPart): Chat {
  const each = (message: ChatMessage) => ({ ...message, parts: message.parts.map(change) });
  return {
    ...chat,
    messages: chat.messages.map(each),
    choices: chat.choices.map(each),
    systemInstructions: chat.systemInstructions.map(change),
  };
}
