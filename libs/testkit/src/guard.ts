import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** Ends processes whose starter has ended, however that came about: kill -9 gives nobody a chance to clean up. */
export interface Guard {
  /** The processes to kill from now on. */
  watch(pids: readonly number[]): void;
  /** Nothing is left to guard; processes and directory stay as they are. */
  dismiss(): void;
}

// `read` ends when the last holder of the pipe's other end is gone. Each line replaces the list; "dismissed" ends it.
const SCRIPT = `
while IFS= read -r line; do
  [ "$line" = dismissed ] && exit 0
  pids=$line
done
[ -n "$pids" ] && kill -9 $pids 2>/dev/null
[ -n "$1" ] && sleep 0.2 && rm -rf "$1"
exit 0`;

/** Starts a guard; it also removes `directory`, where given, when this process ends without `dismiss()`. */
export function startGuard(directory?: string): Guard {
  // A process group of its own: Ctrl-C is for its starter.
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'weft-guard', directory ?? ''], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const stdin = child.stdin as Socket;
  child.unref();
  stdin.unref();
  stdin.on('error', () => {}); // the guard itself was killed
  return {
    watch: (pids) => void stdin.write(`${pids.join(' ')}\n`),
    dismiss: () => stdin.end('dismissed\n'),
  };
}
