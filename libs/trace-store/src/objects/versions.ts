import { NO_INSTANT_US } from '../native.ts';
import { NEVER_CREATED_US } from './write.ts';

/** One version of an object as its rows add up. */
export interface VersionRow {
  readonly kind: 'op' | 'object';
  readonly digest: string;
  readonly firstCreatedUs: number;
  readonly lastCreatedUs: number;
  /** `NO_INSTANT_US` = never deleted. */
  readonly lastDeletedUs: number;
}

export interface Version<R extends VersionRow> {
  readonly row: R;
  /** From 0 by first publication within its kind, deleted versions included: deleting renumbers nothing. */
  readonly index: number;
  /** The most recently published version that is not deleted. */
  readonly isLatest: boolean;
  readonly deletedAtUs: number | null;
}

/** Numbers the versions of one object name. What was only ever deleted is no version. */
export function numberVersions<R extends VersionRow>(rows: readonly R[]): Version<R>[] {
  return (['object', 'op'] as const).flatMap((kind) => {
    const created = rows
      .filter((row) => row.kind === kind && row.firstCreatedUs < NEVER_CREATED_US)
      .sort((a, b) => a.firstCreatedUs - b.firstCreatedUs || (a.digest < b.digest ? -1 : 1));
    const alive = created.filter((row) => !isDeleted(row));
    const latest =
      alive.length === 0
        ? undefined
        : alive.reduce((best, row) => (row.lastCreatedUs >= best.lastCreatedUs ? row : best));
    return created.map((row, index) => ({
      row,
      index,
      isLatest: row === latest,
      deletedAtUs: isDeleted(row) ? row.lastDeletedUs : null,
    }));
  });
}

/**
 * @param wanted a digest, `latest` or `vN`. `latest` with everything deleted is the version deleted last.
 */
export function findVersion<R extends VersionRow>(
  versions: readonly Version<R>[],
  wanted: string,
): Version<R> | null {
  const exact = versions.find((v) => v.row.digest === wanted);
  if (exact !== undefined) return exact;
  if (wanted === 'latest') {
    const alive = versions.filter((v) => v.isLatest);
    return newest(alive.length > 0 ? alive : versions);
  }
  const number = /^v(\d{1,9})$/.exec(wanted);
  if (number === null) return null;
  return newest(versions.filter((v) => v.index === Number(number[1])));
}

function newest<R extends VersionRow>(versions: readonly Version<R>[]): Version<R> | null {
  return versions.reduce<Version<R> | null>(
    (best, v) => (best === null || v.row.lastCreatedUs > best.row.lastCreatedUs ? v : best),
    null,
  );
}

function isDeleted(row: VersionRow): boolean {
  return row.lastDeletedUs > NO_INSTANT_US && row.lastDeletedUs >= row.lastCreatedUs;
}
