import { describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { collect, disordered, numbered, numbersOf, range } from '../testing/events.ts';
import { quiet, recorder } from '../testing/logs.ts';
import { SimDisk } from '../testing/sim-disk.ts';
import { openEmbeddedEventLog, type EmbeddedEventLog } from './embedded.ts';
import type { EmbeddedEventLogOptions } from './options.ts';
import type { LogSink } from '../log-sink.ts';

const DIR = '/log';
const GROUP = 'writer';
const TOPIC = 'trace-events';

type Config = EmbeddedEventLogOptions['config'];

function open(disk: SimDisk, config: Config = {}, logger: LogSink = quiet): Promise<EmbeddedEventLog> {
  return openEmbeddedEventLog({ dir: DIR, disk, logger, config, groups: { [TOPIC]: [GROUP] } });
}

async function readAll(log: EmbeddedEventLog): Promise<number[]> {
  const reader = collect(log, TOPIC, { group: GROUP });
  await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 10_000);
  await reader.stop();
  expect(disordered(reader.events)).toEqual([]);
  return numbersOf(reader.events).sort((a, b) => a - b);
}

/** A disk with `appends` acknowledged appends of 4 events, as a killed process leaves it. */
async function killedAfter(appends: number, config: Config = {}): Promise<SimDisk> {
  const disk = new SimDisk();
  const log = await open(disk, config);
  for (let n = 0; n < appends; n++) await log.append(TOPIC, numbered(n * 4, n * 4 + 4));
  const killed = disk.copy();
  await log.close();
  return killed;
}

const segmentsOf = (disk: SimDisk) => disk.paths().filter((path) => /\/\d{12}\.log$/.test(path));
const SMALL = { EVENT_LOG_SEGMENT_BYTES: 1500, EVENT_LOG_PARTITIONS: 2 };

async function outcome(disk: SimDisk, config: Config = SMALL): Promise<number[] | 'refused'> {
  let log: EmbeddedEventLog;
  try {
    log = await open(disk, config);
  } catch (error) {
    expect(error).toMatchObject({ code: 'log_unavailable', message: expect.stringContaining(DIR) });
    return 'refused';
  }
  const numbers = await readAll(log);
  await log.close();
  return numbers;
}

describe('a torn tail', () => {
  it('is cut at the last complete commit, wherever the file ends', async () => {
    const before = await killedAfter(2, SMALL);
    const after = await killedAfter(3, SMALL);
    // Salts differ between runs: cut the longer one, whose first two commits end where those of the shorter one do.
    const path = segmentsOf(after)[0]!;
    const whole = Buffer.from(after.bytes(path));
    const secondEnds = before.bytes(segmentsOf(before)[0]!).length;
    expect(whole.length).toBeGreaterThan(secondEnds);
    for (let length = secondEnds; length < whole.length; length++) {
      const disk = after.copy();
      disk.replace(path, whole.subarray(0, length));
      expect({ length, numbers: await outcome(disk) }).toEqual({ length, numbers: range(0, 8) });
    }
    expect(await outcome(after)).toEqual(range(0, 12));
  });

  it('is cut when sectors of the last commit are missing in its middle', async () => {
    const disk = await killedAfter(2, SMALL);
    const path = segmentsOf(disk)[0]!;
    const log = await open(disk, SMALL);
    const start = disk.bytes(path).length;
    await log.append(TOPIC, numbered(8, 30, 2));
    const killed = disk.copy();
    await log.close();
    const written = Buffer.from(killed.bytes(path));
    for (let hole = start; hole + 60 < written.length; hole += 31) {
      const torn = killed.copy();
      torn.replace(
        path,
        Buffer.concat([written.subarray(0, hole), Buffer.alloc(60), written.subarray(hole + 60)]),
      );
      expect({ hole, numbers: await outcome(torn) }).toEqual({ hole, numbers: range(0, 8) });
    }
  });

  it('can be written after, and read again', async () => {
    const disk = await killedAfter(2, SMALL);
    const path = segmentsOf(disk)[0]!;
    disk.replace(path, Buffer.concat([disk.bytes(path), Buffer.from('half a record')]));
    const log = await open(disk, SMALL);
    await log.append(TOPIC, numbered(8, 12));
    await log.close();
    expect(await outcome(disk)).toEqual(range(0, 12));
  });
});

