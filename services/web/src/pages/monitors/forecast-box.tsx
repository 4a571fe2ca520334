import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { forecast, type Forecast } from '../../api/monitors.ts';
import { count, money } from '../../ui/format.ts';
import { LedgerProblem } from './scoring-off.tsx';

export const PASTS = [
  ['1d', 'the last 24 hours', 86_400_000],
  ['7d', 'the last 7 days', 7 * 86_400_000],
  ['30d', 'the last 30 days', 30 * 86_400_000],
] as const;

/** What the monitor would do with calls of the past, and what that would cost. Asks no model. */
export function ForecastBox({
  projectId,
  monitor,
  value,
  disabled = false,
  onRun,
}: {
  readonly projectId: string;
  readonly monitor: string;
  /** The monitor as it is about to be published; absent: as it is. Makes what it refers to. */
  readonly value?: () => Promise<object>;
  readonly disabled?: boolean;
  /** Scores them. */
  readonly onRun?: (fromMs: number, toMs: number) => void;
}) {
  const [past, setPast] = useState<string>('1d');
  const asked = useMutation({
    mutationFn: async () => {
      const toMs = Date.now();
      const fromMs = toMs - PASTS.find(([name]) => name === past)![2];
      const made = value === undefined ? {} : { value: await value() };
      return { fromMs, toMs, found: await forecast({ projectId, monitor, fromMs, toMs, ...made }) };
    },
  });
  return (
    <div className="mon-scorer">
      <div className="mon-row">
        <label>
          Calls of
          <select className="field" value={past} onChange={(event) => setPast(event.target.value)}>
            {PASTS.map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          className="button"
          disabled={disabled || asked.isPending}
          onClick={() => asked.mutate()}
        >
          {asked.isPending ? 'Looking…' : 'Forecast'}
        </button>
      </div>
      <div aria-live="polite">
        {asked.isError && <LedgerProblem error={asked.error} retry={() => asked.mutate()} />}
        {asked.data !== undefined && <Outcome found={asked.data.found} />}
      </div>
      {onRun !== undefined && asked.data !== undefined && asked.data.found.counts.to_score > 0 && (
        <button
          type="button"
          className="button primary"
          onClick={() => onRun(asked.data.fromMs, asked.data.toMs)}
        >
          Make {count.format(asked.data.found.counts.to_score)} scores
        </button>
      )}
    </div>
  );
}

function Outcome({ found: { counts, estimate } }: { readonly found: Forecast }) {
  const lines = [
    [counts.calls, 'calls in this time'],
    [counts.matched, 'of the ops, and the filter holds'],
    [counts.sampled, 'in the sample'],
    [counts.scored + counts.queued, 'scores there already'],
    [counts.to_score, 'scores to be made'],
    [estimate.requests, 'questions to models'],
    [estimate.prompt_tokens + estimate.completion_tokens, 'tokens'],
  ] as const;
  return (
    <>
      <table className="mon-counts" aria-label="Forecast">
        <tbody>
          {lines.map(([value, what]) => (
            <tr key={what}>
              <td>{count.format(value)}</td>
              <th scope="row">{what}</th>
            </tr>
          ))}
          <tr>
            <td>
              <strong>{money(estimate.cost_usd)}</strong>
            </td>
            <th scope="row">cost</th>
          </tr>
        </tbody>
      </table>
      <p className="soft mon-small">
        <bdi>{estimate.how}</bdi>
        {estimate.unpriced_models.length > 0 && (
          <>
            {' '}
            Without a known price, counted as free: <bdi>{estimate.unpriced_models.join(', ')}</bdi>.
          </>
        )}
      </p>
    </>
  );
}
