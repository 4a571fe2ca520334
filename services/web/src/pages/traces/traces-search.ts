import type { TracesFilter } from '../../api/calls.ts';

const STATUSES = ['success', 'error', 'running', 'descendant_error'] as const;

/** What the address says of the list. Unknown members are dropped. */
export function readTracesSearch(search: Record<string, unknown>): TracesFilter {
  const text = (name: string) => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
  };
  const status = STATUSES.find((each) => each === search['status']);
  const [op, words] = [text('op'), text('text')];
  return {
    ...(op !== undefined && { op }),
    ...(words !== undefined && { text: words }),
    ...(status !== undefined && { status }),
    ...(search['all'] === true && { all: true }),
  };
}
