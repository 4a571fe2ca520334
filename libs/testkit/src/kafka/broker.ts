/** All test clusters have the same id: these never meet. */
export const CLUSTER_ID = 'V2VmdFRlc3RLYWZrYS0xMg';

export interface BrokerOptions {
  readonly nodeId: number;
  /** For the broker alone: its configuration, log and data. */
  readonly directory: string;
  readonly properties: ReadonlyMap<string, string>;
  readonly heapMiB: number;
}

/** One node of a cluster, broker and controller in one JVM, wherever that runs. Its data survives it. */
export interface Broker {
  readonly options: BrokerOptions;
  readonly pid: number | undefined;
  readonly isRunning: boolean;
  /** It is not ready when this resolves. Harmless while it runs. */
  start(): Promise<void>;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Resolves when it is gone, however it ended. */
  ended(): Promise<void>;
  /** A clean stop. */
  stop(): Promise<void>;
  /** The end of its log, for the message of a start that failed. */
  lastWords(): Promise<string>;
}
