import { AppError } from '@weft/model';
import type { ConsumerGroupMembership, EachBatchPayload, Kafka } from 'kafkajs';
import { backoffMs, pause } from '../backoff.ts';
import type { LogSink } from '../log-sink.ts';
import type { ConsumeOptions, HandleBatch, Rejected } from '../event-log.ts';
import { BatchRunner, type Ownership } from './batch-runner.ts';
import { RecordBuffer } from './buffer.ts';
import { Changes } from './changes.ts';
import type { ClusterView } from './cluster-view.ts';
import { fatalCrash } from './crashes.ts';
import type { KafkaConfig } from './env.ts';
import { isExpelled, isRejoin } from './errors.ts';
import { Intake } from './intake.ts';
import { GapError, Positions } from './positions.ts';
import { heartbeatEveryMs, Session } from './session.ts';

const MAX_DRAIN_MS = 20_000;
const UNASSIGNED_WAIT_MS = 100;
const MAX_RESTART_MS = 2000;
const WATCH_EVERY_MS = 5000;
const MAX_SILENCE_MS = 60_000;
const MAX_STUCK_MS = 120_000;

export interface ConsumerDeps {
  /** A client of its own for each session. */
  readonly createClient: () => Kafka;
  readonly view: ClusterView;
  readonly config: KafkaConfig;
  /** Kafka's name. */
  readonly topic: string;
  /** Kafka's name. */
  readonly group: string;
  readonly logger: LogSink;
  /** Makes them durable in the dead letters. */
  readonly bury: (rejected: readonly Rejected[]) => Promise<void>;
  /** Work that ends after consume() has resolved. */
  readonly background: (work: Promise<void>) => void;
}

/** One assignment of partitions: what is buffered, expected and committed belongs to it. */
interface Assignment {
  readonly group: ConsumerGroupMembership;
  readonly positions: Promise<Positions>;
}

/** One `consume()`: keeps a session with the group, buffers what it fetches, has it handled, buries, commits. */
export class KafkaConsumer {
  readonly #deps: ConsumerDeps;
  readonly #options: ConsumeOptions;
  readonly #runner: BatchRunner;
  readonly #buffer: RecordBuffer;
  readonly #intake: Intake;
  readonly #changes = new Changes();
  readonly #stop = new AbortController();
  #session: Session | undefined;
  /** Undefined between two assignments. */
  #assignment: Assignment | undefined;
  #isNew = false;
  /** Partitions are to be given back: finish what is in hand, take nothing. */
  #draining = false;
  /** What the next heartbeat of the client will find too. */
  #rejoin: Error | undefined;
  #inHand = false;
  #crashes = 0;
  #progressAt = performance.now();
  #outsideSince = performance.now();
  #error: Error | undefined;

