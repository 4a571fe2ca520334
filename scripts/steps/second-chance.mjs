/**
 * Which suites of a failed run are worth a run by themselves. Thousands of tests beside real servers on two cores now and
 * then time out where nothing is wrong; one such test must not hide what the others say. Suites that look for what
 * happens rarely are left out: there one failure is what they look for. So is a run in which many failed.
 */
const MOST = 3;
const LOOKS_FOR_RARE_THINGS = /\/chaos\/|\.crash\.test\.|property|writers|ledger|lock/;

/**
 * @param report what jest wrote with `--json`.
 * @returns paths of suites; none when the failure stands as it is.
 */
export function worthASecondRun(report) {
  const failed = report.testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
  return failed.length <= MOST && !failed.some((name) => LOOKS_FOR_RARE_THINGS.test(name)) ? failed : [];
}

/** The counts of a report: a suite that could not run and a jest that failed for another reason are failures. */
export function countsOf(report, code) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 }; // jest did not come as far as its report
  const passed = report.numPassedTests;
  let failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  if (failed === 0 && (code !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped: report.numPendingTests + report.numTodoTests };
}

/** The counts when the second run, of `names` alone, passed: its tests count in place of what they were in the first. */
export function countsAfter(first, second, names) {
  const again = new Set(names);
  const tests = first.testResults
    .filter(({ name }) => !again.has(name))
    .flatMap(({ assertionResults }) => assertionResults);
  const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
  return {
    passed: count('passed') + second.passed,
    failed: second.failed,
    skipped: count('pending', 'todo') + second.skipped,
  };
}
