import { z } from 'zod';
import { MAX_DISPLAY_NAME } from '@weft/model';
import { given, projectId } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';

/** Writing calls (weave-api §4.2, §4.3): both protocols, in every project. */

const text = given(z.string());
const step = given(z.int());
const instant = z.string().meta({ format: 'date-time' });
const object = z.looseObject({});

export const StartedCall = z.looseObject({
  project_id: z.string(),
  id: text,
  op_name: z.string(),
  display_name: given(z.string().max(MAX_DISPLAY_NAME)),
  trace_id: text,
  parent_id: text,
  thread_id: text,
  turn_id: text,
  started_at: instant,
  attributes: object,
  inputs: object,
  otel_dump: given(object),
  wb_user_id: text,
  wb_run_id: text,
  wb_run_step: step,
});

export const EndedCall = z.looseObject({
  project_id: z.string(),
  id: z.string(),
  ended_at: instant,
  exception: text,
  output: z.unknown().optional(),
  summary: object,
  wb_run_step_end: step,
});

export const CompletedCall = z.looseObject({
  ...StartedCall.shape,
  ...EndedCall.shape,
  id: z.string(),
  trace_id: z.string(),
});

const Started = z.object({ id: z.string(), trace_id: z.string() });
const Errors = z.array(z.object({ index: z.int(), reason: z.string() })).optional();

const tag = 'Calls';
const access = 'write';

export const callUpsertBatch = defineRoute({
  method: 'post',
  path: '/call/upsert_batch',
  tag,
  access,
  summary: 'Starts and ends of calls; a bad item is set aside, its neighbours are stored',
  request: z.object({
    batch: z.array(
      z.union([
        z.object({ mode: z.literal('start'), req: z.object({ start: StartedCall }) }),
        z.object({ mode: z.literal('end'), req: z.object({ end: EndedCall }) }),
      ]),
    ),
  }),
  answer: json(z.object({ res: z.array(z.union([Started, z.object({})])), errors: Errors })),
});

export const callStart = defineRoute({
  method: 'post',
  path: '/call/start',
  tag,
  access,
  summary: 'Starts a call',
  request: z.object({ start: StartedCall }),
  answer: json(Started),
});

export const callEnd = defineRoute({
  method: 'post',
  path: '/call/end',
  tag,
  access,
  summary: 'Ends a call; its start may come later',
  request: z.object({ end: EndedCall }),
});

/** SDKs of late 2025 say `/object/…`. */
const v2 = (rest: string) => ({
  path: `/v2/{entity}/{project}/${rest}`,
  aliases: [`/object/{entity}/{project}/${rest}`],
});

export const callsComplete = defineRoute({
  method: 'post',
  ...v2('calls/complete'),
  tag,
  access,
  summary: 'Complete calls; a bad item is set aside, its neighbours are stored',
  request: z.object({ project_id: projectId, batch: z.array(CompletedCall) }),
  answer: json(z.object({ errors: Errors })),
});

export const callStartV2 = defineRoute({
  method: 'post',
  ...v2('call/start'),
  tag,
  access,
  summary: 'Starts a call',
  request: z.object({ project_id: projectId, start: StartedCall }),
  answer: json(Started),
});

export const callEndV2 = defineRoute({
  method: 'post',
  ...v2('call/end'),
  tag,
  access,
  summary: 'Ends a call; its start may come later',
  request: z.object({ project_id: projectId, end: EndedCall }),
});

export const callUpdate = defineRoute({
  method: 'post',
  path: '/call/update',
  tag,
  access,
  summary: 'Sets the display name of a call; an empty one clears it',
  request: z.object({
    project_id: projectId,
    call_id: z.string(),
    display_name: z.string(),
    wb_user_id: text,
  }),
});

export const CALL_WRITE_ROUTES = [
  callUpsertBatch,
  callStart,
  callEnd,
  callsComplete,
  callStartV2,
  callEndV2,
  callUpdate,
];
