import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { CliError, UsageError, type CommandPort } from './port.ts';
import { serverOf, withServerOptions, type Server, type ServerFlags } from './server.ts';
import { printable } from './table.ts';

interface Flags extends ServerFlags {
  readonly project: string;
  readonly json?: boolean;
}

type Json = Record<string, unknown>;

/** `weft monitors publish|activate|deactivate`: monitors as objects, where no SDK is at hand. */
export function addMonitorObjectCommands(monitors: Command, port: CommandPort): void {
  const add = (name: string, description: string) =>
    withServerOptions(monitors.command(name).description(description), 'the front door')
      .requiredOption('--project <entity/project>', 'in this project')
      .option('--json', 'answer in JSON');
  add('publish', 'publish a monitor and the scorers in it; active where the file says so')
    .argument('<file>', 'JSON of a Weave Monitor; its scorers are objects with a name, or refs')
    .action((file: string, flags: Flags) => publishFile(file, flags, port));
  for (const [name, active] of [
    ['activate', true],
    ['deactivate', false],
  ] as const)
    add(name, active ? 'have calls scored by a monitor' : 'have no more calls scored by a monitor')
      .argument('<monitor>', 'name of its object')
      .action((monitor: string, flags: Flags) => setActive(monitor, active, flags, port));
}

async function publishFile(file: string, flags: Flags, port: CommandPort): Promise<void> {
  const monitor = await readObject(file);
  const server = serverOf(flags, port);
  const scorers = Array.isArray(monitor.scorers) ? (monitor.scorers as unknown[]) : [];
  const names = scorers.map((scorer, i) =>
    typeof scorer === 'string' ? '' : nameOf(scorer, `scorers[${i}]`),
  );
  const name = nameOf(monitor, file);
  const refs: unknown[] = [];
  for (const [i, scorer] of scorers.entries())
    refs.push(
      names[i] === '' ? scorer : await publish(server, flags, names[i]!, asScorer(scorer as Json, i)),
    );
  const val = { _type: 'Monitor', _class_name: 'Monitor', _bases: ['Object', 'BaseModel'], ...monitor };
  const ref = await publish(server, flags, name, { ...val, scorers: refs });
  tell(ref, monitor.active === true, flags, port);
}

async function setActive(monitor: string, active: boolean, flags: Flags, port: CommandPort): Promise<void> {
  const server = serverOf(flags, port);
  const which = { project_id: flags.project, object_id: monitor, digest: 'latest' };
  const { obj } = (await server.post('/obj/read', which)) as { readonly obj: { readonly val: Json } };
  if (obj.val._class_name !== 'Monitor' && obj.val._class_name !== 'ClassifierMonitor')
    throw new CliError(`${printable(monitor)} is no monitor`);
  tell(await publish(server, flags, monitor, { ...obj.val, active }), active, flags, port);
}

async function publish(server: Server, { project }: Flags, name: string, val: Json): Promise<string> {
  const obj = { project_id: project, object_id: name, val };
  const { digest } = (await server.post('/obj/create', { obj })) as { readonly digest: string };
  return `weave:///${project}/object/${name}:${digest}`;
}

function tell(ref: string, active: boolean, { json }: Flags, port: CommandPort): void {
  if (json === true) return port.out(`${JSON.stringify({ ref, active })}\n`);
  port.out(`${printable(ref)}\n`);
  port.note(active ? 'it scores calls within 5 s\n' : 'it is not active: it scores no calls within 5 s\n');
}

async function readObject(file: string): Promise<Json> {
  let text: string;
  try {
    text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // said below
  }
  throw new UsageError(`${file}: expected a JSON object`);
}

/** W&B's rule for names of objects. */
const NAME = /^[\w.-]{1,128}$/;

function nameOf(object: unknown, where: string): string {
  const name = (object as Json | null)?.name;
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw new UsageError(`${where}: expected a name of letters, digits, "_", "-" and "."`);
}

function asScorer(scorer: Json, index: number): Json {
  const { _class_name: className } = scorer;
  if (typeof className !== 'string') throw new UsageError(`scorers[${index}]: expected a _class_name`);
  return { _type: className, _bases: ['Scorer', 'Object', 'BaseModel'], ...scorer };
}
