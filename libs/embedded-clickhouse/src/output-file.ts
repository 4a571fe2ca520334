import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';

const MAX_SIZE_BYTES = 10 * 1024 * 1024;
const CHECK_EVERY_MS = 60_000;
const TAIL_BYTES = 4096;

/** The file that takes what the engine prints; two older ones (`.1`, `.2`) are kept beside it. */
export interface OutputFile {
  /** For the child's stdout and stderr: appends, so that truncating below a running child is safe. */
  readonly fd: number;
  /** The last lines, at most 4 KiB. */
  tail(): string;
  close(): void;
}

/** Opens a fresh file, moves the one of the last run aside, and keeps it under 10 MiB (looked at every minute). */
export function openOutputFile(path: string): OutputFile {
  if (sizeOf(path) > 0) {
    shift(path);
    renameSync(path, `${path}.1`);
  }
  const fd = openSync(path, 'a+', 0o600);
  const timer = setInterval(() => rotateBelowWriter(path, MAX_SIZE_BYTES), CHECK_EVERY_MS).unref();
  return {
    fd,
    tail: () => readTail(fd),
    close() {
      clearInterval(timer);
      closeSync(fd);
    },
  };
}

/** Copies the file aside and empties it, because the child keeps its descriptor. Lines of that moment may be lost. */
export function rotateBelowWriter(path: string, maxSizeBytes: number): void {
  if (sizeOf(path) <= maxSizeBytes) return;
  shift(path);
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}

function shift(path: string): void {
  if (sizeOf(`${path}.1`) >= 0) renameSync(`${path}.1`, `${path}.2`);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

function readTail(fd: number): string {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(fd, bytes, 0, bytes.length, size - bytes.length);
  return bytes.toString('utf8').trim();
}