describe('damage', () => {
  it('is found for every flipped bit before the last commit', async () => {
    const disk = await killedAfter(12, SMALL);
    const segments = segmentsOf(disk);
    expect(segments.length).toBeGreaterThan(2);
    const random = mulberry32(7);
    for (let round = 0; round < 300; round++) {
      const path = segments[Math.floor(random() * (segments.length - 1))]!;
      const bytes = Buffer.from(disk.bytes(path));
      const at = Math.floor(random() * bytes.length);
      bytes[at]! ^= 1 << Math.floor(random() * 8);
      const spoilt = disk.copy();
      spoilt.replace(path, bytes);
      expect({ path, at, result: await outcome(spoilt) }).toEqual({ path, at, result: 'refused' });
    }
  });

  it('in the last segment is told from a torn tail by the commits behind it', async () => {
    const disk = await killedAfter(6, { EVENT_LOG_PARTITIONS: 2 });
    const [path] = segmentsOf(disk);
    const sound = Buffer.from(disk.bytes(path!));
    for (let at = 0; at < sound.length; at += 7) {
      const bytes = Buffer.from(sound);
      bytes[at]! ^= 0x10;
      const spoilt = disk.copy();
      spoilt.replace(path!, bytes);
      const result = await outcome(spoilt, { EVENT_LOG_PARTITIONS: 2 });
      // Only the last commit looks like a torn tail.
      expect({ at, result }).toEqual({ at, result: result === 'refused' ? 'refused' : range(0, 20) });
    }
  });

  it('of what the cursor knows as synced is no torn tail', async () => {
    const disk = await killedAfter(3, SMALL);
    const log = await open(disk, SMALL);
    await log.close();
    const path = segmentsOf(disk).at(-1)!;
    disk.replace(path, disk.bytes(path).subarray(0, -1));
    expect(await outcome(disk)).toBe('refused');
  });

  it.each<[string, (disk: SimDisk, segments: string[]) => void]>([
    ['a missing segment', (disk, [, second]) => disk.delete(second!)],
    ['a missing first segment', (disk, [first]) => disk.delete(first!)],
    ['an empty segment', (disk, [, second]) => disk.replace(second!, Buffer.alloc(0))],
    [
      'a zeroed segment',
      (disk, [, second]) => disk.replace(second!, Buffer.alloc(disk.bytes(second!).length)),
    ],
    ['a shortened segment', (disk, [first]) => disk.replace(first!, disk.bytes(first!).subarray(0, -20))],
    [
      'a lengthened segment',
      (disk, [first]) => disk.replace(first!, Buffer.concat([disk.bytes(first!), Buffer.alloc(9)])),
    ],
    [
      'swapped segments',
      (disk, [first, second]) => {
        const kept = Buffer.from(disk.bytes(first!));
        disk.replace(first!, disk.bytes(second!));
        disk.replace(second!, kept);
      },
    ],
    [
      'a segment under the name of the next',
      (disk, [first, second]) => disk.replace(second!, disk.bytes(first!)),
    ],
    ['all segments gone', (disk, segments) => segments.forEach((path) => disk.delete(path))],
    ['the cursor gone', (disk) => disk.delete(`${DIR}/cursor`)],
    ['the cursor zeroed', (disk) => disk.replace(`${DIR}/cursor`, Buffer.alloc(131072))],
    [
      'a repeated record',
      (disk, segments) => {
        const path = segments.at(-2)!;
        const bytes = disk.bytes(path);
        disk.replace(path, Buffer.concat([bytes, bytes.subarray(-300)]));
      },
    ],
  ])('stops the start: %s', async (_, spoil) => {
    const disk = await killedAfter(12, SMALL);
    // Reopened once, so that the cursor knows what is there.
    await (await open(disk, SMALL)).close();
    spoil(disk, segmentsOf(disk));
    expect(await outcome(disk)).toBe('refused');
  });

  it('in one slot of the cursor leaves the other', async () => {
    const disk = await killedAfter(3, SMALL);
    const log = await open(disk, SMALL);
    expect(await readAll(log)).toEqual(range(0, 12));
    await log.append(TOPIC, numbered(12, 16));
    await log.close();
    for (const slot of [0, 1]) {
      const spoilt = disk.copy();
      const bytes = Buffer.from(spoilt.bytes(`${DIR}/cursor`));
      bytes.fill(0xff, slot * 65536, slot * 65536 + 100);
      spoilt.replace(`${DIR}/cursor`, bytes);
      const rest = await outcome(spoilt);
      expect(rest).toEqual(expect.arrayContaining(range(12, 16)));
    }
  });

  it('met while reading ends consume() loudly and repeats what came before', async () => {
    const disk = await killedAfter(6, SMALL);
    const log = await open(disk, { ...SMALL, EVENT_LOG_TAIL_BYTES: 0 });
    const [first] = segmentsOf(disk);
    disk.bytes(first!)[disk.bytes(first!).length - 3]! ^= 1;
    const reader = collect(log, TOPIC, { group: GROUP });
    await expect(reader.done).rejects.toMatchObject({
      code: 'log_unavailable',
      message: expect.stringContaining(first!),
    });
    await log.close();
  });
});

