import { nowUs } from '@weft/model';
import { costOf } from '@weft/prices';
import type { AgentFilter, AgentPrices, TraceReader } from '@weft/trace-store';
import { CallCosts } from '../costs.ts';
import type { AgentSpan } from './agent-span.ts';

/** Null = nobody knows a price of the model. */
export interface SpanCost {
  readonly input: number | null;
  readonly output: number | null;
  readonly cacheRead: number | null;
  readonly cacheCreation: number | null;
  readonly total: number | null;
}

/** Of one question; those beyond are taken for models without a price. */
const MAX_MODELS = 1000;

/** What the models of the spans that match cost now: as W&B, whenever they were asked. */
export async function pricesFor(reader: TraceReader, filter: AgentFilter): Promise<AgentPrices> {
  const models = await reader.agentModels(filter, MAX_MODELS);
  const costs = new CallCosts(reader, filter.projectId);
  await costs.loadModels(models);
  return models.flatMap((model) => {
    const price = costs.priceOf(model, nowUs());
    if (price === undefined) return [];
    return [
      {
        model,
        input: price.promptTokenCost,
        output: price.completionTokenCost,
        cacheRead: price.cacheReadInputTokenCost,
        cacheCreation: price.cacheCreationInputTokenCost,
      },
    ];
  });
}

/** What spans cost that are at hand. Models are asked for once. */
export class SpanCosts {
  private readonly costs: CallCosts;

  constructor(reader: TraceReader, projectId: string) {
    this.costs = new CallCosts(reader, projectId);
  }

  async load(spans: readonly AgentSpan[]): Promise<void> {
    await this.costs.loadModels([...new Set(spans.map(modelOf))].filter((model) => model !== ''));
  }

  /** Due after `load`. */
  of(span: AgentSpan): SpanCost {
    const price = this.costs.priceOf(modelOf(span), nowUs());
    if (price === undefined)
      return { input: null, output: null, cacheRead: null, cacheCreation: null, total: null };
    const { prompt, completion, cacheRead, cacheCreation } = costOf(
      {
        promptTokens: span.input_tokens,
        completionTokens: span.output_tokens,
        cacheReadTokens: span.cache_read_input_tokens,
        cacheCreationTokens: span.cache_creation_input_tokens,
      },
      price,
    );
    return {
      input: prompt,
      output: completion,
      cacheRead,
      cacheCreation,
      total: prompt + completion + cacheRead + cacheCreation,
    };
  }
}

function modelOf(span: AgentSpan): string {
  return span.response_model || span.request_model;
}
