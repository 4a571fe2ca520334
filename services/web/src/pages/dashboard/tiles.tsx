import type { Figures } from '../../api/dashboard.ts';
import { count, duration } from '../../ui/format.ts';
import { dollars, errorRate, percent } from './names.ts';

const ms = (value: number | null) => (value === null ? '–' : duration(value));

/** The whole span in a line. */
export function Tiles({ total }: { readonly total: Figures }) {
  const rate = errorRate(total);
  return (
    <dl className="dash-tiles">
      <Tile name="Requests" value={count.format(total.calls)} />
      <Tile
        name="Errors"
        value={rate === undefined ? '–' : percent(rate)}
        more={`${count.format(total.errors)} of ${count.format(total.calls)}`}
      />
      <Tile
        name="Latency p50"
        value={ms(total.p50_latency_ms)}
        more={`p95 ${ms(total.p95_latency_ms)}, p99 ${ms(total.p99_latency_ms)}`}
      />
      <Tile
        name="Tokens"
        value={count.format(total.total_tokens)}
        more={`${count.format(total.input_tokens)} in, ${count.format(total.output_tokens)} out`}
      />
      <Tile name="Cost" value={dollars(total.cost_usd)} />
    </dl>
  );
}

function Tile({
  name,
  value,
  more,
}: {
  readonly name: string;
  readonly value: string;
  readonly more?: string;
}) {
  return (
    <div className="card">
      <dt className="soft">{name}</dt>
      <dd>{value}</dd>
      {more !== undefined && <dd className="soft dash-more">{more}</dd>}
    </div>
  );
}
