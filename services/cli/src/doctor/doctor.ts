import type { Command } from 'commander';
import { envString, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { clickHouse } from '../migrate.ts';
import type { CommandPort } from '../port.ts';
import { serverOf } from '../server.ts';
import { printable } from '../table.ts';
import { kafkaAddress, kafkaConfig } from '../topics.ts';
import { checkDataDir, checkServer } from './embedded.ts';
import { nothing, type Finding } from './finding.ts';
import { checkHost } from './host.ts';
import { checkKafka } from './kafka.ts';
import { checkStore } from './store.ts';

interface Flags {
  readonly dataDir: string;
  readonly url?: string;
  readonly json?: boolean;
}

/** What decides about the parts that there are. */
const presenceEnv = {
  KAFKA_BROKERS: envString().optional(),
  KAFKA_BROKER_HOST: envString().optional(),
  WF_CLICKHOUSE_HOST: envString().optional(),
  WEFT_URL: envString().optional(),
};

const HELP = `
Run it with the environment of the service that is not well. With KAFKA_BROKERS or KAFKA_BROKER_HOST it looks at Kafka,
with WF_CLICKHOUSE_HOST at ClickHouse, without them at the data directory of an all-in-one. Nothing is changed.
Exit code 1 when something FAILED.`;

/** `weft doctor`: every line is what was looked at, what was found, and what to do. */
export function addDoctorCommand(program: Command, port: CommandPort): void {
  program
    .command('doctor')
    .description('look at everything Weft stands on, and say what to do')
    .option('--data-dir <dir>', 'of an all-in-one', './.weft')
    .option(
      '--url <url>',
      'a server to ask whether it is ready; default: WEFT_URL, else http://127.0.0.1:6345',
    )
    .option('--json', 'answer in JSON lines')
    .addHelpText('after', HELP)
    .action((flags: Flags) => doctor(flags, port));
}

async function doctor(flags: Flags, port: CommandPort): Promise<void> {
  const counts = { ok: 0, warning: 0, FAILED: 0, '-': 0 };
  for await (const finding of findings(flags, port)) {
    counts[finding.level]++;
    port.out(flags.json === true ? `${JSON.stringify(finding)}\n` : toLines(finding));
  }
  port.note(`${counts.ok} ok, ${counts.warning} to look at, ${counts.FAILED} failed\n`);
  if (counts.FAILED > 0) port.exitWith(1);
}

async function* findings(flags: Flags, port: CommandPort): AsyncGenerator<Finding> {
  const given = loadConfig(z.object(presenceEnv), port.env);
  const { url } = serverOf(flags, port);
  const hasKafka = given.KAFKA_BROKERS !== undefined || given.KAFKA_BROKER_HOST !== undefined;
  yield* checkHost(port);
  if (hasKafka) {
    const config = kafkaConfig(port);
    yield* checkKafka(config, kafkaAddress(config));
  } else yield* checkDataDir(flags.dataDir, url);
  if (given.WF_CLICKHOUSE_HOST !== undefined) yield* checkStore(clickHouse(port));
  else yield nothing('ClickHouse', 'WF_CLICKHOUSE_HOST is not set: an all-in-one runs its own');
  if (hasKafka && (flags.url ?? given.WEFT_URL) !== undefined) yield* checkServer(url);
}

function toLines({ level, what, found, advice }: Finding): string {
  const line = `${level.padEnd(8)} ${printable(`${what}: ${found}`)}\n`;
  return advice === undefined ? line : `${line}         → ${printable(advice)}\n`;
}
