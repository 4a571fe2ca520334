import { describe, expect, it } from '@jest/globals';
import type { Source } from './fields.ts';
import { FRAMEWORKS } from './frameworks/index.ts';
import { Selector } from './select.ts';
import { callWith } from './testing/build.ts';
import { ATTRIBUTES, CONTENT, TABLES, USAGE, type Row } from './testing/contract.ts';

const NAME = 'agent run';
const FIELDS = Object.entries(TABLES);

function found(field: string, sent: [string, unknown][]): unknown {
  // Our own attributes are shown beside content; alone they leave the call with a copy of all there was.
  const call = callWith(field in ATTRIBUTES ? [...sent, ['outputs', 'x']] : sent, { name: NAME });
  if (field === 'inputs') return call.start.inputs;
  if (field === 'output') return call.end.output;
  if (field in USAGE) return Object.values(call.end.summary.usage as object)[0][field];
  if (!(field in ATTRIBUTES)) return call.start[field as keyof typeof call.start];
  return field.split('.').reduce((at, part) => at?.[part], call.start.attributes);
}

function valueOf(field: string, row: Row, n: number): unknown {
  return row.value ?? (field in USAGE ? 40 + n : `text ${n}`);
}

function expected(field: string, row: Row, n: number): unknown {
  const value = 'gives' in row ? row.gives : valueOf(field, row, n);
  if (!(field in CONTENT) || row.key === 'output' || row.key === 'outputs') return value;
  return { [row.key]: value };
}

const sent = (field: string, row: Row, n: number): [string, unknown][] => [
  [row.key, valueOf(field, row, n)],
  ...Object.entries(row.beside ?? {}),
];

describe('the documented mapping', () => {
  const cases = FIELDS.flatMap(([field, rows]) => rows.map((row, i) => [field, row.key, row, i] as const));

  it.each(cases)('takes %s from %s alone', (field, _key, row, i) => {
    expect(found(field, sent(field, row, i))).toEqual(expected(field, row, i));
  });

  it.each(FIELDS.filter(([, rows]) => rows.length > 1))(
    'takes the earlier key of %s, whichever was sent first',
    (field, rows) => {
      rows.forEach((first, i) =>
        rows.slice(i + 1).forEach((second, n) => {
          // One key inside the other is a merge, not a choice.
          if (second.key.startsWith(`${first.key}.`) || first.key.startsWith(`${second.key}.`)) return;
          const [a, b] = [sent(field, first, i), sent(field, second, i + 1 + n)];
          for (const both of [
            [...a, ...b],
            [...b, ...a],
          ]) {
            expect([first.key, second.key, found(field, both)]).toEqual([
              first.key,
              second.key,
              expected(field, first, i),
            ]);
          }
        }),
      );
    },
  );

  it('passes over empty values, except reported zeros of usage', () => {
    for (const [field, rows] of Object.entries(CONTENT)) {
      const last = rows.find(({ key }) => key === 'inputs' || key === 'outputs')!;
      const earlier = rows.slice(0, rows.indexOf(last));
      for (const empty of ['', 0, false, [], '{}', '[ ]', null, {}] as unknown[]) {
        const pairs = earlier.map(({ key }): [string, unknown] => [key, empty]);
        expect(found(field, [...pairs, [last.key, 'x']])).toEqual(
          expected(field, { ...last, value: 'x' }, 0),
        );
      }
    }
    for (const [field, rows] of Object.entries(USAGE)) {
      const [first, second] = rows.filter(({ value }) => value === undefined);
      if (second === undefined || !field.endsWith('_tokens')) continue;
      expect(found(field, [[first!.key, 0], [second.key, 7]])).toBe(0); // prettier-ignore
    }
  });

  it('keeps the order of W&B’s own keys first of all, but for four it has itself between them since', () => {
    const between = Object.entries(TABLES).flatMap(([field, rows]) => {
      const last = rows.findLastIndex(({ contract }) => contract);
      return rows
        .slice(0, Math.max(last, 0))
        .flatMap(({ contract, key }) => (contract ? [] : [`${field} ${key}`]));
    });
    expect(between).toEqual([
      'inputs gen_ai.input.messages',
      'inputs pydantic_ai.all_messages',
      'output gen_ai.output.messages',
      'output final_result',
    ]);
  });
});

describe('frameworks', () => {
  it('have no two sources of a field at one rank', () => {
    const source: Source = { rank: 10, key: 'other' };
    expect(() => new Selector([...FRAMEWORKS, { name: 'double', fields: { inputs: [source] } }])).toThrow(
      'taken',
    );
  });

  it('end with the conventions that all of them share, and are decided by rank, not by order', () => {
    expect(FRAMEWORKS.at(-1)!.name).toBe('gen-ai');
    expect(FRAMEWORKS.filter(({ events }) => events !== undefined).at(-1)!.name).toBe('gen-ai');
    const span = {
      'gen_ai.input.messages': 'shared',
      'mlflow.spanInputs': 'own',
      'langfuse.observation.input': 'late',
    };
    expect(callWith(span).start.inputs).toEqual({ 'mlflow.spanInputs': 'own' });
  });
});
