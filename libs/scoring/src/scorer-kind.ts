import type { Llm } from '@weft/llm';
import type { Prices } from '@weft/prices';
import type { Logger } from '@weft/runtime';
import type { z } from 'zod';
import type { ColumnMap } from './arguments.ts';
import type { Scorer } from './scorer.ts';

/** What a scorer's object says of itself, whatever its kind. */
export interface ScorerAbout {
  readonly projectId: string;
  /** Name of the object: its feedback is `wandb.runnable.<name>`. */
  readonly name: string;
  /** `weave:///<project>/object/<name>:<digest>`; of one published inside its monitor, that with the way to it. */
  readonly ref: string;
  /** `_class_name` of the object, which may be a subclass of the kind's. */
  readonly className: string;
  /** Scorer argument ← name of a call's input (`column_map`); empty where there is none. */
  readonly columnMap: ColumnMap;
}

/** Remembers answers of models; keys are hashes. May forget at any time, and fails silently. */
export interface AnswerCache {
  get(key: string): Promise<string | undefined>;
  put(key: string, answer: string): Promise<void>;
}

/** What scorers are made with. */
export interface ScorerDeps {
  readonly llm: Llm;
  /** Value of an object's version as JSON, UTF-8; null = it is not there. The ref leads to a whole object. */
  readonly readObject: (ref: string) => Promise<Uint8Array | null>;
  /** At most a minute old. */
  readonly prices: (projectId: string) => Promise<Prices>;
  readonly cache?: AnswerCache;
  readonly logger: Logger;
}

/** One scorer and its object, checked. */
export interface Configured<Config> {
  readonly config: Config;
  readonly about: ScorerAbout;
}

/**
 * A class of Weave scorers that this server can run. `config` sees the object's own members, as JSON.parse makes them: without
 * those of every scorer (`name`, `description`, `column_map`) and of the encoding (`_type`, `_class_name`, `_bases`, ops);
 * it should take members that it does not know. Refs in there are still refs: `deps.readObject`.
 */
export interface ScorerKind<Config = unknown> {
  /** `_class_name` of its objects; a subclass is of the kind of its nearest base. */
  readonly classNames: readonly string[];
  readonly config: z.ZodType<Config>;
  /** @throws ScoreError `unscorable`, `misconfigured` */
  create(config: Config, about: ScorerAbout, deps: ScorerDeps): Scorer | Promise<Scorer>;
  /** Those of one ClassifierMonitor, in its order, which may be one only. Without it they are no classifiers. Throws as `create`. */
  merge?(each: readonly Configured<Config>[], deps: ScorerDeps): Scorer | Promise<Scorer>;
}
