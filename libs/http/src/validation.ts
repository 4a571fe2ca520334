import { type z } from 'zod';

/** Unknown input → typed value. @throws RequestInvalid, answered with 422 and FastAPI's `detail`. */
export function parseRequest<S extends z.ZodType>(
  schema: S,
  value: unknown,
  where: 'body' | 'query' | 'path' = 'body',
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new RequestInvalid(result.error, where);
}

export interface ValidationDetail {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

const MAX_DETAILS = 20;

/** A request that does not fit its schema. */
export class RequestInvalid extends Error {
  readonly detail: readonly ValidationDetail[];

  constructor(error: z.ZodError, where: string) {
    const detail = error.issues.slice(0, MAX_DETAILS).map((issue) => ({
      loc: [where, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))],
      msg: issue.message,
      type: issue.code ?? 'custom',
    }));
    super(detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '));
    this.name = 'RequestInvalid';
    this.detail = detail;
  }
}
