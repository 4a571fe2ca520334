/**
 * A process to be killed: `tsx appender.ts <dir> <from>` opens the log and appends numbered events from `from` on, writing
 * `acked <n>` once n is acknowledged; `refused <message>` if it can't open the log.
 */
import { writeSync } from 'node:fs';
import { openEmbeddedEventLog } from '../embedded/embedded.ts';
import { numbered } from './events.ts';
import { quiet } from './logs.ts';

const say = (line: string) => writeSync(1, `${line}\n`);
const [dir = '', from = '0'] = process.argv.slice(2);

try {
  const groups = { 'trace-events': ['writer'] };
  const config = { EVENT_LOG_SEGMENT_BYTES: 64 << 10 };
  const log = await openEmbeddedEventLog({ dir, groups, config, logger: quiet });
  let next = Number(from);
  say('open');
  const append = async (): Promise<void> => {
    for (;;) {
      const events = numbered(next, next + 1 + (next % 7));
      next += events.length;
      const last = next - 1;
      const first = next - events.length;
      await log.append('trace-events', events);
      say(`acked ${first} ${last}`);
    }
  };
  await Promise.all([append(), append(), append()]);
} catch (error) {
  say(`refused ${(error as Error).message}`);
}
