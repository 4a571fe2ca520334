import { AppError } from '@weft/model';
import type { CompressionTypes } from 'kafkajs';
import type { LogSink } from '../log-sink.ts';
import { AppendRequest, bytesOf, type Entry } from './append-request.ts';
import type { ClusterView } from './cluster-view.ts';
import { isRefused, isTooLarge, toAppError } from './errors.ts';
import { Lanes, takeLoad, type Lane, type Load, type Slot } from './lanes.ts';
import { LeaderProbe } from './leader-probe.ts';
import type { OutRecord, ProducerSource } from './producer-source.ts';
import { within } from './within.ts';

const REPEAT_MS = 100;
const CLOSE_TIMEOUT_MS = 2000;

export interface AppenderOptions {
  readonly view: ClusterView;
  readonly producers: ProducerSource;
  readonly logger: LogSink;
  readonly timeoutMs: number;
  readonly compression: CompressionTypes;
  readonly maxBufferEvents: number;
  readonly maxBufferBytes: number;
  /** Of one partition's records in one send. */
  readonly maxBatchBytes: number;
  /** Replicas that must be in sync for Kafka to accept a record. */
  readonly minInSync: number;
  /** Credentials are refused: nothing will be accepted any more. */
  readonly onRefused: (error: AppError) => void;
}

