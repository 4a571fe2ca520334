import type { TextFilter } from '@weft/query-language';
import type { ClickHouse, Param } from '../clickhouse.ts';
import { PAYLOAD_COLUMNS, type PayloadColumn } from './fields.ts';

/**
 * Finding texts in payloads (ADR 009). A condition on a path inside a payload says something of the payload's raw text
 * (`supersetOf`); that is looked up in the text indexes first, so that only few payloads are read and parsed.
 */

/** Payloads with a text index on their lower-cased text. */
const INDEXED: ReadonlySet<string> = new Set(['inputs', 'output']);
/** A shorter piece of a word is in too many words for the index to be of use. */
const MIN_PIECE = 4;

/** Texts looked for at once: more of them find much, and each is looked up on its own. */
const MAX_TEXTS = 16;

/** Bits of `calls.odd`: the payload spells letters or digits as escapes, so that its raw text says nothing. */
export const ODD_BITS: ReadonlyMap<PayloadColumn, number> = new Map(
  PAYLOAD_COLUMNS.map((name, i) => [name, 1 << i]),
);

/** Odd payloads that the project has, as bits of `calls.odd`. By the column's index; hardly any project has one. */
export async function readOddBits(db: ClickHouse, projectId: string, signal?: AbortSignal): Promise<number> {
  const [bits = 0] = await db.all(
    {
      sql: 'SELECT groupBitOr(odd) FROM calls WHERE project_id = {project:String} AND odd > 0',
      params: { project: projectId },
    },
    (row) => row.uint8(),
    { signal },
  );
  return bits;
}

/**
 * The filter as a condition that holds at least for the rows that match; undefined = it says nothing.
 * @param oddBits `readOddBits`.
 */
export function compileSearch(
  filter: TextFilter,
  params: Record<string, Param>,
  oddBits: number,
): string | undefined {
  if (filter.kind === 'text') return compileText(filter, params, oddBits);
  if (filter.kind === 'any' && countTexts(filter) > MAX_TEXTS) return undefined;
  const known: string[] = [];
  for (const each of filter.of.slice(0, MAX_TEXTS)) {
    const part = compileSearch(each, params, oddBits);
    if (part !== undefined) known.push(part);
    else if (filter.kind === 'any') return undefined;
  }
  if (known.length === 0) return undefined;
  return `(${known.join(filter.kind === 'any' ? ' OR ' : ' AND ')})`;
}

function countTexts(filter: TextFilter): number {
  return filter.kind === 'text' ? 1 : filter.of.reduce((sum, each) => sum + countTexts(each), 0);
}

function compileText(
  { column, needles, caseInsensitive }: Extract<TextFilter, { kind: 'text' }>,
  params: Record<string, Param>,
  oddBits: number,
): string | undefined {
  const bit = ODD_BITS.get(column as PayloadColumn);
  if (bit === undefined) return undefined;
  const bind = (value: string): string => {
    const name = `t${Object.keys(params).length}`;
    params[name] = value;
    return `{${name}:String}`;
  };
  const position = caseInsensitive ? 'positionCaseInsensitive' : 'position';
  // Of several the longest is looked up, the others are cheap to check in what it finds.
  const sought = INDEXED.has(column) ? needles.find((needle) => patternsOf(needle).length > 0) : undefined;
  const found = [
    ...patternsOf(sought ?? '').map((pattern) => `lower(${column}) LIKE ${bind(pattern)}`),
    ...needles.map((needle) => `${position}(${column}, ${bind(needle)}) > 0`),
  ];
  const all = found.join(' AND ');
  return (oddBits & bit) === 0 ? `(${all})` : `((${all}) OR bitTest(odd, ${Math.log2(bit)}))`;
}

/**
 * LIKE patterns that hold where the needle occurs and that the index answers: the needle for the whole words inside of it,
 * and its first or last word, which may be a piece of a longer one, where that says more.
 */
function patternsOf(needle: string): string[] {
  const words = needle.toLowerCase().split(/[^0-9a-z]+/);
  const whole = Math.max(0, ...words.slice(1, -1).map((word) => word.length));
  const [piece = ''] = [words[0]!, words.at(-1)!].sort((a, b) => b.length - a.length);
  return [
    ...(whole > 0 ? [likePattern(needle.toLowerCase())] : []),
    ...(piece.length >= MIN_PIECE && piece.length > whole ? [`%${piece}%`] : []),
  ];
}

function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
