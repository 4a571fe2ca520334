import { describe, expect, it } from '@jest/globals';
import { chatOf } from './chat-of.ts';

/** Media that became files on the way to the store: refs stand where base64 was. */

const ref = (name: string) => `weave:///acme/vision/object/${name}:${'x'.repeat(43)}`;
const IMAGE = ref('image-1a2b.png');
const AUDIO = ref('audio-beef.wav');

const asked = (content: unknown) => ({ inputs: { messages: [{ role: 'user', content }] } });
const SPELLINGS: readonly (readonly [string, object, string, object])[] = [
  ['OpenAI image', asked([{ type: 'image_url', image_url: { url: IMAGE } }]), IMAGE, { type: 'image' }],
  ['OpenAI audio', asked([{ type: 'input_audio', input_audio: { data: AUDIO, format: 'wav' } }]), AUDIO, { type: 'audio', mimeType: 'audio/wav' }],
  ['OpenAI file', asked([{ type: 'file', file: { filename: 'a.pdf', file_data: ref('file-0000.pdf') } }]), ref('file-0000.pdf'), { type: 'file', name: 'a.pdf' }],
  ['Anthropic', asked([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: IMAGE } }]), IMAGE, { type: 'image', mimeType: 'image/png' }],
  ['Gemini', { inputs: { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: IMAGE } }] }] } }, IMAGE, { type: 'image' }],
  ['OpenTelemetry', { inputs: { 'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'blob', mime_type: 'image/png', modality: 'image', content: IMAGE }] }] } }, IMAGE, { type: 'image' }],
  ['AI SDK', asked([{ type: 'file', mediaType: 'audio/wav', data: AUDIO }]), AUDIO, { type: 'audio' }],
  ['no media type', asked([{ type: 'file', data: AUDIO }]), AUDIO, { type: 'audio', name: 'audio-beef.wav' }],
  ['Ollama', { inputs: { messages: [{ role: 'user', content: 'what is it?', images: [IMAGE] }] } }, IMAGE, { type: 'image' }],
  ['the whole text', asked(IMAGE), IMAGE, { type: 'image', name: 'image-1a2b.png' }],
  ['a text of parts', asked([{ type: 'text', text: 'see' }, IMAGE]), IMAGE, { type: 'image' }],
]; // prettier-ignore

describe('media by reference', () => {
  it.each(SPELLINGS)('%s', (_, call, url, expected) => {
    const parts = chatOf(call).messages.flatMap((message) => message.parts);
    expect(parts.find(({ type }) => type !== 'text')).toMatchObject({ ...expected, url });
    expect(JSON.stringify(parts)).not.toContain('"data"');
  });

  it.each([
    `see ${IMAGE}`,
    `${IMAGE} `,
    'weave:///acme/vision/op/image-1a2b.png:' + 'x'.repeat(43),
    'weave:///acme/vision/object/prompt:' + 'x'.repeat(43),
    'weave:///acme/vision/object/image-1a2b.png:v0',
  ])('%s stays a text', (text) => {
    expect(chatOf(asked(text)).messages[0]!.parts).toEqual([{ type: 'text', text }]);
  });
});
