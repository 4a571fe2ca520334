import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { breakdownQuery, type Breakdown, type Figures, type Span } from '../../api/dashboard.ts';
import { downloadText } from '../../ui/copy.tsx';
import { count } from '../../ui/format.ts';
import { ErrorNote } from '../../ui/notes.tsx';
import { toCsv } from './csv.ts';
import { dollars, nameOfKey } from './names.ts';

const SHOWN = 20;
const MOST = 1000;

/** What each model cost, by user: of whole traces, so that nothing counts twice. */
export function CostTable({ span }: { readonly span: Span }) {
  const { entity, project } = useParams({ from: '/$entity/$project/weave/dashboard' });
  const projectId = `${entity}/${project}`;
  const asked = { projectId, span, by: ['model', 'user'], orderBy: 'cost', limit: MOST } as const;
  const costs = useQuery(breakdownQuery(asked));
  const [isWhole, setWhole] = useState(false);
  if (costs.isError && costs.data === undefined)
    return <ErrorNote error={costs.error} retry={() => void costs.refetch()} />;
  if (costs.data === undefined) return <p className="soft">Loading costs…</p>;
  const { groups, other, total, unpriced_models: unpriced } = costs.data;
  const shown = isWhole ? groups : groups.slice(0, SHOWN);
  const save = () => downloadText(`costs-${entity}-${project}.csv`, costsCsv(costs.data), 'text/csv');
  return (
    <section>
      <div className="heading">
        <h2>Cost by model and user</h2>
        <button className="button push" disabled={groups.length === 0} onClick={save}>
          Download CSV
        </button>
      </div>
      {unpriced.length > 0 && (
        <p className="note">
          Without a known price, counted as free: <bdi>{unpriced.slice(0, 10).join(', ')}</bdi>
          {unpriced.length > 10 && ` and ${unpriced.length - 10} more`}. Tell the price with{' '}
          <code>client.add_cost(…)</code>.
        </p>
      )}
      {groups.length === 0 ? (
        <p className="soft">No call of this time says which model it used.</p>
      ) : (
        <div className="scroll-x" tabIndex={0}>
          <table className="plain" aria-label="Cost by model and user">
            <thead>
              <tr>
                <th>Model</th>
                <th>User</th>
                <th className="number">Requests</th>
                <th className="number">Tokens in</th>
                <th className="number">Tokens out</th>
                <th className="number">Cost</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((group) => (
                <tr key={JSON.stringify(group.key)}>
                  <td>
                    <bdi>{nameOfKey('model', group.key.model)}</bdi>
                  </td>
                  <td>
                    <bdi>{nameOfKey('user', group.key.user)}</bdi>
                  </td>
                  <Numbers of={group} />
                </tr>
              ))}
              {other !== null && other.total_tokens > 0 && (
                <tr>
                  <td colSpan={2} className="soft">
                    all others
                  </td>
                  <Numbers of={other} />
                </tr>
              )}
            </tbody>
            <tfoot>
              <tr>
                <th colSpan={2} scope="row">
                  Together
                </th>
                <Numbers of={total} />
              </tr>
            </tfoot>
          </table>
        </div>
      )}
      {groups.length > shown.length && (
        <button className="button" onClick={() => setWhole(true)}>
          Show all {groups.length}
        </button>
      )}
    </section>
  );
}

function Numbers({ of }: { readonly of: Figures }) {
  return (
    <>
      <td className="number">{count.format(of.model_calls)}</td>
      <td className="number">{count.format(of.input_tokens)}</td>
      <td className="number">{count.format(of.output_tokens)}</td>
      <td className="number">{dollars(of.cost_usd)}</td>
    </>
  );
}

function costsCsv({ start, end, groups, other }: Breakdown): string {
  const numbers = (of: Figures) => [of.model_calls, of.input_tokens, of.output_tokens, of.cost_usd];
  return toCsv([
    ['from', 'to', 'model', 'user', 'requests', 'input_tokens', 'output_tokens', 'cost_usd'],
    ...groups.map(({ key, ...of }) => [start, end, key.model ?? '', key.user ?? '', ...numbers(of)]),
    ...(other !== null && other.total_tokens > 0
      ? [[start, end, '(others)', '(others)', ...numbers(other)]]
      : []),
  ]);
}
