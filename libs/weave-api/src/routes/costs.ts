import { z } from 'zod';
import { given, limit, offset, projectId, strings } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';
import { expression, sortBy } from './calls.ts';

/** Prices that projects set for models (weave-api §4.9). */

const tag = 'Costs';

const amount = z.number();
const unit = given(z.string().max(64));

/** What the tokens of a model cost; amounts are per token. */
export const Price = z.object({
  prompt_token_cost: amount,
  completion_token_cost: amount,
  cache_read_input_token_cost: given(amount),
  cache_creation_input_token_cost: given(amount),
  prompt_token_cost_unit: unit,
  completion_token_cost_unit: unit,
  effective_date: given(z.iso.datetime({ offset: true, local: true })),
  provider_id: given(z.string().max(128)),
});

export const costCreate = defineRoute({
  method: 'post',
  path: '/cost/create',
  tag,
  summary: 'Sets prices of models, for the project',
  access: 'write',
  request: z.object({
    project_id: projectId,
    costs: z.record(z.string(), Price),
    wb_user_id: given(z.string()),
  }),
  answer: json(z.object({ ids: z.array(z.tuple([z.string(), z.string()])) })),
});

export const StoredPrice = z.object({
  id: z.string().nullable(),
  llm_id: z.string().nullable(),
  prompt_token_cost: z.number().nullable(),
  completion_token_cost: z.number().nullable(),
  cache_read_input_token_cost: z.number().nullable(),
  cache_creation_input_token_cost: z.number().nullable(),
  prompt_token_cost_unit: z.string().nullable(),
  completion_token_cost_unit: z.string().nullable(),
  effective_date: z.iso.datetime().nullable(),
  provider_id: z.string().nullable(),
});

export const costQuery = defineRoute({
  method: 'post',
  path: '/cost/query',
  tag,
  summary: 'Prices that the project has set',
  request: z.object({
    project_id: projectId,
    fields: strings('fields', 100),
    query: expression,
    sort_by: sortBy,
    limit,
    offset,
  }),
  answer: json(z.object({ results: z.array(StoredPrice) })),
});
export type CostQueryRequest = z.output<typeof costQuery.request>;

export const costPurge = defineRoute({
  method: 'post',
  path: '/cost/purge',
  tag,
  summary: 'Takes prices back for good; the query must be of their ids',
  access: 'write',
  request: z.object({ project_id: projectId, query: z.looseObject({}) }),
});
export type CostPurgeRequest = z.output<typeof costPurge.request>;

/** In the order of the documentation. */
export const COST_ROUTES = [costCreate, costQuery, costPurge];
