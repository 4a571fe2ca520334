import type { AgentSpan } from './agent-span.ts';
import { isMedia, partsOf, type Message } from './messages.ts';

/** What was uploaded with these messages: the span's refs to it, else those in the messages themselves. */
export function contentRefs(span: AgentSpan, messages: readonly Message[]): string[] {
  const uris = messages.flatMap(({ content }) =>
    partsOf(content).flatMap((part) =>
      isMedia(part) && typeof part.uri === 'string' && part.uri !== '' ? [part.uri] : [],
    ),
  );
  if (uris.length === 0) return [];
  const digests = new Set(uris.map(digestOf));
  const known = span.content_refs.filter((ref) => digests.has(digestOf(ref)));
  const knownDigests = new Set(known.map(digestOf));
  const others = uris.filter((uri) => uri.startsWith('weave:///') && !knownDigests.has(digestOf(uri)));
  return [...new Set([...known, ...others])];
}

function digestOf(ref: string): string {
  return ref.slice(ref.lastIndexOf(':') + 1);
}
