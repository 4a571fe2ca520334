import { z } from 'zod';
import { bytes, defineRoute } from '../route-spec.ts';

/** OpenTelemetry (weave-api §4.15): Export…ServiceRequest in protobuf or JSON, answered in the same encoding. */

export const otlpTraces = defineRoute({
  method: 'post',
  path: '/otel/v1/traces',
  aliases: [
    '/otel/v1/trace',
    '/otel/v1/genai/traces',
    '/agents/otel/v1/traces',
    '/api/public/otel/v1/traces',
    '/v1/traces',
  ],
  tag: 'OpenTelemetry',
  access: 'write',
  summary: 'Spans; each becomes a call',
  request: z.looseObject({}),
  body: 'protobuf',
  answer: bytes,
});

const BASES = ['/agents/otel', '/api/public/otel', ''];

export const otlpLogs = defineRoute({
  method: 'post',
  path: '/otel/v1/logs',
  aliases: BASES.map((base) => `${base}/v1/logs`),
  tag: 'OpenTelemetry',
  access: 'write',
  summary: 'Log records; what they say of spans joins the calls of these',
  request: z.looseObject({}),
  body: 'protobuf',
  answer: bytes,
});

export const otlpMetrics = defineRoute({
  method: 'post',
  path: '/otel/v1/metrics',
  aliases: BASES.map((base) => `${base}/v1/metrics`),
  tag: 'OpenTelemetry',
  access: 'write',
  summary: 'Metrics; taken and dropped, for exporters that send all signals to one address',
  request: z.looseObject({}),
  body: 'protobuf',
  answer: bytes,
});

export const OTLP_ROUTES = [otlpTraces, otlpLogs, otlpMetrics];
