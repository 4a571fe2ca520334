import { AppError, parseRef, type Ref, type RefStep } from '@weft/model';
import type { ObjectKey, ObjectStat, TraceReader } from '@weft/trace-store';
import { walk, type Stop } from './walk.ts';

export type ObjectRef = Extract<Ref, { kind: 'object' | 'op' }>;
type Reader = Pick<TraceReader, 'statObjects' | 'readValues' | 'tableRows'>;

/** Values in hand for refs that are answered together. A single ref may need more. */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** Refs met one behind the other. Objects cannot lead to themselves, for their digests hold what is in them. */
const MAX_HOPS = 100;
/** Rows of tables per look-up: their size is known only then. */
const ROWS_PER_READ = 200;

/**
 * The values that refs lead to, in their order, in windows whose values fit in memory; null for what leads nowhere or is
 * deleted. Refs met on the way are followed within their project. The values are views of what was read.
 * @throws AppError `not_found` with the digests of objects that do not exist; for a table row that does not exist, or
 *   `invalid_request` for a table without a row, only as long as no window was given out, later ones are null. With
 *   `isLenient` none of these: what is not there is null.
 */
export async function* readRefs(
  reader: Reader,
  refs: readonly ObjectRef[],
  signal?: AbortSignal,
  { isLenient = false }: { readonly isLenient?: boolean } = {},
): AsyncGenerator<readonly (Uint8Array | null)[]> {
  const known = await statRefs(reader, refs, signal);
  if (!isLenient) refuseMissing(refs, known);
  let from = 0;
  let count = refs.length;
  while (from < refs.length) {
    const some = refs.slice(from, from + count);
    const window = new Window(reader, some, { isStrict: from === 0 && !isLenient, signal });
    const values = await window.read(known);
    if (values === null) {
      count = Math.ceil(some.length / 2);
      continue;
    }
    yield values;
    from += some.length;
    count *= 2;
  }
}

type Stats = ReadonlyMap<string, ObjectStat>;

async function statRefs(reader: Reader, refs: readonly ObjectRef[], signal?: AbortSignal): Promise<Stats> {
  const stats = new Map<string, ObjectStat>();
  for (const [projectId, own] of groupBy(refs, (ref) => ref.projectId)) {
    const keys = own.map(({ name, version }) => ({ objectId: name, digest: version }));
    for (const stat of await reader.statObjects(projectId, distinct(keys), signal))
      stats.set(nameOf(projectId, stat), stat);
  }
  return stats;
}

/** @throws AppError `not_found` when any is missing. */
function refuseMissing(refs: readonly ObjectRef[], stats: Stats): void {
  const digests = new Set(refs.map(({ version }) => version));
  const missing = refs.filter(
    ({ projectId, name, version }) => !stats.has(nameOf(projectId, { objectId: name, digest: version })),
  );
  if (missing.length === 0) return;
  const missingDigests = [...new Set(missing.map(({ version }) => version))].sort();
  const found = digests.size - missingDigests.length;
  const list = missingDigests.map((digest) => `'${digest}'`).join(', ');
  throw new AppError(
    'not_found',
    `Ref read contains ${digests.size} digests, but found ${found} objects. Diff digests: [${list}]`,
    { details: { missing_object_digests: missingDigests } },
  );
}

/** One ref under way: what is left of its path from where it is now. */
interface Task {
  readonly place: number;
  readonly projectId: string;
  readonly steps: readonly RefStep[];
}
type ObjectTask = Task & { readonly key: ObjectKey };
type RowTask = Task & { readonly digest: string };

/** Refs that are answered together. */
class Window {
  private readonly reader: Reader;
  private readonly refs: readonly ObjectRef[];
  private readonly isStrict: boolean;
  private readonly signal: AbortSignal | undefined;
  private readonly values: (Uint8Array | null)[];
  private objects: ObjectTask[];
  private rows: RowTask[] = [];
  private bytes = 0;

  constructor(
    reader: Reader,
    refs: readonly ObjectRef[],
    options: { readonly isStrict: boolean; readonly signal: AbortSignal | undefined },
  ) {
    this.reader = reader;
    this.refs = refs;
    this.isStrict = options.isStrict;
    this.signal = options.signal;
    this.values = new Array<Uint8Array | null>(refs.length).fill(null);
    this.objects = refs.map(({ projectId, name, version, extra }, place) => ({
      place,
      projectId,
      key: { objectId: name, digest: version },
      steps: extra,
    }));
  }

