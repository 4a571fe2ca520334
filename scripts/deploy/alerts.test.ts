import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

import type { Manifest } from './kubernetes.ts';
import { metricsByService } from './metrics.ts';
import { readPromQl } from './promql.ts';
import { readText } from './root.ts';

/** Labels that the scrape adds to every series. */
const OF_THE_SCRAPE = ['job', 'instance', 'namespace'];
/** Metrics of others that the rules ask for, with where they come from. */
const FOREIGN = new Map([
  ['up', 'Prometheus'],
  ['kubelet_volume_stats_available_bytes', 'kubelet'],
  ['kubelet_volume_stats_capacity_bytes', 'kubelet'],
]);

/** Series of the services, by name, with their labels. */
function series(): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { name, type, labels } of [...metricsByService().values()].flat()) {
    const names = type === 'histogram' ? [`${name}_sum`, `${name}_count`, `${name}_bucket`] : [name];
    for (const one of names) found.set(one, one.endsWith('_bucket') ? [...labels, 'le'] : labels);
  }
  return found;
}

const SERIES = series();

const rules: Manifest[] = parse(readText('deploy/prometheus/rules.yml')).groups.flatMap(
  ({ rules: all }: Manifest) => all,
);
const dashboard: Manifest = JSON.parse(readText('deploy/grafana/weft.json'));
const panels: Manifest[] = dashboard.panels.filter(({ type }: Manifest) => type !== 'row');

/** Problems of an expression against what exists. */
function problemsOf(expr: string): string[] {
  const { selectors, labels } = readPromQl(expr);
  const problems: string[] = [];
  const reachable = new Set(OF_THE_SCRAPE);
  for (const { metric, labels: matched } of selectors) {
    const own = SERIES.get(metric);
    if (own === undefined && !FOREIGN.has(metric)) problems.push(`there is no ${metric}`);
    for (const label of own ?? []) reachable.add(label);
    for (const label of matched)
      if (!(own ?? []).includes(label) && !OF_THE_SCRAPE.includes(label))
        problems.push(`${metric} has no label ${label}`);
  }
  for (const label of labels) if (!reachable.has(label)) problems.push(`nothing has a label ${label}`);
  return problems;
}

describe('the check of expressions', () => {
  it('finds what is no PromQL, no metric and no label of it', () => {
    expect(() => readPromQl('sum(rate(a[5m])')).toThrow('not PromQL');
    expect(() => readPromQl('a >')).toThrow('not PromQL');
    expect(problemsOf('rate(weft_http_request_total[5m])')).toEqual(['there is no weft_http_request_total']);
    expect(problemsOf('weft_http_requests_total{code="500"}')).toEqual([
      'weft_http_requests_total has no label code',
    ]);
    expect(problemsOf('sum by (kind) (weft_http_requests_total)')).toEqual(['nothing has a label kind']);
    expect(problemsOf('sum by (le) (rate(weft_http_request_seconds_bucket[5m]))')).toEqual([]);
  });
});

describe('deploy/prometheus/rules.yml', () => {
  it.each(rules.map((rule): [string, Manifest] => [rule.alert, rule]))('%s asks for series that exist', (_, rule) => {
    expect(problemsOf(rule.expr)).toEqual([]);
    expect(rule.labels.severity).toMatch(/^(critical|warning)$/);
    expect(rule.annotations).toEqual({ summary: expect.any(String), description: expect.any(String) });
    expect(Object.keys(rule).sort()).toEqual(
      ['alert', 'annotations', 'expr', ...('for' in rule ? ['for'] : []), 'labels'].sort(),
    );
    if ('for' in rule) expect(rule.for).toMatch(/^\d+m$/);
  }); // prettier-ignore

  it('has one alert of a name, and matches jobs and classes of status that there are', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    const text = rules.map(({ expr }) => expr).join('\n');
    for (const [, job] of text.matchAll(/job="([\w-]+)"/g))
      expect(['gateway', 'query', 'writer', 'scoring-worker']).toContain(job);
    for (const [, status] of text.matchAll(/status="(\w+)"/g)) expect(status).toBe('5xx');
  });
});

describe('deploy/grafana/weft.json', () => {
  it.each(panels.map((panel): [string, Manifest] => [panel.title, panel]))('%s asks for series that exist', (_, panel) => {
    expect(panel.targets.length).toBeGreaterThan(0);
    for (const { expr } of panel.targets)
      expect(problemsOf(expr.replaceAll('$__rate_interval', '5m'))).toEqual([]);
  }); // prettier-ignore

  it('asks the data source that is chosen, and has every panel once', () => {
    for (const panel of panels) expect(panel.datasource.uid).toBe('${datasource}');
    const ids = dashboard.panels.map(({ id }: Manifest) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});
