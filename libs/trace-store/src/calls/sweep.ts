import { nowUs } from '@weft/model';
import { quote, type ClickHouse, type RawParam } from '../clickhouse.ts';
import { INSTANT_TYPE } from '../native.ts';
import { instantText } from './lookup.ts';

export interface SweepOptions {
  /** Younger marks are left alone. Longer than any query may run. */
  readonly minAgeMs: number;
  /** Superseded rows that merges have not removed may stay up to this number; above it they are deleted. */
  readonly maxRowsLeft: number;
}

export const SWEEP: SweepOptions = { minAgeMs: 10 * 60_000, maxRowsLeft: 5_000 };

/** Marks looked at in one sweep. */
const MARKS_PER_SWEEP = 10_000;

interface OldMark {
  readonly projectId: string;
  readonly ver: bigint;
  readonly startedAtUs: number;
  readonly id: string;
  readonly isGone: boolean;
}

/**
 * Keeps the set of marks small: readers carry it into every query. Merges remove most superseded rows by themselves; a
 * mark goes once its row was found gone by two sweeps, because a query that started before the row went may still read
 * the marks. Interrupted at any point, the next sweep goes on.
 */
export class Sweeper {
  private gone: ReadonlySet<string> = new Set();
  private sweptAtUs = -Infinity;
  private readonly db: ClickHouse;
  private readonly options: SweepOptions;

  constructor(db: ClickHouse, options: SweepOptions = SWEEP) {
    this.db = db;
    this.options = options;
  }

  async sweep(): Promise<void> {
    const now = nowUs();
    const marks = await this.oldMarks(now);
    const goneNow = marks.filter((mark) => mark.isGone);
    if (now - this.sweptAtUs >= this.options.minAgeMs * 1000) {
      await this.forget(goneNow.filter((mark) => this.gone.has(keyOf(mark))));
      this.gone = new Set(goneNow.map(keyOf));
      this.sweptAtUs = now;
    }
    const left = marks.filter((mark) => !mark.isGone);
    if (left.length > this.options.maxRowsLeft) await this.deleteRows(left);
  }

  private oldMarks(now: number): Promise<OldMark[]> {
    const old = `SELECT project_id, started_at, id FROM calls_superseded WHERE at <= {until:${INSTANT_TYPE}}
ORDER BY project_id, ver LIMIT ${MARKS_PER_SWEEP}`;
    return this.db.all(
      {
        sql: `SELECT project_id, ver, toUnixTimestamp64Micro(started_at), id, (project_id, ver) NOT IN (
  SELECT project_id, ver FROM calls WHERE (project_id, started_at, id) IN (${old}))
FROM calls_superseded WHERE at <= {until:${INSTANT_TYPE}} ORDER BY project_id, ver LIMIT ${MARKS_PER_SWEEP}`,
        params: { until: instantText(now - this.options.minAgeMs * 1000) },
      },
      (row) => ({
        projectId: row.text(),
        ver: row.uint128(),
        startedAtUs: row.int64(),
        id: row.text(),
        isGone: row.uint8() === 1,
      }),
    );
  }

  private async forget(marks: readonly OldMark[]): Promise<void> {
    if (marks.length === 0) return;
    await this.db.deleteRows(
      'calls_superseded',
      '(project_id, ver) IN {marks:Array(Tuple(String, UInt128))}',
      { marks: versions(marks) },
    );
  }

  private async deleteRows(marks: readonly OldMark[]): Promise<void> {
    const keys = marks.map((m) => `(${quote(m.projectId)},'${instantText(m.startedAtUs)}',${quote(m.id)})`);
    await this.db.deleteRows(
      'calls',
      `(project_id, started_at, id) IN {keys:Array(Tuple(String, ${INSTANT_TYPE}, String))}
AND (project_id, ver) IN {marks:Array(Tuple(String, UInt128))}`,
      { keys: { members: keys }, marks: versions(marks) },
    );
  }
}

function versions(marks: readonly OldMark[]): RawParam {
  return { members: marks.map((m) => `(${quote(m.projectId)},${m.ver})`) };
}

function keyOf({ projectId, ver }: OldMark): string {
  return `${projectId}\0${ver}`;
}
