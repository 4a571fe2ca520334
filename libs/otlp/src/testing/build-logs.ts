import { readLogs, type ReadLogs } from '../logs/read-logs.ts';
import { splitLogsRequest, type SplitLogs } from '../logs/split-logs.ts';
import type { Encoding } from '../span.ts';
import type { SplitOptions } from '../split.ts';
import { any, attributes, jsonBody, SPAN, TRACE, type JsonObject } from './build.ts';

/* Log requests for tests, written as OTLP/JSON because that is readable. */

export const LOG_FIXTURES = ['otel-genai-chat-logs', 'openlit-chat-logs'] as const;

/** One record of the event `name` with this body; `more` replaces or adds members. */
export function recordJson(name: string, body: unknown = null, more: JsonObject = {}): JsonObject {
  return {
    traceId: TRACE,
    spanId: SPAN,
    timeUnixNano: '1767225600000000001',
    observedTimeUnixNano: '1767225600000000002',
    severityNumber: 9,
    ...(name !== '' && { eventName: name }),
    ...(body !== null && { body: any(body) }),
    ...more,
  };
}

export function logsJson(logRecords: JsonObject[], resource: JsonObject = {}): JsonObject {
  return {
    resourceLogs: [
      {
        resource: { attributes: attributes(resource) },
        scopeLogs: [{ scope: { name: 'test', version: '1' }, logRecords }],
      },
    ],
  };
}

export function splitLogs(
  body: Uint8Array,
  encoding: Encoding,
  options: Partial<SplitOptions> = {},
): SplitLogs {
  return splitLogsRequest(body, { encoding, headerProject: 'acme/otel-lab', ...options });
}

/** What the writer makes of what the gateway keeps. */
export function logsOf(body: Uint8Array, encoding: Encoding): ReadLogs['logs'] {
  return splitLogs(body, encoding).groups.flatMap(({ payload }) => readLogs(payload).logs);
}

export function logsOfRecords(...records: JsonObject[]): ReadLogs['logs'] {
  return logsOf(jsonBody(logsJson(records)), 'json');
}
