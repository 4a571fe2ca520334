import { parseRef } from '@weft/model';
import { createScorers, ScoreError, type ScorersDeps } from '@weft/scoring';
import type { TraceReader } from '@weft/trace-store';
import { BoundedMap } from '../bounded-map.ts';
import type { Scorers } from '../parts.ts';
import { createPrices } from './prices.ts';

export interface WorkerScorersDeps extends Omit<ScorersDeps, 'readObject' | 'prices'> {
  readonly reader: Pick<TraceReader, 'readObject' | 'streamPrices'>;
}

/** Projects whose scorers are kept ready. */
const MAX_KEPT = 200;

/**
 * Scorers read from the store. What a scorer refers to (a model, a prompt) is read from the given projects only: whoever may
 * publish a scorer somewhere must not see other projects through it.
 */
export function createWorkerScorers({ reader, ...deps }: WorkerScorersDeps): Scorers {
  const prices = createPrices(reader);
  const kept = new BoundedMap<ReturnType<typeof createScorers>>(MAX_KEPT);

  const readWithin = (projects: ReadonlySet<string>) => async (text: string) => {
    const ref = parseRef(text);
    if (ref.kind !== 'object' && ref.kind !== 'op') return null;
    if (!projects.has(ref.projectId))
      throw new ScoreError('unscorable', `${text.slice(0, 300)}: is of another project`);
    const object = await reader.readObject(ref.projectId, ref.name, ref.version);
    return object === null || object.deletedAtUs !== null ? null : object.val;
  };

  return {
    load(refs, { merged, within = refs.flatMap(projectOf) } = {}) {
      const projects = new Set(within);
      const key = [...projects].sort().join(' ');
      let scorers = kept.get(key);
      if (scorers === undefined) {
        scorers = createScorers({ ...deps, prices, readObject: readWithin(projects) });
        kept.set(key, scorers);
      }
      return scorers.load(refs, merged === undefined ? {} : { merged });
    },
  };
}

/** None where it is no ref: reading it says so. */
function projectOf(text: string): string[] {
  try {
    return [parseRef(text).projectId];
  } catch {
    return [];
  }
}
