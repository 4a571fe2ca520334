import type { LogSink } from '../log-sink.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Lane, Lanes } from './lanes.ts';
import type { ProducerSource } from './producer-source.ts';
import { within } from './within.ts';

const EVERY_MS = 500;
const TIMEOUT_MS = 2000;
const TRIAL_AFTER_MS = 10_000;

export interface LeaderProbeOptions {
  readonly lanes: Lanes;
  readonly view: ClusterView;
  readonly producers: ProducerSource;
  readonly logger: LogSink;
  /** Replicas that must be in sync for Kafka to accept a record. */
  readonly minInSync: number;
}

/** Asks leaders that did not answer, until they do, and mends their lanes. */
export class LeaderProbe {
  readonly #options: LeaderProbeOptions;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: LeaderProbeOptions) {
    this.#options = options;
  }

  /** To be called when a lane breaks: asks until none is broken. */
  soon(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#ask().finally(() => {
        this.#timer = undefined;
        for (const lane of this.#options.lanes.lanes()) if (lane.broken !== undefined) return this.soon();
      });
    }, EVERY_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const { lanes, view, producers, logger } = this.#options;
    try {
      await within(TIMEOUT_MS, 'probe', view.refresh());
      await within(TIMEOUT_MS, 'probe', producers.current());
    } catch {
      return;
    }
    for (const lane of lanes.lanes()) {
      if (lane.broken === undefined || !(await this.#isWell(lane))) continue;
      logger.info({ broker: lane.leader }, 'appends are accepted again');
      lane.broken = undefined;
    }
  }

  /** Whether a broken lane's leader serves its partitions, with the replicas that an append needs. */
  async #isWell(lane: Lane): Promise<boolean> {
    const { lanes, view, minInSync } = this.#options;
    const topics = new Set<string>();
    // The topic may ask for fewer replicas than our configuration says: an append will show.
    const isTrial = performance.now() - lane.brokenAt > TRIAL_AFTER_MS;
    for (const { topic, partition } of lanes.slots()) {
      const place = view.known(topic)[partition];
      if ((place?.leader ?? -1) !== lane.leader) continue;
      if (place === undefined || place.leader < 0) return false;
      const needed = Math.min(minInSync, place.replicas);
      if (place.inSync < needed && !isTrial) return false;
      topics.add(topic);
    }
    const answers = [...topics].map((topic) => view.leaderAnswers(topic, lane.leader));
    return (await Promise.all(answers)).every(Boolean);
  }
}
