import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { MAPPING_VERSION } from './mapping-version.ts';
import { callsOf, readable } from './testing/build.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';

/**
 * What the mapping of `version` makes of each captured request. The lock is of the last version that was given out: a
 * mapping that makes something else of a request has to have a higher number, or stored spans keep what they are.
 */
interface Lock {
  readonly version: number;
  /** Fixture → digest of its calls. */
  readonly digests: Readonly<Record<string, string>>;
}

const FILE = 'mapping.lock.json';
const path = fileURLToPath(new URL(`../${FILE}`, import.meta.url));

function currentLock(): Lock {
  const digests = TRACE_FIXTURES.map((name) => {
    const calls = callsOf(fixture(`${name}.bin`), 'protobuf').map((call) => {
      const { start, end, ...rest } = readable(call);
      const { otelDump, ...stored } = start;
      void otelDump;
      return { ...rest, start: stored, end };
    });
    return [name, createHash('sha256').update(JSON.stringify(calls)).digest('hex').slice(0, 16)] as const;
  });
  return { version: MAPPING_VERSION, digests: Object.fromEntries(digests) };
}

/** Why the mapping must not be given out like this; empty: it may. */
function problemsOf(locked: Lock, current: Lock): string[] {
  const names = Object.keys(locked.digests);
  const changed = names.filter((name) => (current.digests[name] ?? '') !== locked.digests[name]);
  const added = Object.keys(current.digests).filter((name) => locked.digests[name] === undefined);
  const again = `delete libs/otlp/${FILE} and run this test twice`;
  if (current.version < locked.version)
    return [`MAPPING_VERSION is below ${locked.version}, which was given out`];
  if (current.version > locked.version) return [`the lock is of mapping ${locked.version}: ${again}`];
  return [
    ...(changed.length === 0
      ? []
      : [
          `${changed.join(', ')}: other calls than mapping ${locked.version} made: raise MAPPING_VERSION, ${again}`,
        ]),
    ...(added.length === 0 ? [] : [`${added.join(', ')}: not in the lock: ${again}`]),
  ];
}

describe('the mapping', () => {
  it('has a number of its own', () => {
    const current = currentLock();
    if (!existsSync(path)) {
      writeFileSync(path, `${JSON.stringify(current, null, 2)}\n`);
      throw new Error(`libs/otlp/${FILE} was missing and is written now: run the test again`);
    }
    expect(problemsOf(JSON.parse(fixture(`../${FILE}`).toString()) as Lock, current)).toEqual([]);
  });

  it('may not change without another', () => {
    const locked: Lock = { version: 3, digests: { a: '1', b: '2' } };
    expect(problemsOf(locked, locked)).toEqual([]);
    const changed = { version: 3, digests: { a: '1', b: '9', c: '3' } };
    expect(problemsOf(locked, changed)).toEqual([
      expect.stringMatching(/^b: other calls .* raise MAPPING_VERSION/),
      expect.stringMatching(/^c: not in the lock/),
    ]);
    expect(problemsOf(locked, { version: 3, digests: { a: '1' } })).toEqual([expect.stringMatching(/^b: /)]);
    expect(problemsOf(locked, { ...changed, version: 4 })).toEqual([
      expect.stringContaining('the lock is of'),
    ]);
    expect(problemsOf(locked, { ...locked, version: 2 })).toEqual([expect.stringContaining('below 3')]);
  });
});
