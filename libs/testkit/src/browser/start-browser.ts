import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { browserPath, programPath } from '../environment.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A Chromium of this machine, without a window. No download: Debian and others have it as a package. @throws Error when there is none. */
export function startBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error(whyNoBrowser());
  // Tests run as root in containers, where its sandbox cannot.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** Undefined: there is one. */
export function whyNoBrowser(): string | undefined {
  return findBrowser() === undefined
    ? `there is no ${NAMES.join(' or ')} on the PATH (WEFT_CHROMIUM names another)`
    : undefined;
}

function findBrowser(): string | undefined {
  const named = browserPath();
  if (named !== undefined) return named;
  const folders = programPath().split(delimiter);
  return folders
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}
