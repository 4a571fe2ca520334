export { runCli } from './cli.ts';
export type { CliPort } from './port.ts';
