import type { EventLog } from '@weft/event-log';
import { principalOf, route, type Route } from '@weft/http';
import { formatInstant, nowUs } from '@weft/model';
import { within } from '../freshness.ts';
import type { TraceReader } from '@weft/trace-store';
import { pipelineRead } from '@weft/weave-api';
import { sendJson } from '../send.ts';

export interface PipelineDeps {
  readonly reader: Pick<TraceReader, 'ping'>;
  readonly eventLog: Pick<EventLog, 'lag'>;
}

/** What does not answer in this time is told as such. */
const PATIENCE_MS = 2000;

/** Each key may see how old what it reads may be; how much waits there tells of every project. */
export function pipelineRoute({ reader, eventLog }: PipelineDeps): Route {
  return route(
    pipelineRead,
    async (_request, { req, res }) => {
      const admin = principalOf(req).canAll('admin');
      const [clickhouse, writer] = await Promise.all([lookAtStore(reader), lookAtWriter(eventLog, admin)]);
      await sendJson(req, res, JSON.stringify({ now: formatInstant(nowUs()), clickhouse, writer, admin }));
    },
    { readsStore: false },
  );
}

async function lookAtStore(reader: PipelineDeps['reader']) {
  const sinceMs = performance.now();
  const answered = await within(
    reader.ping().then(() => true),
    PATIENCE_MS,
  ).catch(() => undefined);
  if (answered === true) return { trouble: null, answered_ms: performance.now() - sinceMs };
  return { trouble: 'ClickHouse does not answer', answered_ms: null };
}

async function lookAtWriter(eventLog: PipelineDeps['eventLog'], admin: boolean) {
  // Also what it throws at once.
  const asked = Promise.resolve().then(() => eventLog.lag('trace-events', 'writer'));
  const lag = await within(asked, PATIENCE_MS).catch(() => undefined);
  if (lag === undefined)
    return {
      oldest_ms: null,
      events: null,
      bytes: null,
      partitions: null,
      trouble: 'the log does not answer',
    };
  return {
    oldest_ms: lag.oldestMs,
    events: admin ? lag.events : null,
    bytes: admin ? (lag.bytes ?? null) : null,
    partitions: admin ? lag.partitions : null,
    trouble: null,
  };
}
