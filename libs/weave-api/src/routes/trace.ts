import { z } from 'zod';
import { given, projectId } from '../members.ts';
import { bytes, defineRoute } from '../route-spec.ts';

const MAX_ROWS = 100_000;
const MAX_WITHIN_S = 86_400;
const id = z.string().min(1).max(128);

/** A trace as columns of numbers: what a picture of a million calls is made of. */
export const traceRead = defineRoute({
  method: 'post',
  path: '/weft/v1/trace',
  tag: 'Weft',
  summary: 'The calls of a trace in the order of their start, as columns in binary form, without payloads',
  request: z
    .object({
      project_id: projectId,
      trace_id: given(id),
      /** Instead of the trace's own id: a call of it. */
      call_id: given(id),
      limit: given(z.int().min(1).max(MAX_ROWS)).transform((limit) => limit ?? MAX_ROWS),
      /** `next` of the part before. */
      after: given(z.string().max(2000)),
      /** Only calls of which something was stored within that many seconds. */
      within_s: given(z.int().min(1).max(MAX_WITHIN_S)),
    })
    .refine(
      ({ trace_id: trace, call_id: call }) => (trace === undefined) !== (call === undefined),
      'Either trace_id or call_id must be given',
    ),
  answer: bytes,
});
export type TraceReadRequest = z.output<typeof traceRead.request>;
