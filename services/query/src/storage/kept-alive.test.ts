import { describe, expect, it } from '@jest/globals';
import { keptAlive } from './kept-alive.ts';

const line = (n: number) => ({ n });

function gateOf() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe('keptAlive', () => {
  it('says the last value again while the next one is awaited, and nothing before the first', async () => {
    const gate = gateOf();
    const begun = gateOf();
    async function* values() {
      await begun.passed;
      yield line(1);
      await gate.passed;
      yield line(2);
    }
    const kept = keptAlive(values(), 1);
    const first = kept.next();
    const early = await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 20, 'nothing'))]);
    expect(early).toBe('nothing');
    begun.open();
    expect(await first).toEqual({ value: line(1), done: false });
    expect([(await kept.next()).value, (await kept.next()).value]).toEqual([line(1), line(1)]);
    gate.open();
    const rest = [];
    for await (const value of kept) rest.push(value);
    expect(rest.filter(({ n }) => n === 2)).toEqual([line(2)]);
  });

  it('passes on what fails, and ends what it was given when it is left', async () => {
    async function* fails() {
      yield line(1);
      throw new Error('broken');
    }
    const failing = keptAlive(fails());
    await failing.next();
    await expect(failing.next()).rejects.toThrow('broken');
    let isEnded = false;
    async function* values() {
      try {
        yield line(1);
        yield line(2);
      } finally {
        isEnded = true;
      }
    }
    for await (const _ of keptAlive(values())) break;
    expect(isEnded).toBe(true);
  });
});
