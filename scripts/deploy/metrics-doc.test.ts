import { expect, it } from '@jest/globals';

import { metricsByService } from './metrics.ts';
import { readText } from './root.ts';

const page = readText('docs/metrics.md');

/** `name type labels services`, of each row of a table; without a column for it a metric is every service's. */
function documented(): string[] {
  return [...page.matchAll(/^\| `(weft_\w+)` \|(.+)\|$/gm)].map(([, name, rest]) => {
    const [type, labels, ...more] = rest!.split('|').map((cell) => cell.replaceAll('`', '').trim());
    return `${name} ${type} [${labels}] ${more.length > 1 ? more[0] : 'all'}`;
  });
}

function exported(): string[] {
  const byMetric = new Map<string, string[]>();
  for (const [service, metrics] of metricsByService())
    for (const { name, type, labels } of metrics) {
      const key = `${name} ${type} [${labels.join(', ')}]`;
      byMetric.set(key, [...(byMetric.get(key) ?? []), service]);
    }
  return [...byMetric].map(([key, services]) => `${key} ${services.length === 4 ? 'all' : services.join()}`);
}

it('docs/metrics.md has a row for each metric that a service exports, and no other', () => {
  expect(documented().sort()).toEqual(exported().sort());
});

it('no label can hold what a client chose', () => {
  const labels = [...metricsByService().values()].flatMap((metrics) => metrics.flatMap((one) => one.labels));
  const closed = ['by', 'code', 'direction', 'kind', 'major', 'method', 'minor', 'operation', 'partition', 'patch', 'provider', 'reason', 'result', 'route', 'signal', 'space', 'state', 'status', 'to', 'trouble', 'type', 'version']; // prettier-ignore
  expect([...new Set(labels)].sort()).toEqual(closed);
});
