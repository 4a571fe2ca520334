import { useQuery } from '@tanstack/react-query';
import { callUsageQuery, traceUsageQuery, type Usage } from '../../api/call.ts';
import { latencyMs, type Call } from '../../api/calls.ts';
import { count, duration, money } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { totalCost } from './cost.ts';
import { PriceTable } from './price-table.tsx';
import { usageOf, type CallUsage } from './usage.ts';

/** Tokens, money and time: of the call, of what is below it, of its trace. */
export function UsageTab({ call }: { readonly call: Call }) {
  const used = usageOf(call);
  const latency = latencyMs(call);
  return (
    <>
      <h2>As this call recorded it</h2>
      {latency !== undefined && <p className="soft">It took {duration(latency)}.</p>}
      {used.length === 0 ? (
        <p className="soft">
          No tokens are recorded in this call. Calls of models record them in <code>summary.usage</code>;
          integrations and OpenTelemetry spans do so by themselves.
        </p>
      ) : (
        <>
          <UsageTable label="Tokens of the call by model" used={used} />
          <PriceTable used={used} />
        </>
      )}
      <Below call={call} />
      <OfTrace call={call} />
    </>
  );
}

function Below({ call }: { readonly call: Call }) {
  const usage = useQuery(callUsageQuery(call));
  return (
    <section>
      <h2>With everything below it</h2>
      {usage.isPending && <Loading what="the usage" />}
      {usage.isError && <ErrorNote error={usage.error} retry={() => void usage.refetch()} />}
      {usage.data && <Totals usages={[usage.data]} label="Tokens with what is below, by model" />}
    </section>
  );
}

function OfTrace({ call }: { readonly call: Call }) {
  const usage = useQuery(traceUsageQuery(call));
  return (
    <section>
      <h2>The whole trace</h2>
      {usage.isPending && <Loading what="the usage of the trace" />}
      {usage.isError && <ErrorNote error={usage.error} retry={() => void usage.refetch()} />}
      {usage.data && <Totals usages={usage.data} label="Tokens of the trace by model" />}
    </section>
  );
}

function Totals({ usages, label }: { readonly usages: readonly Usage[]; readonly label: string }) {
  const used = usages
    .flatMap((usage) => Object.entries(usage))
    .map(([model, of]): CallUsage => ({
      model,
      requests: of.requests,
      input: of.prompt_tokens,
      output: of.completion_tokens,
      total: of.total_tokens,
      cacheRead: of.cache_read_input_tokens,
      cacheWrite: of.cache_creation_input_tokens,
      cost: { ...of },
    }));
  return used.length === 0 ? <p className="soft">No tokens.</p> : <UsageTable label={label} used={used} />;
}

function UsageTable({ used, label }: { readonly used: readonly CallUsage[]; readonly label: string }) {
  const costs = used.flatMap(({ cost }) => (cost === undefined ? [] : (totalCost(cost) ?? [])));
  return (
    <div className="scroll-x" tabIndex={0} role="group" aria-label={label}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Model</th>
            {['Requests', 'In', 'Out', 'Total', 'Cache read', 'Cache written', 'Cost'].map((name) => (
              <th scope="col" className="number" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {used.map((each, i) => {
            const cost = each.cost === undefined ? undefined : totalCost(each.cost);
            return (
              <tr key={i}>
                <td className="call-model">
                  <bdi>{each.model.slice(0, 200)}</bdi>
                </td>
                {[each.requests, each.input, each.output, each.total, each.cacheRead, each.cacheWrite].map(
                  (value, at) => (
                    <td className="number" key={at}>
                      {count.format(value)}
                    </td>
                  ),
                )}
                <td className="number">{cost === undefined ? 'no price' : money(cost)}</td>
              </tr>
            );
          })}
        </tbody>
        {costs.length > 1 && (
          <tfoot>
            <tr>
              <th scope="row" colSpan={7}>
                Together
              </th>
              <td className="number">{money(costs.reduce((sum, each) => sum + each, 0))}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}