describe('quarantine', () => {
  it('goes on with the sound records, reports what is lost and keeps the damaged file', async () => {
    const disk = await killedAfter(12, SMALL);
    const [, second] = segmentsOf(disk);
    const bytes = Buffer.from(disk.bytes(second!));
    bytes[bytes.length - 3]! ^= 1;
    disk.replace(second!, bytes);
    const logger = recorder();
    const log = await open(disk, { ...SMALL, EVENT_LOG_ON_DAMAGE: 'quarantine' }, logger);
    expect(log.stats().damage.join()).toContain('000000000002.log');
    expect(logger.lines.filter(({ level }) => level === 'error').length).toBeGreaterThan(0);
    await log.append(TOPIC, numbered(48, 52));
    const numbers = await readAll(log);
    const lost = range(0, 52).filter((n) => !numbers.includes(n));
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThanOrEqual(4);
    expect(logger.lines.some(({ fields }) => (fields['lostRecords'] as number) > 0)).toBe(true);
    await log.close();
    // Closing wrote the cursor beyond all but the active segment.
    expect(disk.paths().some((path) => path.startsWith(`${DIR}/damaged/000000000002.log`))).toBe(true);
    expect(await outcome(disk)).toEqual([]);
  });

  it('starts with any mixture of damage, and never invents or reorders', async () => {
    const disk = await killedAfter(12, SMALL);
    const random = mulberry32(11);
    for (let round = 0; round < 150; round++) {
      const spoilt = disk.copy();
      for (let i = 0; i < 3; i++) {
        const segments = segmentsOf(spoilt);
        const path = segments[Math.floor(random() * segments.length)];
        if (path === undefined) break;
        const bytes = Buffer.from(spoilt.bytes(path));
        const at = Math.floor(random() * bytes.length);
        const what = Math.floor(random() * 4);
        if (what === 0) bytes[at]! ^= 1 << Math.floor(random() * 8);
        else if (what === 1) bytes.fill(0, at, Math.min(bytes.length, at + 100));
        if (what === 2) spoilt.delete(path);
        else spoilt.replace(path, what === 3 ? bytes.subarray(0, at) : bytes);
      }
      const log = await open(spoilt, { ...SMALL, EVENT_LOG_ON_DAMAGE: 'quarantine' });
      await log.append(TOPIC, numbered(48, 52));
      const numbers = await readAll(log);
      expect(numbers.filter((n) => n >= 52 || n < 0)).toEqual([]);
      expect(numbers).toEqual(expect.arrayContaining(range(48, 52)));
      await log.close();
    }
  });
});

describe('a kill at any operation, and then a power cut', () => {
  it('loses nothing acknowledged', async () => {
    let finished = false;
    for (let operations = 1; !finished; operations++) {
      let disk = new SimDisk();
      const acked: number[] = [];
      const handled: number[] = [];
      const append = async (log: EmbeddedEventLog, from: number) => {
        for (let n = from; n < from + 30; n += 5) {
          await log.append(TOPIC, numbered(n, n + 5));
          acked.push(...range(n, n + 5));
        }
      };
      disk.operationsLeft = operations;
      let log: EmbeddedEventLog | undefined;
      try {
        log = await open(disk, SMALL);
        await append(log, 0);
        handled.push(...(await readAll(log)));
        await log.deadLetter(TOPIC, GROUP, [{ event: numbered(0, 1)[0]!, reason: 'x' }]);
      } catch {
        // the moment of the kill
      }
      const killed = disk.copy();
      await log?.close();
      finished = disk.operationsLeft > 0;

      // No new segment here, which would make the names of older ones durable too.
      log = await open(killed, { EVENT_LOG_PARTITIONS: 2 });
      await append(log, 100);
      handled.push(...(await readAll(log)));
      await append(log, 200);
      disk = killed.crash(() => 0);
      await log.close();

      log = await open(disk, SMALL);
      handled.push(...(await readAll(log)));
      await log.close();
      expect({ operations, lost: acked.filter((n) => !handled.includes(n)) }).toEqual({
        operations,
        lost: [],
      });
    }
  });
});

describe('a full disk, and then a power cut', () => {
  it('leaves no half-written bytes before the next segment', async () => {
    const disk = await killedAfter(1, SMALL);
    const log = await open(disk, SMALL);
    disk.fault = (operation) => (operation === 'write' ? 'ENOSPC' : undefined);
    await expect(log.append(TOPIC, numbered(90, 99))).rejects.toMatchObject({ code: 'log_unavailable' });
    disk.fault = () => undefined;
    // Too large for what is left of the segment: the next one begins.
    await log.append(TOPIC, numbered(4, 40));
    for (let seed = 1; seed <= 60; seed++) {
      expect({ seed, numbers: await outcome(disk.crash(mulberry32(seed))) }).toEqual({
        seed,
        numbers: range(0, 40),
      });
    }
    await log.close();
  });
});
