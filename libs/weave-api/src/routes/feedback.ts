import { z } from 'zod';
import { given, limit, offset, projectId, strings } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';
import { expression, sortBy } from './calls.ts';

/** Reactions, notes, annotations, scores (weave-api §4.8). */

const tag = 'Feedback';

/** Fields of one query. */
const MAX_FIELDS = 200;

const text = given(z.string());
const texts = given(z.array(z.string()));
const textsByName = given(z.record(z.string(), z.string()));
const numbersByName = given(z.record(z.string(), z.number()));

export const FeedbackCreateRequest = z.object({
  project_id: projectId,
  weave_ref: z.string(),
  feedback_type: z.string(),
  payload: z.looseObject({}),
  id: text,
  creator: text,
  wb_user_id: text,
  annotation_ref: text,
  runnable_ref: text,
  call_ref: text,
  trigger_ref: text,
  queue_id: text,
  scorer_tags: texts,
  scorer_tag_reasons: textsByName,
  scorer_tag_confidences: numbersByName,
  scorer_ratings: numbersByName,
  scorer_rating_reasons: textsByName,
  scorer_rating_confidences: numbersByName,
  scorer_trace_id: text,
  span_agent_name: text,
  span_agent_version: text,
  span_status_code: text,
  span_conversation_id: text,
  span_trace_id: text,
});
export type FeedbackCreateRequest = z.output<typeof FeedbackCreateRequest>;

const Created = z.object({
  id: z.string(),
  created_at: z.iso.datetime(),
  wb_user_id: z.string(),
  payload: z.looseObject({}),
});

export const feedbackCreate = defineRoute({
  method: 'post',
  path: '/feedback/create',
  tag,
  summary: 'Adds feedback; the answer has the payload as it is stored',
  access: 'write',
  request: FeedbackCreateRequest,
  answer: json(Created),
});

export const feedbackBatchCreate = defineRoute({
  method: 'post',
  path: '/feedback/batch/create',
  tag,
  summary: 'Adds several, all or none',
  access: 'write',
  request: z.object({ batch: z.array(FeedbackCreateRequest) }),
  answer: json(z.object({ res: z.array(Created) })),
});
export type FeedbackBatchCreateRequest = z.output<typeof feedbackBatchCreate.request>;

export const feedbackQuery = defineRoute({
  method: 'post',
  path: '/feedback/query',
  tag,
  summary: 'Feedback that matches; `fields` may hold `count(*)` and paths into payloads',
  request: z.object({
    project_id: projectId,
    fields: strings('fields', MAX_FIELDS),
    query: expression,
    sort_by: sortBy,
    limit,
    offset,
  }),
  answer: json(z.object({ result: z.array(z.looseObject({})), total_count: z.int() })),
});
export type FeedbackQueryRequest = z.output<typeof feedbackQuery.request>;

export const feedbackPurge = defineRoute({
  method: 'post',
  path: '/feedback/purge',
  tag,
  summary: 'Removes feedback for good, by ids',
  access: 'write',
  request: z.object({ project_id: projectId, query: z.looseObject({}) }),
});
export type FeedbackPurgeRequest = z.output<typeof feedbackPurge.request>;

export const feedbackReplace = defineRoute({
  method: 'post',
  path: '/feedback/replace',
  tag,
  summary: 'Purges one and adds another, under a new id',
  access: 'write',
  request: FeedbackCreateRequest.extend({ feedback_id: z.string() }),
  answer: json(Created),
});
export type FeedbackReplaceRequest = z.output<typeof feedbackReplace.request>;

/** ISO 8601; without a zone it is UTC. */
const range = {
  project_id: projectId,
  start: z.string(),
  end: text,
  feedback_type: text,
  trigger_ref: text,
};

const FeedbackValueType = z.enum(['numeric', 'boolean', 'categorical']);

export const FeedbackMetricSpec = z.object({
  json_path: z.string(),
  value_type: given(FeedbackValueType),
  aggregations: given(
    z.array(z.enum(['sum', 'avg', 'min', 'max', 'count', 'count_true', 'count_false'])).max(20),
  ),
  percentiles: given(z.array(z.number()).max(20)),
});
export type FeedbackMetricSpec = z.output<typeof FeedbackMetricSpec>;

export const feedbackStats = defineRoute({
  method: 'post',
  path: '/feedback/stats',
  tag,
  summary: 'Values in payloads over time',
  request: z.object({
    ...range,
    granularity: given(z.int()),
    timezone: text,
    metrics: given(z.array(FeedbackMetricSpec).max(50)),
  }),
  answer: json(
    z.object({
      start: z.iso.datetime(),
      end: z.iso.datetime(),
      granularity: z.int(),
      timezone: z.string(),
      buckets: z.array(z.looseObject({})),
      window_stats: z.looseObject({}).nullable(),
    }),
  ),
});
export type FeedbackStatsRequest = z.output<typeof feedbackStats.request>;

export const feedbackPayloadSchema = defineRoute({
  method: 'post',
  path: '/feedback/payload_schema',
  tag,
  summary: 'What is in payloads: paths and their types, from the newest of each trigger',
  request: z.object({ ...range, sample_limit: given(z.int().min(1).max(5000)) }),
  answer: json(
    z.object({ paths: z.array(z.object({ json_path: z.string(), value_type: FeedbackValueType })) }),
  ),
});
export type FeedbackPayloadSchemaRequest = z.output<typeof feedbackPayloadSchema.request>;

const list = (path: string) => strings(path).transform((values) => values ?? []);
const rating = given(z.number().min(0).max(1));

export const feedbackAggregate = defineRoute({
  method: 'post',
  path: '/feedback/aggregate',
  tag,
  summary: 'Tags and ratings added up over time',
  request: z.object({
    project_id: projectId,
    after_ms: z.int().min(0),
    before_ms: z.int().min(0),
    time_bucket_seconds: given(z.int().min(1)),
    feedback_types: list('feedback_types'),
    tags: list('tags'),
    rating_min: rating,
    rating_max: rating,
    monitor_ids: list('monitor_ids'),
    scorer_ids: list('scorer_ids'),
    span_agent_names: list('span_agent_names'),
    span_types: given(z.array(z.enum(['agent_turn', 'agent_conversation'])).max(2)),
    group_by: given(
      z.array(z.enum(['scorer_id', 'span_agent_name', 'span_agent_version', 'span_status_code'])).max(4),
    ),
  }),
  answer: json(
    z.object({
      time_bucket_seconds: z.int().nullable(),
      after_ms: z.int(),
      before_ms: z.int(),
      buckets: z.array(
        z.object({
          time_bucket_start_ms: z.int().nullable(),
          group: z.record(z.string(), z.string()),
          total_count: z.int(),
          scored_count: z.int(),
          tag_counts: z.record(z.string(), z.int()),
          rating_counts: z.record(z.string(), z.int()),
          rating_sums: z.record(z.string(), z.number()),
        }),
      ),
    }),
  ),
});
export type FeedbackAggregateRequest = z.output<typeof feedbackAggregate.request>;

export const FEEDBACK_ROUTES = [
  feedbackCreate,
  feedbackBatchCreate,
  feedbackQuery,
  feedbackPurge,
  feedbackReplace,
  feedbackStats,
  feedbackPayloadSchema,
  feedbackAggregate,
];
