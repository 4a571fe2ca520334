import type { CallPart, TraceEvent } from '@weft/model';
import { describeRejected, readLogs } from '@weft/otlp';
import type { FeedbackWrite } from '@weft/trace-store';
import { evaluationToFeedback } from './evaluation-to-feedback.ts';

export interface LogRows {
  readonly calls: CallPart[];
  readonly feedback: FeedbackWrite[];
  /** Why some records of the event could not be read; null when all could. */
  readonly unreadable: string | null;
}

/** Records of one `otlp.logs` event → parts of the calls of their spans. @throws AppError `invalid_request` */
export function logsToRows(event: TraceEvent): LogRows {
  const { projectId } = event;
  const { logs, rejected } = readLogs(event.payload);
  const rows: LogRows = {
    calls: [],
    feedback: [],
    unreadable: rejected.length === 0 ? null : describeRejected(rejected, rejected.length, 'log record'),
  };
  for (const { traceId, spanId, log, evaluation } of logs) {
    rows.calls.push({ projectId, id: spanId, spanTraceId: traceId, logs: [log] });
    if (evaluation !== null) rows.feedback.push(evaluationToFeedback(event, traceId, spanId, evaluation));
  }
  return rows;
}
