import { AppError, type Named } from '@weft/model';
import { JsonValue } from '@weft/query-language';
import { feedbackField, type FeedbackWrite } from '@weft/trace-store';
import { FEEDBACK_FIELDS, type WriteField } from '../render-feedback.ts';

/** What a query wants: rows with these fields, or one row with their number. */
export type Selection =
  | { readonly fields: ReadonlyMap<string, WriteField>; readonly payloads: boolean }
  | { readonly countAs: string };

/** Fields of rows, paths into payloads, values by name, or `count(*)` alone. @throws AppError `invalid_request` */
export function selectFields(names: readonly string[] = []): Selection {
  const [first] = names;
  if (first === undefined) return { fields: FEEDBACK_FIELDS, payloads: true };
  if (names.some(isCount)) {
    if (names.length > 1)
      throw new AppError('invalid_request', `fields: ${names.find(isCount)!} must stand alone`);
    return { countAs: first };
  }
  const fields = new Map(names.map((name) => [name, FEEDBACK_FIELDS.get(name) ?? writeValue(name)]));
  return { fields, payloads: names.some((name) => name === 'payload' || name.startsWith('payload.')) };
}

function isCount(name: string): boolean {
  return name.toLowerCase() === 'count(*)';
}

const NAMED: ReadonlyMap<string, (row: FeedbackWrite) => Named<string | number>> = new Map<
  string,
  (row: FeedbackWrite) => Named<string | number>
>([
  ['scorer_tag_reasons', (row) => row.scorer.tagReasons],
  ['scorer_tag_confidences', (row) => row.scorer.tagConfidences],
  ['scorer_ratings', (row) => row.scorer.ratings],
  ['scorer_rating_reasons', (row) => row.scorer.ratingReasons],
  ['scorer_rating_confidences', (row) => row.scorer.ratingConfidences],
]);

/** A value inside a column. Of payloads its text, whatever it is: that is W&B's way; empty = there is none. */
function writeValue(path: string): WriteField {
  const field = feedbackField(path);
  if (field.kind === 'json')
    return (out, row) => {
      const value = JsonValue.at(row.payload, field.path);
      out.text(JSON.stringify(value.kind === 'null' ? 'null' : value.text));
    };
  const dot = path.indexOf('.');
  const name = path.slice(dot + 1);
  const get = NAMED.get(path.slice(0, dot))!;
  return (out, row) => out.text(JSON.stringify(get(row).find(([key]) => key === name)?.[1] ?? null));
}
