import { parseArgs } from 'node:util';

export interface CommandLine {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly help: boolean;
}

export const USAGE = `Usage: ./scripts/up [options]

Installs what is missing, builds what has changed, and runs the whole trace server in this terminal until Ctrl-C or SIGTERM.
Needs Node 20.19 or newer and an npm registry.

  --port N        HTTP port (default 6345; 0 = a free one)
  --host ADDRESS  address to listen on (default 127.0.0.1; others need API keys: docs/keys.md)
  --data-dir DIR  where traces are kept (default ./.weft)
  -h, --help      this text
`;

/** @throws Error that says which option is wrong and what it may be. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '6345' },
      host: { type: 'string', default: '127.0.0.1' },
      'data-dir': { type: 'string', default: './.weft' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : NaN;
  if (!(port >= 0 && port <= 65_535))
    throw new Error(`--port: expected a number from 0 to 65535, got "${values.port}"`);
  if (values.host === '') throw new Error('--host: expected an address, got nothing');
  if (values['data-dir'] === '') throw new Error('--data-dir: expected a directory, got nothing');
  return { port, host: values.host, dataDir: values['data-dir'], help: values.help };
}

/** What a person who just started the server needs to send a first trace. */
export function firstSteps(url: string, open: boolean, grpc?: string): string {
  const key = open ? 'local' : '<your key>';
  return `
  Weft is ready at ${url}${open ? '  (this machine only, no keys)' : ''}

  Python      WF_TRACE_SERVER_URL=${url} WANDB_BASE_URL=${url} WANDB_API_KEY=${key} python app.py   # weave.init("team/project")
  TypeScript  WF_TRACE_SERVER_URL=${url} WANDB_BASE_URL=${url} WANDB_API_KEY=${key} node app.js     # weave.init('team/project')
  OTLP        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}/otel/v1/traces OTEL_EXPORTER_OTLP_TRACES_HEADERS=project_id=team/project,wandb-api-key=${key}
${grpc === undefined ? '' : `  OTLP/gRPC   OTEL_EXPORTER_OTLP_ENDPOINT=http://${grpc} OTEL_EXPORTER_OTLP_HEADERS=project_id=team/project,wandb-api-key=${key}\n`}
  Ctrl-C stops it; nothing that was acknowledged is lost.
`;
}
