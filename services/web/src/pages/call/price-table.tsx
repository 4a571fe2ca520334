import { count, money } from '../../ui/format.ts';
import type { CallUsage } from './usage.ts';

const PARTS = [
  ['In', 'prompt_token_cost', 'prompt_tokens_total_cost'],
  ['Out', 'completion_token_cost', 'completion_tokens_total_cost'],
  ['Cache read', 'cache_read_input_token_cost', 'cache_read_input_tokens_total_cost'],
  ['Cache written', 'cache_creation_input_token_cost', 'cache_creation_input_tokens_total_cost'],
] as const;

const MILLION = 1_000_000;

/** With which prices the costs were made. */
export function PriceTable({ used }: { readonly used: readonly CallUsage[] }) {
  const priced = used.filter(({ cost }) => typeof cost?.['prompt_token_cost'] === 'number');
  const unpriced = used.length - priced.length;
  return (
    <section>
      <h2>Prices</h2>
      {priced.map(({ model, cost = {} }, i) => (
        <div className="call-price" key={i}>
          <p>
            <b>
              <bdi>{model.slice(0, 200)}</bdi>
            </b>{' '}
            <span className="soft">{originOf(cost)}</span>
          </p>
          <dl className="facts">
            {PARTS.map(([name, price, total]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  {amount(cost[price])} <span className="soft">per million,</span> {dollars(cost[total])}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
      {unpriced > 0 && (
        <p className="soft">
          {count.format(unpriced)} {unpriced === 1 ? 'model has' : 'models have'} no price. Give it one with{' '}
          <code>client.add_cost(llm_id=…, prompt_token_cost=…, completion_token_cost=…)</code>.
        </p>
      )}
    </section>
  );
}

function amount(perToken: unknown): string {
  return typeof perToken === 'number' ? money(perToken * MILLION) : 'no price';
}

function dollars(value: unknown): string {
  return typeof value === 'number' ? money(value) : '–';
}

/** Whose price it is, and since when it holds. */
function originOf(cost: Readonly<Record<string, unknown>>): string {
  const text = (name: string) => (typeof cost[name] === 'string' ? cost[name] : '');
  const whose = text('pricing_level') === 'project' ? 'price of this project' : `list price${text('provider_id') === '' ? '' : ` of ${text('provider_id')}`}`; // prettier-ignore
  const since = text('effective_date').slice(0, 10);
  return since === '' || since === '1970-01-01' ? whose : `${whose}, since ${since}`;
}
