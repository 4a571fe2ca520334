import { z } from 'zod';
import { defineRoute, json } from '../route-spec.ts';

/** Reading values by refs (weave-api §4.7, §7.3). */

const RefsReadRequest = z.object({ refs: z.array(z.string()) });
export type RefsReadRequest = z.output<typeof RefsReadRequest>;

export const refsReadBatch = defineRoute({
  method: 'post',
  path: '/refs/read_batch',
  tag: 'Objects',
  summary: 'The values of at most 1000 object or op refs, in their order; null where one leads nowhere',
  request: RefsReadRequest,
  answer: json(z.object({ vals: z.array(z.unknown()) })),
});

export const REF_ROUTES = [refsReadBatch];
