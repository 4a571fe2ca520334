import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { callsOf, readable } from './testing/build.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';

/**
 * A captured request and the calls it must become. A missing file is written and the test fails once: to change what is
 * expected, delete the file, run, and review the diff.
 */
describe('captured spans', () => {
  it.each(TRACE_FIXTURES.filter((name) => name !== 'synthetic-empty'))('%s', (name) => {
    const file = `${name}.golden.json`;
    const calls = callsOf(fixture(`${name}.bin`), 'protobuf').map((call) => {
      const { start, ...rest } = readable(call);
      const { otelDump, ...stored } = start;
      void otelDump;
      return { ...rest, start: stored };
    });
    const path = fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
    if (!existsSync(path)) {
      writeFileSync(path, `${JSON.stringify(calls, null, 1)}\n`);
      throw new Error(`${file} was missing and is written now: review it`);
    }
    expect(calls).toEqual(JSON.parse(fixture(file).toString()));
  });
});
