import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { chatOf } from './chat-of.ts';
import type { ChatSource } from './chat.ts';

const dir = fileURLToPath(new URL('../fixtures/', import.meta.url));
const formats = readdirSync(dir).filter((file) => file.endsWith('.json') && !file.endsWith('.golden.json'));

/**
 * Calls as SDKs and instrumentations write them, and the chats they must become. A missing file is written and the test
 * fails once: to change what is expected, delete the file, run, and review the diff.
 */
describe.each(formats)('%s', (file) => {
  const cases = JSON.parse(readFileSync(dir + file, 'utf8')) as { name: string; call: ChatSource }[];
  const path = dir + file.replace('.json', '.golden.json');
  const chats = new Map(cases.map(({ name, call }) => [name, JSON.parse(JSON.stringify(chatOf(call)))]));
  const isNew = !existsSync(path);
  if (isNew) writeFileSync(path, `${JSON.stringify(Object.fromEntries(chats), null, 1)}\n`);
  const expected = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

  it('has an expectation', () => expect(isNew ? `${path} is written now: review it` : '').toBe(''));
  it.each(cases)('$name', ({ name }) => expect(chats.get(name)).toEqual(expected[name]));
});
