import { formatInstant } from '@weft/model';
import {
  AGENT_SORT_FIELDS,
  type AgentSortField,
  type AgentsQuery,
  type StoredAgent,
  type TraceReader,
} from '@weft/trace-store';
import type { AgentsRequest, AgentVersionsRequest } from '@weft/weave-api';
import { AppError } from '@weft/model';
import { pricesFor } from './prices.ts';

export async function agents(reader: TraceReader, request: AgentsRequest): Promise<object> {
  const agentName = request.filters?.agent_name || undefined;
  const { rows, total } = await list(reader, request, { agentName });
  return {
    agents: rows.map((row) => ({ ...render(request.project_id, row), agent_name: row.name })),
    total_count: total,
  };
}

export async function agentVersions(reader: TraceReader, request: AgentVersionsRequest): Promise<object> {
  const { rows, total } = await list(reader, request, { versionsOf: request.agent_name });
  return {
    versions: rows.map((row) => ({
      ...render(request.project_id, row),
      agent_name: request.agent_name,
      agent_version: row.name,
    })),
    total_count: total,
  };
}

async function list(
  reader: TraceReader,
  request: Pick<AgentsRequest, 'project_id' | 'sort_by' | 'limit' | 'offset' | 'include_costs'>,
  which: Pick<AgentsQuery, 'agentName' | 'versionsOf'>,
): Promise<{ rows: readonly StoredAgent[]; total: number }> {
  const projectId = request.project_id;
  const sort = request.sort_by.map(({ field, direction }) => ({ field: sortField(field), direction }));
  const prices = request.include_costs ? await pricesFor(reader, { projectId }) : undefined;
  const [rows, total] = await Promise.all([
    request.limit === 0 ? [] : reader.listAgents({ projectId, ...which, sort, limit: request.limit, offset: request.offset, prices }),
    reader.countAgents({ projectId, ...which }),
  ]);
  return { rows, total };
} // prettier-ignore

function sortField(field: string): AgentSortField {
  const known = AGENT_SORT_FIELDS.find((each) => each === field);
  if (known !== undefined) return known;
  throw new AppError(
    'invalid_request',
    `sort_by: Invalid sort field: '${field.slice(0, 80)}'. Known are ${AGENT_SORT_FIELDS.join(', ')}`,
  );
}

function render(projectId: string, agent: StoredAgent): object {
  return {
    project_id: projectId,
    invocation_count: agent.invocationCount,
    span_count: agent.spanCount,
    total_input_tokens: agent.inputTokens,
    total_output_tokens: agent.outputTokens,
    total_duration_ms: agent.durationMs,
    error_count: agent.errorCount,
    first_seen: formatInstant(agent.firstSeenUs),
    last_seen: formatInstant(agent.lastSeenUs),
    total_cost_usd: agent.costUsd,
  };
}
