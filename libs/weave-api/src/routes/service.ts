import { z } from 'zod';
import { projectId } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';

/** The server itself, and settings of projects that it has only one value for (weave-api §4.1, §4.11). */

const tag = 'Service';
const nothing = z.object({});

export const health = defineRoute({
  method: 'get',
  path: '/health',
  tag,
  access: 'none',
  summary: 'Whether the process runs; no key needed',
  request: nothing,
  answer: json(z.object({ status: z.literal('ok') })),
});

export const serverInfo = defineRoute({
  method: 'get',
  path: '/server_info',
  tag,
  access: 'none',
  summary: 'The oldest Python client that may trace',
  request: nothing,
  answer: json(
    z.object({ min_required_weave_python_version: z.string(), trace_server_version: z.string().nullable() }),
  ),
});

export const projectsInfo = defineRoute({
  method: 'post',
  path: '/service/projects_info',
  tag,
  access: 'none',
  summary: 'What projects are called inside digests',
  request: z.object({ project_ids: z.array(projectId).max(1000) }),
  answer: json(z.array(z.object({ external_project_id: z.string(), internal_project_id: z.string() }))),
});

export const openApi = defineRoute({
  method: 'get',
  path: '/openapi.json',
  tag,
  access: 'none',
  summary: 'This contract, as OpenAPI 3.1',
  request: nothing,
  answer: json(z.looseObject({ openapi: z.string() })),
});

const ofProject = z.object({ project_id: projectId });

export const ttlSettingsRead = defineRoute({
  method: 'post',
  path: '/project/ttl_settings/read',
  tag: 'Projects',
  summary: 'How long calls are kept: null = for ever',
  request: ofProject,
  answer: json(z.object({ retention_days: z.int().nullable() })),
});

export const ingestSamplingRead = defineRoute({
  method: 'post',
  path: '/project/ingest_sampling_settings/read',
  tag: 'Projects',
  summary: 'Which part of the calls is kept: all',
  request: ofProject,
  answer: json(z.object({ dry_run: z.boolean(), sample_rate: z.number() })),
});

export const sensitiveDataSettings = defineRoute({
  method: 'get',
  path: '/project/sensitive_data_settings',
  tag: 'Projects',
  summary: 'Which personal data is removed: none (secrets always are)',
  request: ofProject,
  answer: json(z.object({ policy: z.enum(['off', 'pii-v1']) })),
});

export const SERVICE_ROUTES = [
  health,
  serverInfo,
  projectsInfo,
  openApi,
  ttlSettingsRead,
  ingestSamplingRead,
  sensitiveDataSettings,
];
