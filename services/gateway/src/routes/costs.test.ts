import { afterEach, describe, expect, it } from '@jest/globals';
import { readPriceEvent } from '@weft/model';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;
const create = (costs: unknown, more: object = {}) =>
  gateway.post('/cost/create', { project_id: 'e/p', costs, ...more });
const price = { prompt_token_cost: 1e-7, completion_token_cost: 2 };

describe('POST /cost/create', () => {
  it('makes an event of each price, the id first in the answer', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    const answer = await create(
      {
        'my-model': price,
        __proto__x: { ...price, cache_read_input_token_cost: 0.5, cache_creation_input_token_cost: 0.25, prompt_token_cost_unit: 'EUR', completion_token_cost_unit: null, effective_date: '2021-04-22T01:02:03.5+02:00', provider_id: 'me' },
      },
      { wb_user_id: 'bob' },
    ); // prettier-ignore
    expect(answer.status).toBe(200);
    expect(answer.json.ids).toEqual([
      [expect.stringMatching(UUID7), 'my-model'],
      [expect.stringMatching(UUID7), '__proto__x'],
    ]);
    const events = await gateway.events();
    expect(events).toMatchObject([0, 1].map((i) => ({ kind: 'cost.created', projectId: 'e/p', id: answer.json.ids[i][0], userId: 'ann' })));
    expect(events[0]!.receivedAtUs).toBeLessThan(events[1]!.receivedAtUs);
    expect(events.map(readPriceEvent)).toEqual([
      {
        llmId: 'my-model', providerId: 'default', effectiveAtUs: events[0]!.receivedAtUs, promptTokenCost: 1e-7, completionTokenCost: 2,
        cacheReadInputTokenCost: 0, cacheCreationInputTokenCost: 0, promptTokenCostUnit: 'USD', completionTokenCostUnit: 'USD',
      },
      {
        llmId: '__proto__x', providerId: 'me', effectiveAtUs: Date.parse('2021-04-21T23:02:03.500Z') * 1000, promptTokenCost: 1e-7,
        completionTokenCost: 2, cacheReadInputTokenCost: 0.5, cacheCreationInputTokenCost: 0.25, promptTokenCostUnit: 'EUR',
        completionTokenCostUnit: 'USD',
      },
    ]);
  }); // prettier-ignore

  it('takes names that objects of JavaScript know otherwise, and of equal names the last', async () => {
    gateway = await startGateway();
    const body = '{"project_id":"e/p","costs":{"__proto__":{"prompt_token_cost":1,"completion_token_cost":2},"m":{"prompt_token_cost":1,"completion_token_cost":2},"m":{"prompt_token_cost":3,"completion_token_cost":2}}}';
    const answer = await gateway.post('/cost/create', body);
    expect(answer.json.ids.map(([, model]: [string, string]) => model)).toEqual(['__proto__', 'm']);
    expect((await gateway.events()).map((event) => readPriceEvent(event).promptTokenCost)).toEqual([1, 3]);
  }); // prettier-ignore

  it('makes nothing of nothing', async () => {
    gateway = await startGateway();
    expect(await create({})).toMatchObject({ status: 200, json: { ids: [] } });
    expect(await gateway.events()).toEqual([]);
  });

  it.each([
    [undefined, 'costs: is required'],
    [[], 'costs: must be an object'],
    [{ m: null }, 'costs.m: is required'],
    [{ m: { ...price, prompt_token_cost: null } }, 'costs.m.prompt_token_cost: is required'],
    [{ m: { ...price, completion_token_cost: true } }, 'costs.m.completion_token_cost: must be a number'],
    [{ m: { ...price, effective_date: 'soon' } }, 'costs.m.effective_date: must be an ISO 8601 time'],
    [{ m: { ...price, provider_id: 'x'.repeat(129) } }, 'costs.m.provider_id: is longer than 128 characters'],
    [{ ['x'.repeat(257)]: price }, 'costs: names of models have 1 to 256 characters'],
    [
      Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`m${i}`, price])),
      'costs: has more than 1000 models',
    ],
  ])('refuses the whole request: %#', async (costs, reason) => {
    gateway = await startGateway();
    const answer = await create(costs);
    expect(answer.status).toBe(400);
    expect(answer.json.reason).toContain(reason);
    expect(await gateway.events()).toEqual([]);
  });

  it('refuses numbers beyond all numbers, and projects of others', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    const body = '{"project_id":"e/p","costs":{"m":{"prompt_token_cost":1e400,"completion_token_cost":2}}}';
    expect((await gateway.post('/cost/create', body)).status).toBe(400);
    expect((await create({ m: price }, { project_id: 'e/other' })).status).toBe(403);
  });
});
