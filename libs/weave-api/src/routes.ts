import type { RouteSpec } from './route-spec.ts';
import { AGENT_ROUTES } from './routes/agents.ts';
import { ANNOTATION_QUEUE_ROUTES } from './routes/annotation-queues.ts';
import { BREAKDOWN_ROUTES } from './routes/breakdown.ts';
import { CALL_ROUTES } from './routes/calls.ts';
import { CALL_WRITE_ROUTES } from './routes/call-writes.ts';
import { COMPLETION_ROUTES } from './routes/completions.ts';
import { EVALUATION_ROUTES } from './routes/evaluations.ts';
import { FEEDBACK_ROUTES } from './routes/feedback.ts';
import { COST_ROUTES } from './routes/costs.ts';
import { FILE_ROUTES } from './routes/files.ts';
import { PROJECT_ROUTES } from './routes/projects.ts';
import { THREAD_ROUTES } from './routes/threads.ts';
import { USAGE_ROUTES } from './routes/usage.ts';
import { LABEL_ROUTES } from './routes/labels.ts';
import { OBJECT_ROUTES } from './routes/objects.ts';
import { OTLP_ROUTES } from './routes/otlp.ts';
import { PIPELINE_ROUTES } from './routes/pipeline.ts';
import { PLANNED_ROUTES } from './routes/planned.ts';
import { SCORING_ROUTES } from './routes/scoring.ts';
import { SPAN_ROUTES } from './routes/spans.ts';
import { SERVICE_ROUTES } from './routes/service.ts';
import { REF_ROUTES } from './routes/refs.ts';
import { STORAGE_ROUTES } from './routes/storage.ts';
import { TABLE_ROUTES } from './routes/tables.ts';
import { traceRead } from './routes/trace.ts';
import { WEFT_ROUTES } from './routes/weft.ts';
import { TYPED_OBJECT_ROUTES } from './routes/typed-objects.ts';

/** The whole contract, in the order of the documentation. */
export const ROUTES: readonly RouteSpec[] = [
  ...CALL_WRITE_ROUTES,
  ...CALL_ROUTES,
  ...OBJECT_ROUTES,
  ...LABEL_ROUTES,
  ...REF_ROUTES,
  ...TABLE_ROUTES,
  ...TYPED_OBJECT_ROUTES,
  ...FILE_ROUTES,
  ...COST_ROUTES,
  ...USAGE_ROUTES,
  ...THREAD_ROUTES,
  ...PROJECT_ROUTES,
  ...FEEDBACK_ROUTES,
  ...ANNOTATION_QUEUE_ROUTES,
  ...EVALUATION_ROUTES,
  ...SCORING_ROUTES,
  ...COMPLETION_ROUTES,
  ...OTLP_ROUTES,
  ...SPAN_ROUTES,
  ...AGENT_ROUTES,
  ...WEFT_ROUTES,
  traceRead,
  ...BREAKDOWN_ROUTES,
  ...PIPELINE_ROUTES,
  ...STORAGE_ROUTES,
  ...SERVICE_ROUTES,
  ...PLANNED_ROUTES,
];
