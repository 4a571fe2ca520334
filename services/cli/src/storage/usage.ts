import type { CommandPort } from '../port.ts';
import { serverOf, type ServerFlags } from '../server.ts';
import { printable, toTable } from '../table.ts';
import { amount } from './gc-summary.ts';

const ROUTE = '/weft/v1/storage/usage';

export interface UsageFlags extends ServerFlags {
  readonly project?: string;
  readonly json?: boolean;
}

interface Stored {
  readonly count: number;
  readonly bytes: number;
}

const KINDS = ['blob_files', 'table_files', 'payloads'] as const;
type Kept = Readonly<Record<(typeof KINDS)[number], Stored>>;

/** As the server answers. */
interface Usage {
  /** Where new blobs go; null = there is no blob store. */
  readonly uri: string | null;
  readonly projects: readonly (Kept & { readonly project_id: string })[];
  readonly truncated: boolean;
}

export async function usage(flags: UsageFlags, port: CommandPort): Promise<void> {
  const { project, json = false } = flags;
  const query = project === undefined ? '' : `?${new URLSearchParams({ project_id: project }).toString()}`;
  const found = (await serverOf(flags, port).get(ROUTE + query)) as Usage;
  if (json) return port.out(`${JSON.stringify(found)}\n`);
  const { uri, projects, truncated } = found;
  if (projects.length > 0) {
    const rows = projects.map((kept) => toRow(kept.project_id, kept));
    if (rows.length > 1) rows.push(toRow('all', sumOf(projects)));
    port.out(toTable([['PROJECT', 'BLOB FILES', 'TABLE FILES', 'PAYLOADS'], ...rows]));
  } else port.note('no files and no large payloads\n');
  if (truncated) port.note('there are more projects: --project shows any of them\n');
  port.note(uri === null ? 'there is no blob store\n' : `new blobs go to ${printable(uri)}\n`);
}

function toRow(name: string, kept: Kept): string[] {
  return [name, ...KINDS.map((kind) => amount({ blobs: kept[kind].count, bytes: kept[kind].bytes }))];
}

function sumOf(all: readonly Kept[]): Kept {
  const sum = (kind: (typeof KINDS)[number]): Stored =>
    all.reduce((so, { [kind]: { count, bytes } }) => ({ count: so.count + count, bytes: so.bytes + bytes }), {
      count: 0,
      bytes: 0,
    });
  return { blob_files: sum('blob_files'), table_files: sum('table_files'), payloads: sum('payloads') };
}
