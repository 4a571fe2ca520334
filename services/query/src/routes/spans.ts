import { route, type Route } from '@weft/http';
import { formatInstant } from '@weft/model';
import type { ScopeCoverage, SpanCounts, TraceReader } from '@weft/trace-store';
import { otelCoverage, remap } from '@weft/weave-api';
import { sendLiveLines } from '../completions/live-lines.ts';
import { fromCursor } from '../remap/cursor.ts';
import { remapSpans, type RemapDeps } from '../remap/remap.ts';
import { sendJson } from '../send.ts';

const MAX_SCOPES = 1000;

/** Stored OpenTelemetry spans: what was found in them, and mapping them again. */
export function spanRoutes(reader: TraceReader, log: Omit<RemapDeps, 'reader'>): Route[] {
  return [
    route(otelCoverage, async ({ project_id: projectId, from: fromUs, to: toUs }, { req, res, signal }) => {
      const found = await reader.spanCoverage({ projectId, fromUs, toUs }, MAX_SCOPES + 1, signal);
      const scopes = found.slice(0, MAX_SCOPES).map(renderScope);
      await sendJson(req, res, JSON.stringify({ scopes, truncated: found.length > MAX_SCOPES }));
    }),
    route(remap, async (request, { req, res, signal }) => {
      if (request.after !== undefined) fromCursor(request.after);
      await sendLiveLines(req, res, remapSpans({ reader, ...log }, request, signal));
    }),
  ];
}

function renderScope({ scope, version, all, llm, lastSeenUs }: ScopeCoverage): object {
  return {
    scope,
    version,
    ...renderCounts(all),
    llm: renderCounts(llm),
    last_seen: formatInstant(lastSeenUs),
  };
}

function renderCounts({ spans, withInput, withOutput, withUsage, withModel }: SpanCounts): object {
  return {
    spans,
    with_input: withInput,
    with_output: withOutput,
    with_usage: withUsage,
    with_model: withModel,
  };
}
