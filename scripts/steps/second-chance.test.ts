import { expect, it } from '@jest/globals';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}
type Report = ReturnType<typeof report>;
// Plain JavaScript, since it runs before anything is installed.
const module = './second-chance.mjs';
const { countsAfter, countsOf, worthASecondRun } = (await import(module)) as {
  countsAfter: (first: Report, second: Counts, names: string[]) => Counts;
  countsOf: (report: Report | undefined, code: number) => Counts;
  worthASecondRun: (report: Report) => string[];
};

const suite = (name: string, ...statuses: string[]) => ({
  name,
  status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status })),
});
const report = (...testResults: ReturnType<typeof suite>[]) => {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = (wanted: string) => all.filter(({ status }) => status === wanted).length;
  return {
    testResults,
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: 0,
    numRuntimeErrorTestSuites: testResults.filter((one) => one.assertionResults.length === 0).length,
  };
};

it('runs a few failed suites again', () => {
  expect(
    worthASecondRun(report(suite('/e2e/a.test.ts', 'failed'), suite('/e2e/b.test.ts', 'passed'))),
  ).toEqual(['/e2e/a.test.ts']);
});

it.each(['/chaos/storage.test.ts', '/local/local.crash.test.ts', '/calls/writers-property.test.ts'])(
  'lets the failure of %s stand, and those beside it',
  (name) => {
    expect(worthASecondRun(report(suite(name, 'failed'), suite('/e2e/a.test.ts', 'failed')))).toEqual([]);
  },
);

it('lets many failures stand', () => {
  expect(worthASecondRun(report(...[1, 2, 3, 4].map((n) => suite(`/e2e/${n}.test.ts`, 'failed'))))).toEqual(
    [],
  );
});

it('counts the tests of the second run in place of those of the first', () => {
  const first = report(
    suite('/a', 'passed', 'passed', 'pending'),
    suite('/b', 'passed', 'failed'),
    suite('/c'),
  );
  expect(countsOf(first, 1)).toEqual({ passed: 3, failed: 2, skipped: 1 });
  const second = countsOf(report(suite('/b', 'passed', 'passed'), suite('/c', 'passed')), 0);
  expect(countsAfter(first, second, ['/b', '/c'])).toEqual({ passed: 5, failed: 0, skipped: 1 });
});

it('counts no report, no tests and a bad end as a failure', () => {
  expect(countsOf(undefined, 0).failed).toBe(1);
  expect(countsOf(report(), 0).failed).toBe(1);
  expect(countsOf(report(suite('/a', 'passed')), 1).failed).toBe(1);
});
