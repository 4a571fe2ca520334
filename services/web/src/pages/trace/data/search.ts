import { NONE, type TraceTable } from './trace-table.ts';
import type { Shape } from './shape.ts';

/** Rows whose name, model or error contains the text, in the order of the tree. */
export function findRows(
  table: Pick<TraceTable, 'names' | 'nameOf' | 'errorTexts' | 'errorOf' | 'models' | 'usage'>,
  { order }: Shape,
  text: string,
  nameText: (name: string) => string,
): Int32Array {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return new Int32Array(0);
  const has = (each: string) => each.toLowerCase().includes(wanted);
  const names = table.names.texts.map((name) => has(nameText(name)));
  const errors = table.errorTexts.texts.map(has);
  const models = table.models.texts.map(has);
  const anyModel = models.includes(true);
  const isFound = (row: number) =>
    names[table.nameOf[row]!]! ||
    (table.errorOf[row] !== NONE && errors[table.errorOf[row]!]!) ||
    (anyModel && usesModel(table, row, models));
  return order.filter(isFound);
}

function usesModel({ usage }: Pick<TraceTable, 'usage'>, row: number, models: readonly boolean[]): boolean {
  for (let at = usage.first(row); at !== NONE; at = usage.after(at)) if (models[usage.model(at)]) return true;
  return false;
}

/** The place in `found` of the first one at or behind `place` of the tree. */
export function placeAmong(found: Int32Array, placeOf: Int32Array, place: number): number {
  let [low, high] = [0, found.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placeOf[found[middle]!]! < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
