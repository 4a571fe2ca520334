import kafkajs, { type logCreator as LogCreator } from 'kafkajs';
import type { LogSink } from '../log-sink.ts';

/** The client says the same many times while a broker is away: each message once in this time. */
const REPEAT_MS = 10_000;
const MAX_KNOWN = 200;

/** Said of every idempotent producer whose retries end; see ADR 007 on why ours do. */
const KNOWN = /^Limiting retries for the idempotent producer/;

/** Clients come and go while a broker is away: they share what was said. */
const saidTo = new WeakMap<LogSink, Map<string, number>>();

/**
 * The client's log lines as ours. What it calls errors is mostly what it repeats by itself: warnings. Only known fields
 * pass, so that nothing secret does.
 */
export function clientLog(logger: LogSink): LogCreator {
  const said = saidTo.get(logger) ?? new Map<string, number>();
  saidTo.set(logger, said);
  return () => (entry) => {
    if (entry.level > kafkajs.logLevel.WARN) return;
    const { message, groupId, error, broker } = entry.log as unknown as Record<string, unknown>;
    if (typeof message !== 'string' || KNOWN.test(message)) return;
    const key = `${entry.namespace} ${message}`;
    const now = Date.now();
    if (now - (said.get(key) ?? 0) < REPEAT_MS) return;
    if (said.size >= MAX_KNOWN) said.clear();
    said.set(key, now);
    const fields = {
      part: entry.namespace,
      groupId,
      broker,
      error: typeof error === 'string' ? error : undefined,
    };
    logger.warn(fields, `kafka client: ${message}`);
  };
}
