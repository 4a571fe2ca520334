import { describe, expect, it } from '@jest/globals';
import { chatOf } from '@weft/chat';
import { chatView } from './chat-view.ts';

const imageOf = (data: string) =>
  chatOf({
    inputs: {
      messages: [
        {
          role: 'user',
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }],
        },
      ],
    },
  });

describe('chatView', () => {
  it('says how large media are', () => {
    for (const bytes of [1, 2, 3, 100])
      expect(chatView(imageOf(Buffer.alloc(bytes).toString('base64'))).text).toContain(`${bytes} bytes`);
  });

  it('takes data that is no base64, whatever it ends in', () => {
    expect(chatView(imageOf(`${'='.repeat(1_000_000)}x`)).text).toContain('image/png');
  });
});
