type Numbers = Uint8Array | Uint32Array | Int32Array | Float64Array;

/** The same values with room for at least `length`. */
export function withRoom<T extends Numbers>(values: T, length: number): T {
  if (values.length >= length) return values;
  const kind = values.constructor as new (length: number) => T;
  const grown = new kind(Math.max(length, Math.ceil(values.length * 1.5)));
  grown.set(values);
  return grown;
}
