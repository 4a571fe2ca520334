import { AppError, type TraceEvent } from '@weft/model';
import { mulberry32 } from '@weft/testkit';
import { openEmbeddedEventLog, type EmbeddedEventLog } from '../embedded/embedded.ts';
import { numberOf, testEvent } from './events.ts';
import { quiet } from './logs.ts';
import { SimDisk } from './sim-disk.ts';

const TOPIC = 'trace-events';

/** One random history of a log and its disk. @throws Error if a promise of the log was broken. */
export async function simulate(seed: number): Promise<void> {
  await new Simulation(seed).run();
}

function demand(what: string, none: readonly number[]): void {
  if (none.length > 0) throw new Error(`${what}: ${none.slice(0, 20).join(', ')}`);
}

/**
 * Random appends, consumers, full disks, failing syncs, crashes that keep any part of what was not synced, restarts. After
 * each restart: every acknowledged event was seen or is there, in the order of its key, and none that nobody appended.
 */
class Simulation {
  readonly #random: () => number;
  #disk = new SimDisk();
  #next = 0;
  readonly #tried = new Set<number>();
  readonly #acked = new Set<number>();
  /** What each group has handled since its last restart, in order, and ever. */
  readonly #handled = new Map<string, Set<number>>([
    ['writer', new Set()],
    ['second', new Set()],
  ]);

  constructor(seed: number) {
    this.#random = mulberry32(seed);
  }

  async run(): Promise<void> {
    for (let life = 0; life < 6; life++) {
      const log = await this.#open();
      this.#plan(life);
      for (let step = 0; step < 12 && !this.#disk.isDown; step++) await this.#step(log);
      await this.#end(log);
    }
    const log = await this.#open();
    for (const group of this.#handled.keys()) await this.#consume(log, group, Infinity);
    await log.close();
    for (const [group, handled] of this.#handled) {
      demand(
        `${group} misses acknowledged events`,
        [...this.#acked].filter((n) => !handled.has(n)),
      );
      demand(
        `${group} got invented events`,
        [...handled].filter((n) => !this.#tried.has(n)),
      );
    }
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #open(): Promise<EmbeddedEventLog> {
    const config = {
      EVENT_LOG_PARTITIONS: 3,
      EVENT_LOG_SEGMENT_BYTES: 1500 + this.#pick(4000),
      EVENT_LOG_TAIL_BYTES: this.#pick(2) * 3000,
      EVENT_LOG_MAX_HOLD_MS: 0,
    };
    const groups = { [TOPIC]: ['writer', 'second'] };
    return openEmbeddedEventLog({
      dir: '/log',
      disk: this.#disk,
      logger: quiet,
      config,
      groups,
      cursorDelayMs: 0,
    });
  }

  /** What will go wrong in this life of the process. */
  #plan(life: number): void {
    const disk = this.#disk;
    const kind = this.#pick(4);
    if (kind === 0) disk.operationsLeft = 5 + this.#pick(100);
    if (kind === 1) {
      let syncs = 3 + this.#pick(40);
      disk.fault = (operation) => (operation === 'sync' && --syncs === 0 ? 'EIO' : undefined);
    }
    if (kind === 2)
      disk.fault = (operation) => (operation === 'write' && this.#random() < 0.1 ? 'ENOSPC' : undefined);
    if (kind === 3 && life % 2 === 0)
      disk.fault = (operation) => (operation === 'create' && this.#random() < 0.3 ? 'ENOSPC' : undefined);
  }

  async #step(log: EmbeddedEventLog): Promise<void> {
    const what = this.#pick(6);
    if (what < 4) await Promise.all(Array.from({ length: 1 + this.#pick(5) }, () => this.#append(log)));
    else if (what === 4) await this.#consume(log, 'writer', 1 + this.#pick(4));
    else await Promise.all([this.#consume(log, 'second', 1 + this.#pick(4)), this.#append(log)]);
  }

  async #append(log: EmbeddedEventLog): Promise<void> {
    const events: TraceEvent[] = [];
    const numbers: number[] = [];
    for (let i = this.#pick(6); i >= 0; i--) {
      const n = this.#next++;
      const filler = 'x'.repeat(this.#random() < 0.05 ? 9000 : this.#pick(200));
      events.push(testEvent(`call-${n % 5}`, `{"n":${n},"x":"${filler}"}`));
      numbers.push(n);
    }
    for (const n of numbers) this.#tried.add(n);
    try {
      await log.append(TOPIC, events);
      for (const n of numbers) this.#acked.add(n);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'log_unavailable') throw error;
    }
  }

  /** A consumer that stops after some batches, or when nothing is left. */
  async #consume(log: EmbeddedEventLog, group: string, batches: number): Promise<void> {
    const controller = new AbortController();
    const ever = this.#handled.get(group)!;
    const last = new Map<string, number>();
    let left = batches;
    const options = {
      group,
      maxBatchEvents: 1 + this.#pick(20),
      maxBatchBytes: 5000,
      signal: controller.signal,
    };
    const stopWhenDone = async () => {
      const end = await log.endOffsets(TOPIC);
      await log.waitCommitted(TOPIC, group, end, left === Infinity ? 5_000 : 20);
      controller.abort();
    };
    const consuming = log.consume(TOPIC, options, async (events) => {
      for (const event of events) {
        const n = numberOf(event);
        if (n <= (last.get(event.id) ?? -1)) demand(`${event.id} is out of order`, [last.get(event.id)!, n]);
        last.set(event.id, n);
        ever.add(n);
      }
      if (--left <= 0) controller.abort();
      return this.#random() < 0.1 ? [{ event: events[0]!, reason: 'simulated' }] : [];
    });
    consuming.catch(() => undefined);
    // A consumer may end before it has read everything: by its own will, or because the disk is gone.
    await Promise.race([stopWhenDone(), consuming.catch(() => undefined)]);
    controller.abort();
    await consuming.catch((error: unknown) => {
      if (!this.#disk.isDown) throw error;
    });
  }

  /** The process ends: cleanly, killed, or with the power; a new one finds what is left. */
  async #end(log: EmbeddedEventLog): Promise<void> {
    const how = this.#pick(3);
    const killed =
      how === 1
        ? this.#disk.copy()
        : how === 2 || this.#disk.isDown
          ? this.#disk.crash(this.#random)
          : undefined;
    await log.close();
    this.#disk = killed ?? this.#disk.copy();
  }
}
