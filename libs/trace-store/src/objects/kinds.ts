/** As `toInt8` gives the column `kind`. */
export function kindOf(value: number): 'op' | 'object' {
  return value === 2 ? 'op' : 'object';
}
