import { describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { createLogger } from '@weft/runtime';
import { eventually } from '@weft/testkit';
import { createPatience } from './storage-patience.ts';

const lines: string[] = [];
const destination = { write: (line: string) => void lines.push(JSON.parse(line).msg) };
const logger = createLogger({ name: 'test', level: 'info', destination });
const away = async () => {
  throw new AppError('storage_unavailable', 'away');
};
const patience = (times = {}) => createPatience(logger, { waitMs: 50, retryMs: 0, keepMs: 60_000, ...times });

describe('patience', () => {
  it('gives what comes, and throws what is wrong with it', async () => {
    const { have } = patience();
    expect(await have('a', async () => 1)).toBe(1);
    const bad = async () => {
      throw new AppError('undecodable_event', 'not there');
    };
    await expect(have('a', bad)).rejects.toThrow('not there');
  });

  it('is not asked again while what was slow is on its way, which is then given', async () => {
    const { have } = patience();
    let come!: (value: string) => void;
    let runs = 0;
    const slow = () => {
      runs++;
      return new Promise<string>((resolve) => (come = resolve));
    };
    expect(await have('slow', slow)).toBeUndefined();
    expect(await have('slow', slow)).toBeUndefined();
    come('at last');
    expect(await eventually(async () => have('slow', slow))).toBe('at last');
    expect(runs).toBe(1);
    // It is back: others are waited for.
    expect(await have('other', async () => 2)).toBe(2);
  });

  it('tries beside the batch while the store is away, few at a time, until one succeeds', async () => {
    const { have } = patience();
    expect(await have('a', away)).toBeUndefined();
    let running = 0;
    const hanging = () => {
      running++;
      return new Promise<never>(() => {});
    };
    const started = performance.now();
    for (let i = 0; i < 20; i++) expect(await have(`h${i}`, hanging)).toBeUndefined();
    expect(running).toBe(2);
    // None of them was waited for.
    expect(performance.now() - started).toBeLessThan(50);
    const other = patience();
    await other.have('a', away);
    expect(await other.have('b', async () => 'back')).toBeUndefined();
    expect(await eventually(() => other.have('b', async () => 'not run'))).toBe('back');
  });

  it('does not try all the time', async () => {
    const { have } = patience({ retryMs: 60_000 });
    await have('a', away);
    let runs = 0;
    for (let i = 0; i < 5; i++) await have('a', async () => ++runs);
    expect(runs).toBe(0);
  });

  it('says it once', async () => {
    lines.length = 0;
    const { have } = patience();
    for (const name of ['a', 'b']) await have(name, away);
    await eventually(() => have('c', async () => true));
    expect(lines).toEqual([
      'the blob store is away or slow: events whose payloads are there wait, others go on',
      'the blob store can be used again',
    ]);
  });
});
