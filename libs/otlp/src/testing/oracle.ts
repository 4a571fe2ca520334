import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { KeyValues, type Instant, type Value } from '../span.ts';

/** The official decoder, for tests: protobufjs with the official .proto files, its result in the shape of `OtlpSpan`. */

const protoDir = fileURLToPath(new URL('../../proto/', import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => protoDir + target;
root.loadSync('opentelemetry/proto/collector/trace/v1/trace_service.proto');
export const ExportTraceServiceRequest = root.lookupType(
  'opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest',
);
export const ExportTraceServiceResponse = root.lookupType(
  'opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse',
);

/* eslint-disable @typescript-eslint/no-explicit-any -- protobufjs reflection is untyped */
type Message = any;

/** Every span, whatever its ids. @throws when protobufjs does. */
export function oracleSpans(payload: Uint8Array): unknown[] {
  const request: Message = ExportTraceServiceRequest.decode(payload);
  const spans: unknown[] = [];
  for (const rs of request.resourceSpans) {
    const resource = {
      attributes: pairs(rs.resource?.attributes ?? []),
      droppedAttributes: rs.resource?.droppedAttributesCount ?? 0,
      schemaUrl: rs.schemaUrl,
    };
    for (const ss of rs.scopeSpans) {
      const scope = {
        name: ss.scope?.name ?? '',
        version: ss.scope?.version ?? '',
        attributes: pairs(ss.scope?.attributes ?? []),
        droppedAttributes: ss.scope?.droppedAttributesCount ?? 0,
        schemaUrl: ss.schemaUrl,
      };
      for (const span of ss.spans) spans.push(spanOf(span, resource, scope));
    }
  }
  return spans;
}

function spanOf(span: Message, resource: unknown, scope: unknown): unknown {
  const parent = hex(span.parentSpanId);
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentId: parent.length === 16 && !/^0+$/.test(parent) ? parent : null,
    traceState: span.traceState,
    flags: span.flags,
    name: span.name,
    kind: span.kind,
    start: instant(span.startTimeUnixNano),
    end: instant(span.endTimeUnixNano),
    attributes: pairs(span.attributes),
    droppedAttributes: span.droppedAttributesCount,
    events: span.events.map((event: Message) => ({
      name: event.name,
      time: instant(event.timeUnixNano),
      attributes: pairs(event.attributes),
      droppedAttributes: event.droppedAttributesCount,
    })),
    droppedEvents: span.droppedEventsCount,
    links: span.links.map((link: Message) => ({
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
      traceState: link.traceState,
      attributes: pairs(link.attributes),
      droppedAttributes: link.droppedAttributesCount,
      flags: link.flags,
    })),
    droppedLinks: span.droppedLinksCount,
    statusCode: span.status?.code ?? 0,
    statusMessage: span.status?.message ?? '',
    resource,
    scope,
  };
}

function pairs(list: Message[]): KeyValues {
  const result = new KeyValues();
  for (const { key, value } of list) result.add(key, valueOf(value));
  return result;
}

function valueOf(any: Message): Value {
  switch (any?.value) {
    case 'stringValue':
    case 'boolValue':
    case 'doubleValue':
      return any[any.value];
    case 'intValue': {
      const int = BigInt(String(any.intValue));
      return Number.isSafeInteger(Number(int)) ? Number(int) : int;
    }
    case 'arrayValue':
      return any.arrayValue.values.map(valueOf);
    case 'kvlistValue':
      return pairs(any.kvlistValue.values);
    case 'bytesValue':
      return any.bytesValue;
    default:
      return null;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function instant(nanos: unknown): Instant {
  const value = BigInt(String(nanos));
  const us = Number(value / 1000n);
  return { us: Math.min(us, Date.UTC(2255, 0, 1) * 1000 - 1), ns: Number(value % 1000n) };
}
