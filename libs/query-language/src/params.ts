/** Values bound to a statement: what `@weft/trace-store` takes. Numbers of an array ride as texts in ClickHouse's notation. */
export type BoundParam = string | number | readonly string[] | { readonly members: readonly string[] };
export type BoundParams = Readonly<Record<string, BoundParam>>;

/** Parameters of one compiled piece: `<prefix>0`, `<prefix>1`, … Equal values share one. */
export class Params {
  readonly bound: Record<string, BoundParam> = {};
  private readonly prefix: string;
  private readonly known = new Map<string, string>();
  /** How many there are. */
  count = 0;

  constructor(prefix: string) {
    if (!/^[a-z][a-z_]*$/.test(prefix)) throw new Error(`bad parameter prefix ${prefix}`);
    this.prefix = prefix;
  }

  bind(value: BoundParam, type: string): string {
    const key = typeof value === 'object' ? undefined : `${type}:${String(value)}`;
    const known = key === undefined ? undefined : this.known.get(key);
    if (known !== undefined) return known;
    const name = `${this.prefix}${this.count++}`;
    this.bound[name] = value;
    const sql = `{${name}:${type}}`;
    if (key !== undefined) this.known.set(key, sql);
    return sql;
  }

  text(value: string): string {
    return this.bind(value, 'String');
  }
}

/** A text of ours (never a client's) inside SQL. */
export function sqlText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