  /** @returns null when the values do not fit; with one ref they always do. */
  async read(known: Stats): Promise<(Uint8Array | null)[] | null> {
    for (let hop = 0; this.objects.length + this.rows.length > 0 && hop < MAX_HOPS; hop++) {
      const [objects, rows] = [this.objects, this.rows];
      this.objects = [];
      this.rows = [];
      for (const [projectId, tasks] of groupBy(objects, (task) => task.projectId))
        if (!(await this.readObjects(projectId, tasks, hop === 0 ? known : undefined))) return null;
      for (const [projectId, tasks] of groupBy(rows, (task) => task.projectId))
        if (!(await this.readRows(projectId, tasks))) return null;
    }
    return this.values;
  }

  private async readObjects(
    projectId: string,
    tasks: readonly ObjectTask[],
    known: Stats | undefined,
  ): Promise<boolean> {
    const keys = distinct(tasks.map(({ key }) => key));
    const stats = known ?? (await this.stat(projectId, keys));
    const alive = keys.filter((key) => stats.get(nameOf(projectId, key))?.deletedAtUs === null);
    for (const key of alive) this.bytes += stats.get(nameOf(projectId, key))!.sizeBytes;
    if (this.isOver()) return false;
    const waiting = groupBy(tasks, ({ key }) => nameOf(projectId, key));
    for await (const page of this.reader.readValues(projectId, alive, this.signal))
      for (const value of page)
        if (value.deletedAtUs === null) this.walk(value.val, waiting.get(nameOf(projectId, value)) ?? []);
    return true;
  }

  private async stat(projectId: string, keys: readonly ObjectKey[]): Promise<Stats> {
    const stats = await this.reader.statObjects(projectId, keys, this.signal);
    return new Map(stats.map((stat) => [nameOf(projectId, stat), stat]));
  }

  private async readRows(projectId: string, tasks: readonly RowTask[]): Promise<boolean> {
    const waiting = groupBy(tasks, ({ digest }) => digest);
    const digests = [...waiting.keys()];
    for (let at = 0; at < digests.length; at += ROWS_PER_READ) {
      const some = digests.slice(at, at + ROWS_PER_READ);
      const rows = await this.reader.tableRows(projectId, some);
      for (const digest of some) {
        const row = rows.get(digest);
        if (row === undefined) this.refuse('not_found', `Row digest ${digest} not found`);
        else this.walk(row, waiting.get(digest)!);
        this.bytes += row?.length ?? 0;
      }
      if (this.isOver()) return false;
    }
    return true;
  }

  private isOver(): boolean {
    return this.bytes > WINDOW_BYTES && this.refs.length > 1;
  }

  private walk(json: Uint8Array, tasks: readonly Task[]): void {
    walk(json, tasks, (task, where) => this.arrive(task, where));
  }

  private arrive({ place, projectId }: Task, where: Stop): void {
    if (where.kind === 'value') this.values[place] = where.bytes;
    if (where.kind !== 'ref') return;
    const ref = tryParseRef(where.text);
    if (ref === null || ref.projectId !== projectId) return;
    const steps = [...ref.extra, ...where.rest];
    if (ref.kind === 'object' || ref.kind === 'op')
      this.objects.push({ place, projectId, steps, key: { objectId: ref.name, digest: ref.version } });
    else if (ref.kind === 'table') this.enterTable({ place, projectId, steps });
  }

  private enterTable(task: Task): void {
    const [row, ...steps] = task.steps;
    if (row?.edge === 'id') this.rows.push({ ...task, steps, digest: row.value });
    else this.refuse('invalid_request', 'Table refs must have id extra');
  }

  private refuse(code: 'not_found' | 'invalid_request', message: string): void {
    if (this.isStrict) throw new AppError(code, message);
  }
}

function tryParseRef(text: string): Ref | null {
  try {
    return parseRef(text);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** Neither projects nor objects have a line break in their names. */
function nameOf(projectId: string, { objectId, digest }: ObjectKey): string {
  return `${projectId}\n${objectId}\n${digest}`;
}

function distinct(keys: readonly ObjectKey[]): ObjectKey[] {
  return [...new Map(keys.map((key) => [nameOf('', key), key])).values()];
}

function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}
