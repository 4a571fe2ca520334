import { z } from 'zod';
import { defineRoute, json } from '../route-spec.ts';

const count = z.int();

/** Of a reader of the log. */
const Reader = z.object({
  /** Age of the oldest event that it has not handled, milliseconds; 0 = there is none. Null: it cannot be told now. */
  oldest_ms: z.number().nullable(),
  /** What waits: events, of Kafka records. Null for keys that are not admin of everything. */
  events: count.nullable(),
  bytes: count.nullable(),
  /** What waits in each partition. */
  partitions: z.array(count).nullable(),
  /** Why it cannot be told. */
  trouble: z.string().nullable(),
});

export const pipelineRead = defineRoute({
  method: 'get',
  path: '/weft/v1/pipeline',
  tag: 'Weft',
  access: 'none',
  summary: 'How the way from the log to the tables is: what waits there, and whether ClickHouse answers',
  request: z.object({}),
  answer: json(
    z.object({
      now: z.iso.datetime(),
      clickhouse: z.object({
        /** Null: it answered. */
        trouble: z.string().nullable(),
        answered_ms: z.number().nullable(),
      }),
      /** Log to tables. */
      writer: Reader,
      /** Whether the key sees what concerns every project. */
      admin: z.boolean(),
    }),
  ),
});

export const PIPELINE_ROUTES = [pipelineRead];
