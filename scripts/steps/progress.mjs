/** Where the repository stands, whoever calls from wherever. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A message for the person at the keyboard; printed without a stack. */
export class SetupError extends Error {}

/** One progress line on stderr with the seconds since the script began. */
export function say(message) {
  process.stderr.write(`[${(performance.now() / 1000).toFixed(1).padStart(5)} s] ${message}\n`);
}

/** Runs `main`; a SetupError ends the process with its message and code 1. */
export async function run(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\nerror: ${error.message}\n`);
    process.exitCode = 1;
  }
}
