import { eventually } from '@weft/testkit';
import { batch, completed, newCallId, type Members } from './calls.ts';
import type { Stack } from './stack.ts';

/** Monitors, scorers and scores of one project, over HTTP only. */

export interface Score {
  readonly id: string;
  readonly feedback_type: string;
  readonly created_at: string;
  readonly weave_ref: string;
  readonly runnable_ref: string | null;
  readonly call_ref: string | null;
  readonly trigger_ref: string | null;
  readonly wb_user_id: string;
  readonly payload: {
    readonly output: any;
    readonly status?: string;
    readonly error?: { readonly kind: string; readonly message: string; readonly attempts: number };
  } & Record<string, unknown>;
  readonly scorer_tags: readonly string[];
  readonly scorer_ratings: Readonly<Record<string, number>>;
}

/** matched = scored + failed + skipped + pending. */
export interface Ledger {
  readonly monitor: string;
  readonly matched: number;
  readonly scored: number;
  readonly failed: number;
  readonly pending: number;
  /** By reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Today. */
  readonly spend: { readonly calls: number; readonly tokens: number; readonly usd: number };
}

const BASES = { Monitor: ['Object', 'BaseModel'], Scorer: ['Scorer', 'Object', 'BaseModel'] };

/** A scorer's value as the SDKs publish it. */
export const scorerVal = (className: string, members: object = {}): object => ({
  ...{ _type: className, _class_name: className, _bases: BASES.Scorer, name: null, description: null },
  ...{ column_map: null, ...members },
});

/** A judge whose answer is JSON. */
export const judgeVal = (model: string, prompt: string, params: object = {}): object =>
  scorerVal('LLMAsAJudgeScorer', {
    model: {
      ...{ _type: 'LLMStructuredCompletionModel', _class_name: 'LLMStructuredCompletionModel' },
      ...{ _bases: ['Model', 'Object', 'BaseModel'], name: null, description: null, llm_model_id: model },
      default_params: { temperature: 0, response_format: 'json_object', ...params },
    },
    scoring_prompt: prompt,
  });

export interface ScoredProject {
  readonly id: string;
  publish(name: string, val: object): Promise<string>;
  /** Active unless it says otherwise. @returns the ref of the version. */
  monitor(name: string, members: object): Promise<string>;
  /** Sends calls of an op, finished; one for each output. @returns their ids. */
  call(op: string, outputs: readonly unknown[], members?: Members): Promise<string[]>;
  /** Scores by runs of scorers, oldest first. */
  scores(query?: object): Promise<Score[]>;
  ledger(monitor: string): Promise<Ledger | undefined>;
  /** Waits until that many calls have matched the monitor and nothing is pending. */
  settled(monitor: string, matched: number): Promise<Ledger>;
}

export function scoredProject(stack: Stack, id: string): ScoredProject {
  const publish = async (object_id: string, val: object) => {
    const { digest } = await stack.post<{ digest: string }>('/obj/create', {
      obj: { project_id: id, object_id, val },
    });
    return `weave:///${id}/object/${object_id}:${digest}`;
  };
  const ledger = async (monitor: string) => {
    const { monitors } = await stack.post<{ monitors: Ledger[] }>('/monitors/ledger', { project_id: id });
    return monitors.find((each) => each.monitor === monitor);
  };
  return {
    id,
    publish,
    ledger,
    monitor: (name, members) =>
      publish(name, {
        ...{ _type: 'Monitor', _class_name: 'Monitor', _bases: BASES.Monitor, name, description: null },
        ...{ sampling_rate: 1, op_names: [], query: null, is_traced: true, active: true },
        ...{ scorer_debounce_config: null, ...members },
      }),
    async call(op, outputs, members = {}) {
      const ids = outputs.map(() => newCallId());
      const calls = outputs.map((output, i) =>
        completed(id, ids[i]!, {
          op_name: JSON.stringify(opRef(id, op)),
          output: JSON.stringify(output),
          inputs: JSON.stringify({ n: i }),
          ...members,
        }),
      );
      // As clients do: a log that is busy says so, and what is sent again is stored once.
      const res = await eventually(async () => {
        const answer = await stack.send(`/v2/${id}/calls/complete`, batch(...calls));
        return answer.status !== 503 && answer;
      });
      if (res.status !== 200) throw new Error(`calls/complete: ${res.status} ${await res.text()}`);
      return ids;
    },
    async scores(query) {
      const sort_by = [{ field: 'created_at', direction: 'asc' }];
      const { result } = await stack.post<{ result: Score[] }>('/feedback/query', {
        project_id: id,
        query,
        sort_by,
      });
      return result.filter(({ feedback_type: type }) => /^wandb\.(runnable\.|agent_monitor)/.test(type));
    },
    async settled(monitor, matched) {
      let now: Ledger | undefined;
      const isSettled = async () => {
        now = await ledger(monitor);
        return now !== undefined && now.pending === 0 && now.matched >= matched ? now : undefined;
      };
      return eventually(isSettled, 60_000).catch(() => {
        throw new Error(`${monitor} was to match ${matched}: ${JSON.stringify(now)}`);
      });
    },
  };
}

export const opRef = (project: string, op: string, version = 'v1'): string =>
  `weave:///${project}/op/${op}:${version}`;
export const callRef = (project: string, id: string): string => `weave:///${project}/call/${id}`;
/** Calls that have a score, with how often. */
export const scoredCalls = (scores: readonly Score[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { weave_ref: ref } of scores) {
    const id = ref.split('/').at(-1)!;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
};
