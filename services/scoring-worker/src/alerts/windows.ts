/** Windows are aligned to the epoch: every worker cuts time alike. */
export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

const SECOND_US = 1_000_000;

/** The window of this length that an instant lies in. */
export function windowAt(atUs: number, seconds: number): Window {
  const lengthUs = seconds * SECOND_US;
  const fromUs = Math.floor(atUs / lengthUs) * lengthUs;
  return { fromUs, toUs: fromUs + lengthUs };
}

/** Windows from the one of `sinceUs` to that of `untilUs`, oldest first; of more than `most`, the last ones. */
export function windowsBetween(
  sinceUs: number,
  untilUs: number,
  seconds: number,
  most: number,
): readonly Window[] {
  const last = windowAt(untilUs, seconds);
  const lengthUs = last.toUs - last.fromUs;
  const first = Math.max(windowAt(sinceUs, seconds).fromUs, last.fromUs - (most - 1) * lengthUs);
  const windows: Window[] = [];
  for (let fromUs = first; fromUs <= last.fromUs; fromUs += lengthUs)
    windows.push({ fromUs, toUs: fromUs + lengthUs });
  return windows;
}
