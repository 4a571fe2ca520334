import { eventually } from '@weft/testkit';
import type { SeenCall } from './oracle.ts';

const TEXT = 'tok-';
const WITHOUT_CONTENT = {
  $expr: { $not: [{ $contains: { input: { $getField: 'inputs' }, substr: { $literal: TEXT } } }] },
};
/** Until what a killed writer left unmarked is put in order. */
const SETTLE_MS = 90_000;

/**
 * Counts that are not those of what is readable: of all calls, and of those without content, where a row that log records
 * replaced would be counted too. Pages show one row of a call, whatever there is; counts do not.
 */
export async function judgeCounts(url: string, project: string, seen: readonly SeenCall[]): Promise<string[]> {
  const empty = seen.filter(({ line }) => !JSON.stringify(inputsOf(line)).includes(TEXT)).length;
  const wrong: string[] = [];
  for (const [what, query, expected] of [
    ['all', undefined, seen.length],
    ['without content', WITHOUT_CONTENT, empty],
  ] as const) {
    let counted = -1;
    await eventually(async () => {
      counted = await countOf(url, project, query);
      return counted === expected;
    }, SETTLE_MS).catch(() => wrong.push(`${what}: ${counted} counted, ${expected} readable`));
  }
  return wrong;
} // prettier-ignore

function inputsOf(line: string): unknown {
  return (JSON.parse(line) as { inputs: unknown }).inputs;
}

async function countOf(url: string, project: string, query: object | undefined): Promise<number> {
  const res = await fetch(`${url}/calls/query_stats`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ project_id: project, query }),
  });
  if (!res.ok) throw new Error(`/calls/query_stats: ${res.status} ${await res.text()}`);
  return ((await res.json()) as { count: number }).count;
}
