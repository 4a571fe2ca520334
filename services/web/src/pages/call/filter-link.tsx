import { Link } from '@tanstack/react-router';
import { BigNumber } from '../../api/request.ts';
import type { JsonPlace } from '../../ui/json-text.tsx';
import { isContainer } from '../../ui/json-tree/json-value.ts';
import type { TracesSearch } from '../traces/traces-search.ts';

/** Longer ones make no address that can be shared. */
const MAX_VALUE = 300;

/** To the traces of the project that have the same value in the same place. Nothing for values that cannot be asked for. */
export function FilterLink({ projectId, place }: { readonly projectId: string; readonly place: JsonPlace }) {
  const search = tracesWith(place);
  const [entity, project] = projectId.split('/') as [string, string];
  if (search === undefined) return null;
  return (
    <Link
      className="button small"
      to="/$entity/$project/weave/traces"
      params={{ entity, project }}
      search={search}
    >
      Filter traces by this value
    </Link>
  );
}

const ROOTS = new Set(['inputs', 'output', 'attributes', 'summary']);

/** The search of the list of traces: every call with the value in the place. */
export function tracesWith({ path, value }: JsonPlace): TracesSearch | undefined {
  if (isContainer(value) || value === null || value === undefined) return undefined;
  const text = value instanceof BigNumber ? value.digits : String(value);
  if (text === '' || text.length > MAX_VALUE || !ROOTS.has(path[0] ?? '')) return undefined;
  return { all: true, filters: [[path.join('.'), '=', text]] };
}
