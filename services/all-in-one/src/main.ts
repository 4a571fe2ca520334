import { fileURLToPath } from 'node:url';
import { createLogger } from '@weft/runtime';
import { runAllInOne } from './all-in-one.ts';
import { firstSteps, parseCommandLine, USAGE, type CommandLine } from './command-line.ts';
import { loadAllInOneConfig } from './config.ts';

const options = read();
const logger = createLogger({ name: 'all-in-one' });
runAllInOne({
  ...options,
  config: loadAllInOneConfig(),
  logger,
  webDir: fileURLToPath(new URL('./web', import.meta.url)),
  onReady: ({ url, open, grpc }) => process.stdout.write(firstSteps(url, open, grpc)),
});

function read(): CommandLine {
  try {
    const parsed = parseCommandLine(process.argv.slice(2));
    if (!parsed.help) return parsed;
    process.stdout.write(USAGE);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}
