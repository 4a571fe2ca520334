export { runCli, type CliPort } from './cli.ts';
