/**
 * Microseconds to parse, compile and evaluate filters, JSON.parse of the row as the baseline:
 * `tsx bench/query-language.ts [rounds]`. CPU time, best of the rounds.
 */
import { compileQuery, evaluate, parseFieldPath, parseQuery, type Field } from '@weft/query-language';

const rounds = Number(process.argv[2] ?? 15);
const CALLS = 2_000;

const inputs = Buffer.from(
  JSON.stringify({
    model: 'gpt-4o-mini',
    messages: [
      { role: 'system', content: 'You answer briefly. '.repeat(30) },
      { role: 'user', content: 'What does the "quick" brown fox do? '.repeat(35) },
    ],
    temperature: 0.2,
    score: 0.83,
  }),
);

function resolve(path: string): Field {
  return { kind: 'json', column: 'inputs', path: parseFieldPath(path) };
}

const field = (path: string) => ({ $getField: path });
const filters: Readonly<Record<string, unknown>> = {
  'text equals': { $eq: [field('model'), { $literal: 'gpt-4o-mini' }] },
  'number above': { $gt: [field('score'), { $literal: 0.5 }] },
  'missing path': { $eq: [field('nope'), { $literal: null }] },
  'contains in a message': { $contains: { input: field('messages.1.content'), substr: { $literal: 'fox' } } },
  'contains in all messages': { $contains: { input: field('messages'), substr: { $literal: 'fox' } } },
  'three conditions': {
    $and: [
      { $eq: [field('model'), { $literal: 'gpt-4o-mini' }] },
      { $gt: [field('score'), { $literal: 0.5 }] },
      { $not: [{ $in: [field('temperature'), [{ $literal: 1 }, { $literal: 2 }]] }] },
    ],
  },
};

console.log(
  `row: ${inputs.length} bytes, JSON.parse ${perCall(() => JSON.parse(inputs.toString('utf8')))} µs`,
);
for (const [name, wire] of Object.entries(filters)) {
  const expr = parseQuery({ $expr: wire }, resolve);
  const row = { column: () => null, json: () => inputs };
  const dialect = { column: () => '', json: () => ({ sql: 'inputs' }) };
  if (!evaluate(expr, row)) throw new Error(`${name} does not match`);
  console.log(
    `${name}: parse ${perCall(() => parseQuery({ $expr: wire }, resolve))} µs, compile ${perCall(() => compileQuery(expr, dialect))} µs (${compileQuery(expr, dialect).sql.length} characters), evaluate ${perCall(() => evaluate(expr, row))} µs`,
  );
}

function perCall(run: () => unknown): string {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < CALLS; i++) run();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / CALLS);
  }
  return best.toFixed(1);
}