/**
 * Appends records: what comes while a send to a leader is under way leaves together with the next one. Once a leader does
 * not answer in time, everything for its partitions is refused at once until a probe finds it well.
 */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #lanes = new Lanes();
  readonly #probe: LeaderProbe;
  #events = 0;
  #bytes = 0;
  #requests = 0;
  #closed = false;
  #scheduled = false;
  #looking = false;
  #drained: (() => void) | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#probe = new LeaderProbe({ ...options, lanes: this.#lanes });
  }

  /**
   * Resolves once all records are acknowledged by every replica in sync. Records of one partition keep the order of calls.
   * @throws AppError `log_unavailable`, `request_too_large`
   */
  append(records: readonly OutRecord[], events: number): Promise<void> {
    const refusal = this.#refusal(records, events);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const settled = (error: Error | undefined) => {
        this.#events -= request.events;
        this.#bytes -= request.bytes;
        this.#requests--;
        if (this.#requests === 0) this.#drained?.();
        if (error === undefined) resolve();
        else reject(error);
      };
      const on = { settled, late: (late: AppendRequest) => this.#late(late) };
      const request = new AppendRequest(records, events, this.#options.timeoutMs, on);
      this.#events += request.events;
      this.#bytes += request.bytes;
      this.#requests++;
      for (const record of records)
        this.#lanes.slot(record.topic, record.partition).queue.push({ record, request });
      this.#schedule();
    });
  }

  /** Why everything is refused now, or undefined while some of the leaders answer. */
  unavailable(): string | undefined {
    if (this.#closed) return 'the event log is closed';
    let reason: string | undefined;
    let used = 0;
    for (const lane of this.#lanes.lanes()) {
      if (!this.#leads(lane)) continue;
      used++;
      if (lane.broken === undefined) return undefined;
      reason = lane.broken;
    }
    return used > 0 ? reason : undefined;
  }

  /** Accepts nothing more and waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#probe.stop();
    if (this.#requests > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    await within(CLOSE_TIMEOUT_MS, 'close', this.#options.producers.close()).catch(() => undefined);
  }

  #refusal(records: readonly OutRecord[], events: number): AppError | undefined {
    if (this.#closed) return unavailable('the event log is closed');
    for (const { topic, partition } of records) {
      const { broken } = this.#lanes.lane(this.#leaderOf(this.#lanes.slot(topic, partition)));
      if (broken !== undefined) return unavailable(broken);
    }
    const { maxBufferEvents, maxBufferBytes } = this.#options;
    const isFull = this.#events + events > maxBufferEvents || this.#bytes + bytesOf(records) > maxBufferBytes;
    if (isFull && this.#requests > 0) return unavailable('too many events wait for Kafka already');
    return undefined;
  }

  #leaderOf({ topic, partition }: Slot): number {
    return this.#options.view.known(topic)[partition]?.leader ?? -1;
  }

  #leads(lane: Lane): boolean {
    for (const slot of this.#lanes.slots()) if (this.#leaderOf(slot) === lane.leader) return true;
    return false;
  }

  /** Requests of the same turn of the event loop leave together. */
  #schedule(afterMs = 0): void {
    if (afterMs > 0) {
      setTimeout(() => this.#schedule(), afterMs);
      return;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const [lane, slots] of this.#lanes.ready((slot) => this.#leaderOf(slot))) {
      const load = takeLoad(slots, lane.turn++, this.#options.maxBatchBytes);
      if (load.entries.length > 0) void this.#send(lane, load);
    }
    this.#lookForLeaders();
  }

  /** Records without a leader wait for one. */
  #lookForLeaders(): void {
    for (const slot of this.#lanes.slots()) {
      if (slot.queue.length === 0 || this.#leaderOf(slot) >= 0) continue;
      if (this.#looking) return;
      this.#looking = true;
      void this.#refresh().finally(() => {
        this.#looking = false;
        this.#schedule(REPEAT_MS);
      });
      return;
    }
  }

  #refresh(): Promise<void> {
    return this.#options.view.refresh().catch(() => undefined);
  }

  async #send(lane: Lane, load: Load): Promise<void> {
    lane.load = load;
    for (const slot of load.slots) slot.sending = load;
    const failure = await this.#attempt(load);
    if (failure !== undefined && lane.load === load) await this.#recover(lane, load, failure.error);
    if (lane.load !== load) return;
    release(lane);
    this.#schedule(failure === undefined ? 0 : REPEAT_MS);
  }

  /** Acknowledges what was written. Returns the failure of the rest. */
  async #attempt(load: Load): Promise<{ readonly error: unknown } | undefined> {
    const { producers, timeoutMs, compression } = this.#options;
    const records = load.entries.map(({ record }) => record);
    let handle;
    try {
      handle = await producers.current();
      const acknowledged = await handle.send(records, { timeoutMs, compression });
      const missing = settleAcknowledged(load, acknowledged);
      if (!missing) return undefined;
      await producers.spoil(handle);
      return { error: unavailable('Kafka left records out') };
    } catch (error) {
      if (handle !== undefined) await producers.spoil(handle);
      return { error };
    }
  }

  /** Puts what was not acknowledged back where it was, or fails it where repeating can't help. */
  async #recover(lane: Lane, load: Load, error: unknown): Promise<void> {
    const left = load.entries.filter(({ request }) => !request.isSettled);
    if (isRefused(error)) {
      this.#break(lane, toAppError(error, 'append').message);
      this.#options.onRefused(toAppError(error, 'append'));
      return;
    }
    if (isTooLarge(error)) {
      // Which record is the large one is not said: each goes alone.
      for (const entry of left) await this.#sendAlone(entry);
      return;
    }
    for (const slot of load.slots) slot.queue.unshift(...left.filter(({ record }) => isOf(record, slot)));
    await this.#refresh();
  }

  async #sendAlone(entry: Entry): Promise<void> {
    const load = { slots: [], entries: [entry] };
    const failure = await this.#attempt(load);
    if (failure !== undefined) entry.request.fail(toAppError(failure.error, 'append'));
  }

  #late(request: AppendRequest): void {
    const reason = `Kafka did not acknowledge within ${this.#options.timeoutMs} ms`;
    request.fail(unavailable(reason));
    const isMine = (entry: Entry) => entry.request === request;
    for (const lane of this.#lanes.lanes())
      if (lane.load?.entries.some(isMine) === true) this.#break(lane, reason);
    for (const slot of this.#lanes.slots())
      if (slot.queue.some(isMine)) this.#break(this.#lanes.lane(this.#leaderOf(slot)), reason);
  }

  /** Refuses everything for a leader, also what waits, until it is well again. */
  #break(lane: Lane, reason: string): void {
    if (lane.broken !== undefined) return;
    lane.broken = reason;
    lane.brokenAt = performance.now();
    this.#options.logger.warn({ broker: lane.leader, reason }, 'appends are refused until Kafka answers');
    const given = lane.load?.entries ?? [];
    release(lane);
    for (const slot of this.#lanes.slots())
      if (this.#leaderOf(slot) === lane.leader) given.push(...slot.queue.splice(0));
    for (const { request } of given) request.fail(unavailable(reason));
    void this.#options.producers
      .current()
      .then((handle) => this.#options.producers.spoil(handle))
      .catch(() => undefined);
    this.#probe.soon();
  }
}

function isOf(record: OutRecord, slot: Slot): boolean {
  return record.topic === slot.topic && record.partition === slot.partition;
}

function release(lane: Lane): void {
  for (const slot of lane.load?.slots ?? []) slot.sending = undefined;
  lane.load = undefined;
}

/** Whether something was not acknowledged. */
function settleAcknowledged(load: Load, acknowledged: ReadonlySet<string>): boolean {
  let missing = false;
  for (let i = load.entries.length - 1; i >= 0; i--) {
    const { record, request } = load.entries[i]!;
    if (acknowledged.has(`${record.topic}/${record.partition}`)) {
      request.acknowledged();
      load.entries.splice(i, 1);
    } else missing = true;
  }
  return missing;
}

function unavailable(message: string): AppError {
  return new AppError('log_unavailable', message);
}
