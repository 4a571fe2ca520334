import { cut, printable, toTable } from './table.ts';

export interface Sample {
  readonly kind: 'sample';
  readonly call_id: string;
  readonly trace_id: string;
  readonly name: string;
  readonly scope: string;
  readonly version: string;
  readonly verdict: string;
  readonly differences: readonly {
    readonly field: string;
    readonly before: string;
    readonly after: string;
  }[];
}

export interface Summary {
  readonly kind: 'done';
  readonly dry_run: boolean;
  readonly mapping_version: number;
  readonly scanned: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly not_applied: number;
  readonly failed: number;
  readonly fields: Readonly<Record<string, number>>;
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  readonly scopes: readonly {
    readonly scope: string;
    readonly version: string;
    readonly scanned: number;
    readonly changed: number;
    readonly not_applied: number;
    readonly failed: number;
  }[];
  readonly cursor: string | null;
}

const SCOPES_SHOWN = 30;
const NAME_CHARS = 60;

/** One call and what becomes of it. */
export function toSample({ call_id, trace_id, name, scope, version, differences }: Sample): string {
  const of = scope === '' ? '' : ` (${scope}${version === '' ? '' : ` ${version}`})`;
  const head = `${cut(name, NAME_CHARS)}${of}: call ${call_id}, trace ${trace_id}`;
  const changes = differences.map(
    ({ field, before, after }) =>
      `  ${printable(field)}\n    - ${printable(before)}\n    + ${printable(after)}\n`,
  );
  return `${printable(head)}\n${changes.join('')}`;
}

/** Counts, then what changed in them and whose spans they are. */
export function summarise(summary: Summary): string {
  const { dry_run: dryRun, mapping_version: mapping, scanned, fields, reasons, scopes } = summary;
  const would = dryRun ? 'would be changed' : 'changed, and stored';
  const counts: readonly (readonly [number, string])[] = [
    [scanned, `spans looked at, with mapping ${mapping}`],
    [summary.changed, would],
    [summary.unchanged, 'are what they would be made'],
    [summary.not_applied, dryRun ? 'would not be applied' : 'not applied'],
    [summary.failed, 'cannot be read: left as they are'],
  ];
  const parts = counts
    .filter(([count], i) => i === 0 || count > 0)
    .map(([count, what]) => `${String(count).padStart(9)}  ${what}\n`);
  for (const { reason, count } of reasons)
    parts.push(`${String(count).padStart(9)}  of these: ${printable(reason)}\n`);
  const changed = Object.entries(fields);
  if (changed.length > 0)
    parts.push(
      '\n',
      toTable([['FIELD', 'SPANS'], ...changed.map(([field, count]) => [field, String(count)])]),
    );
  if (scopes.length > 0)
    parts.push('\n', toTable([SCOPE_HEAD, ...scopes.slice(0, SCOPES_SHOWN).map(toScope)]));
  if (scopes.length > SCOPES_SHOWN)
    parts.push(`and ${scopes.length - SCOPES_SHOWN} other scopes: --json has all\n`);
  return parts.join('');
}

const SCOPE_HEAD = ['SCOPE', 'VERSION', 'SPANS', 'CHANGED', 'NOT APPLIED', 'FAILED'];

function toScope({
  scope,
  version,
  scanned,
  changed,
  not_applied,
  failed,
}: Summary['scopes'][number]): string[] {
  const counts = [scanned, changed, not_applied, failed].map(String);
  return [
    scope === '' ? '-' : cut(scope, NAME_CHARS),
    version === '' ? '-' : cut(version, NAME_CHARS),
    ...counts,
  ];
}
