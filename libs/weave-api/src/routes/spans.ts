import { z } from 'zod';
import { flag, given, projectId } from '../members.ts';
import { defineRoute, json, lines } from '../route-spec.ts';
import { instant } from './usage.ts';

/** What is done with stored OpenTelemetry spans; W&B has no such routes. */

const tag = 'OpenTelemetry';
const count = z.int();

const Counts = z.object({
  spans: count,
  with_input: count,
  with_output: count,
  with_usage: count,
  with_model: count,
});

/** Times in a query string: digits are Unix seconds. */
const instantInQuery = given(
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value),
    instant,
  ),
);

export const otelCoverage = defineRoute({
  method: 'get',
  path: '/otel/coverage',
  tag,
  summary: 'What was found in the spans of each instrumentation scope: inputs, outputs, usage, models',
  request: z.object({ project_id: projectId, from: instantInQuery, to: instantInQuery }),
  answer: json(
    z.object({
      scopes: z.array(
        Counts.extend({
          scope: z.string(),
          version: z.string(),
          /** Those of the spans that are calls of a language model. */
          llm: Counts,
          last_seen: z.iso.datetime(),
        }),
      ),
      truncated: z.boolean(),
    }),
  ),
});
export type OtelCoverageRequest = z.output<typeof otelCoverage.request>;

const MAX_SAMPLES = 200;

export const remap = defineRoute({
  method: 'post',
  path: '/weft/v1/remap',
  tag,
  access: 'admin',
  summary: 'Applies the current mapping to stored spans, or tells what it would change',
  request: z.object({
    project_id: projectId,
    /** By the start of the calls, half-open. */
    from: instant,
    to: given(instant),
    dry_run: flag,
    /** The cursor of a line of an earlier answer: only spans behind it. */
    after: given(z.string().max(1000)),
    /** Most samples of a dry run. */
    samples: given(z.int().min(0).max(MAX_SAMPLES)),
  }),
  answer: lines(
    z.looseObject({
      kind: z.enum(['progress', 'waiting', 'sample', 'failure', 'done']),
    }),
  ),
});
export type RemapRequest = z.output<typeof remap.request>;

export const SPAN_ROUTES = [otelCoverage, remap];
