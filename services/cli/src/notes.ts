import type { CliPort } from './port.ts';

/** Between two notes of how far it is. */
const NOTE_MS = 2_000;

/** Tells how far it is now and then. `now` is called only when it is time. */
export function notes(port: CliPort): (now: () => string) => void {
  let told = performance.now();
  return (now) => {
    if (performance.now() - told < NOTE_MS) return;
    told = performance.now();
    port.note(`${now()}\n`);
  };
}