  constructor(deps: ConsumerDeps, options: ConsumeOptions, handle: HandleBatch) {
    this.#deps = deps;
    this.#options = options;
    this.#buffer = new RecordBuffer(options);
    const { bury, logger, topic, group, view } = deps;
    const { maxAttempts } = options;
    const common = { logger, topic, group, changes: this.#changes };
    this.#runner = new BatchRunner({ ...common, handle, bury, maxAttempts });
    this.#intake = new Intake({
      ...common,
      view,
      buffer: this.#buffer,
      heartbeatEveryMs: heartbeatEveryMs(deps.config.KAFKA_SESSION_TIMEOUT_MS),
      rejoin: () => this.#rejoin,
      onGap: (error) => this.#end(error),
    });
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const abort = () => this.#end(undefined);
    if (signal.aborted) return;
    signal.addEventListener('abort', abort);
    const { KAFKA_SESSION_TIMEOUT_MS } = this.#deps.config;
    const timers = [
      setInterval(() => void this.#heartbeat(), heartbeatEveryMs(KAFKA_SESSION_TIMEOUT_MS)),
      setInterval(() => this.#watch(), WATCH_EVERY_MS),
    ];
    try {
      const loop = this.#loop().catch((error: Error) => this.#end(error));
      await Promise.all([loop, this.#keepSession(loop).catch((error: Error) => this.#end(error))]);
    } finally {
      for (const timer of timers) clearInterval(timer);
      signal.removeEventListener('abort', abort);
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #end(error: Error | undefined): void {
    if (this.#stop.signal.aborted) return;
    this.#error = error;
    this.#stop.abort();
    this.#changes.wake();
  }

  get #ended(): boolean {
    return this.#stop.signal.aborted;
  }

  // The session: joining, crashing, leaving.

  async #keepSession(loop: Promise<void>): Promise<void> {
    const ended = new Promise<void>((resolve) =>
      this.#stop.signal.addEventListener('abort', () => resolve()),
    );
    while (!this.#ended) {
      const session = this.#openSession();
      this.#session = session;
      this.#outsideSince = performance.now();
      const error = await Promise.race([session.run(), ended]);
      if (this.#ended) await loop;
      else this.#lose();
      this.#session = undefined;
      this.#deps.background((await session.end()).rest);
      if (!this.#ended) await this.#afterCrash(error);
    }
  }

  #openSession(): Session {
    const { createClient, config, topic, group, view } = this.#deps;
    const { maxBatchBytes } = this.#options;
    return new Session({
      kafka: createClient(),
      config,
      topic,
      group,
      maxBatchBytes,
      partitions: view.known(topic).length,
      beforeJoin: (membership) => this.#giveBack(membership),
      onJoined: (partitions) => this.#joined(partitions),
      onBatch: (payload) => this.#onBatch(payload),
    });
  }

  async #afterCrash(error: unknown): Promise<void> {
    const { topic, group, logger } = this.#deps;
    this.#crashes++;
    const fatal = await fatalCrash(error, this.#crashes, this.#deps);
    if (fatal !== undefined) {
      this.#end(fatal);
      return;
    }
    const waitMs = Math.min(MAX_RESTART_MS, backoffMs(this.#crashes));
    // Not each of the many times that a long outage takes.
    if (Number.isInteger(Math.log2(this.#crashes)))
      logger.warn(
        { err: error, topic, group, attempt: this.#crashes },
        'consumer lost Kafka, will join again',
      );
    await pause(waitMs, this.#stop.signal);
  }

  async #heartbeat(): Promise<void> {
    const group = this.#session?.group;
    // Not while it joins: the answer would wait for that of the join, and be late.
    if (group === undefined || this.#assignment === undefined) return;
    try {
      await group.heartbeat({ interval: heartbeatEveryMs(this.#deps.config.KAFKA_SESSION_TIMEOUT_MS) });
    } catch (error) {
      if (this.#session?.group !== group || !isRejoin(error)) return;
      if (isExpelled(error)) this.#lose();
      this.#rejoin = error as Error;
      this.#changes.wake();
    }
  }

  /** Ends what does not go on though it should: the process is better off restarted. */
  #watch(): void {
    const problem = this.#standstill(performance.now());
    if (problem === undefined) return;
    const { topic, group, logger } = this.#deps;
    logger.error({ topic, group }, `consumer ${problem}`);
    this.#end(new AppError('internal', `consumer of ${topic} as ${group} ${problem}`));
  }

  #standstill(now: number): string | undefined {
    const session = this.#session;
    if (session !== undefined && this.#assignment === undefined) {
      // A join waits for all members of the group to finish their batches.
      const maxMs = this.#deps.config.KAFKA_REBALANCE_TIMEOUT_MS + MAX_SILENCE_MS;
      if (now - this.#outsideSince > maxMs) return 'does not get back into its group';
    } else if (session !== undefined && !this.#intake.waitsForRoom) {
      if (now - session.polledAt > MAX_SILENCE_MS) return 'has not fetched for a minute';
    }
    const isFine = this.#buffer.isEmpty || this.#runner.isHandling || this.#runner.isFailing;
    if (!isFine && now - this.#progressAt > MAX_STUCK_MS) return 'has not committed for two minutes';
    return undefined;
  }

  // The assignment: which partitions are ours.

  async #giveBack(group: ConsumerGroupMembership): Promise<void> {
    if (this.#inHand && this.#isAlive(group)) {
      this.#draining = true;
      this.#changes.wake();
      const until =
        performance.now() + Math.min(MAX_DRAIN_MS, this.#deps.config.KAFKA_REBALANCE_TIMEOUT_MS / 2);
      for (let left = MAX_DRAIN_MS; this.#inHand && left > 0; left = until - performance.now())
        await this.#changes.next(left);
    }
    this.#lose();
  }

  /** What is not committed is somebody else's now, or comes again. */
  #lose(): void {
    this.#assignment = undefined;
    this.#outsideSince = performance.now();
    this.#draining = false;
    this.#rejoin = undefined;
    this.#buffer.clear();
    this.#changes.wake();
  }

  #joined(partitions: readonly number[]): void {
    const group = this.#session?.group;
    if (group === undefined || this.#ended) return;
    const { view, topic, group: name } = this.#deps;
    const positions = Positions.load(view, topic, name, partitions);
    positions.catch((error: unknown) => {
      if (error instanceof GapError && this.#assignment?.positions === positions) this.#end(error);
    });
    this.#assignment = { group, positions };
    this.#isNew = true;
    this.#progressAt = performance.now();
    this.#changes.wake();
  }

  #isAlive(group: ConsumerGroupMembership): boolean {
    const silentMs = performance.now() - group.aliveAt;
    return group.memberId !== null && silentMs < this.#deps.config.KAFKA_SESSION_TIMEOUT_MS;
  }

  #ownershipOf(assignment: Assignment): Ownership {
    const { group } = assignment;
    const isOurs = () => this.#assignment === assignment;
    return {
      isOurs,
      isEnding: () => this.#ended || this.#draining,
      lease: { isHeld: () => isOurs() && this.#isAlive(group) },
      lost: () => this.#lose(),
      commit: (next) => {
        const partitions = Array.from(next, ([partition, one]) => ({ partition, offset: one.toString() }));
        return group.commitOffsets({ topics: [{ topic: this.#deps.topic, partitions }] });
      },
    };
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    const assignment = this.#assignment;
    if (assignment === undefined) return this.#changes.next(UNASSIGNED_WAIT_MS);
    const isStale = () => this.#ended || this.#assignment !== assignment || this.#draining;
    await this.#intake.take(payload, await assignment.positions, isStale);
  }

  // The loop: one batch at a time.

  async #loop(): Promise<void> {
    while (!this.#ended) {
      if (this.#isNew) {
        this.#isNew = false;
        this.#options.onAssigned?.();
      }
      const { lingerMs } = this.#options;
      if (lingerMs !== undefined && this.#canTake()) await this.#linger(lingerMs());
      const assignment = this.#assignment;
      if (this.#ended || this.#isNew) continue;
      if (assignment === undefined || !this.#canTake()) {
        await this.#changes.next();
        continue;
      }
      const batch = this.#buffer.take()!;
      this.#inHand = true;
      this.#changes.wake();
      if (await this.#runner.run(batch, this.#ownershipOf(assignment))) this.#crashes = 0;
      this.#inHand = false;
      this.#progressAt = performance.now();
      this.#changes.wake();
    }
  }

  #canTake(): boolean {
    return !this.#buffer.isEmpty && !this.#draining;
  }

  async #linger(lingerMs: number): Promise<void> {
    const until = performance.now() + lingerMs;
    while (!this.#ended && this.#canTake() && !this.#buffer.holdsBatch) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) return;
      await this.#changes.next(leftMs);
    }
  }
}
