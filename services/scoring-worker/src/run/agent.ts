import { textOf } from '@weft/model';
import type { JsonField } from '@weft/query-language';
import {
  callFields,
  rowOfCall,
  type StoredCall,
  type TraceIdentity,
  type TraceReader,
} from '@weft/trace-store';

/** The agent whose turn was scored, as feedback has it so that it can be looked for; empty = unknown. */
export interface ScoredAgent extends Pick<TraceIdentity, 'agentName' | 'agentVersion' | 'conversationId'> {
  /** UNSET, OK or ERROR, of the turn's own span. */
  readonly statusCode: string;
}

const STATUS = callFields()('attributes.otel_span.status.code') as JsonField;

export async function readAgent(
  reader: Pick<TraceReader, 'traceIdentities'>,
  projectId: string,
  traceId: string,
  turn: StoredCall | undefined,
): Promise<ScoredAgent> {
  const identity = (await reader.traceIdentities(projectId, [traceId])).get(traceId);
  const { agentName = '', agentVersion = '', conversationId = '' } = identity ?? {};
  return { agentName, agentVersion, conversationId, statusCode: statusOf(turn) };
}

function statusOf(turn: StoredCall | undefined): string {
  const status = turn && rowOfCall(turn).json(STATUS);
  return status instanceof Uint8Array && status[0] === 0x22 ? textOf(status) : '';
}
