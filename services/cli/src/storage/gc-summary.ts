import { sizeText } from '../size.ts';
import { cut, printable, toTable } from '../table.ts';

export interface Amount {
  readonly blobs: number;
  readonly bytes: number;
}

export interface Tally {
  readonly scanned: Amount;
  readonly referenced: Amount;
  readonly kept: Amount;
  readonly trashed: Amount;
  readonly restored: Amount;
  readonly deleted: Amount;
  readonly changed: Amount;
}

interface LeftAlone extends Amount {
  readonly examples: readonly string[];
}

export interface Done {
  readonly kind: 'done';
  readonly dry_run: boolean;
  readonly total: Tally;
  readonly projects: readonly (Tally & { readonly project_id: string })[];
  readonly foreign: LeftAlone;
  readonly unknown: LeftAlone;
}

const PROJECTS_SHOWN = 50;
const EXAMPLE_CHARS = 80;

/** What became of blobs, or would, by project; and what was left alone. */
export function summarise({ dry_run: dryRun, total, projects, foreign, unknown }: Done): string {
  const shown = projects.slice(0, PROJECTS_SHOWN);
  const rows = shown.map((tally) => toRow(tally.project_id, tally));
  if (projects.length !== 1) rows.push(toRow('all', total));
  const parts = [toTable([dryRun ? DRY_HEAD : HEAD, ...rows])];
  if (projects.length > shown.length)
    parts.push(`and ${projects.length - shown.length} other projects: --json has more\n`);
  if (total.changed.blobs > 0)
    parts.push(`${amount(total.changed)} changed meanwhile: the next run looks again\n`);
  if (unknown.blobs > 0)
    parts.push(
      `${amount(unknown)} of projects that this server's tables do not know, left alone: ${list(unknown)}\n`,
    );
  if (foreign.blobs > 0)
    parts.push(`${amount(foreign)} that Weft has not put there, left alone: ${list(foreign)}\n`);
  if (dryRun) parts.push('nothing was done: this is what a run without --dry-run would do\n');
  return parts.join('');
}

const HEAD = ['PROJECT', 'LOOKED AT', 'REFERENCED', 'KEPT', 'TRASHED', 'RESTORED', 'DELETED'];
const DRY_HEAD = [...HEAD.slice(0, 4), 'TO TRASH', 'TO RESTORE', 'TO DELETE'];

function toRow(name: string, tally: Tally): string[] {
  const { scanned, referenced, kept, trashed, restored, deleted } = tally;
  return [name, ...[scanned, referenced, kept, trashed, restored, deleted].map(amount)];
}

/** `12 (3.4 MiB)`. */
export function amount({ blobs, bytes }: Amount): string {
  return blobs === 0 ? '-' : `${blobs} (${sizeText(bytes)})`;
}

function list({ examples }: LeftAlone): string {
  return printable(examples.map((example) => cut(example, EXAMPLE_CHARS)).join(', '));
}
