import type { LedgerEntry } from '../../api/monitors.ts';
import { count, money } from '../../ui/format.ts';
import { skippedOf } from './value.ts';

/** What became of everything that a monitor matched, and what was spent on it. */
export function LedgerView({ entry }: { readonly entry: LedgerEntry }) {
  const { spend, budget } = entry;
  const of = (limit: number | null, format: (value: number) => string) =>
    limit === null ? 'no limit' : `of ${format(limit)}`;
  const n = (value: number) => count.format(value);
  return (
    <>
      <h2>What became of the calls it matched</h2>
      <table className="mon-counts" aria-label="Ledger">
        <tbody>
          <Line value={entry.matched} what="matched, one for each call and scorer" />
          <Line value={entry.scored} what="scored" />
          <Line value={entry.failed} what="failed" />
          {skippedOf(entry).map(([reason, skipped]) => (
            <Line key={reason} value={skipped} what={`skipped: ${reason}`} />
          ))}
          <Line value={entry.pending} what={`waiting, ${n(entry.running)} of them in work`} />
        </tbody>
      </table>
      <h2>Spent today (UTC)</h2>
      <table className="mon-counts" aria-label="Spent today">
        <tbody>
          <tr>
            <td>{n(spend.calls)}</td>
            <th scope="row">questions, {of(budget.calls_per_day, n)}</th>
          </tr>
          <tr>
            <td>{n(spend.tokens)}</td>
            <th scope="row">tokens, {of(budget.tokens_per_day, n)}</th>
          </tr>
          <tr>
            <td>{money(spend.usd)}</td>
            <th scope="row">{of(budget.usd_per_day, money)}</th>
          </tr>
        </tbody>
      </table>
    </>
  );
}

function Line({ value, what }: { readonly value: number; readonly what: string }) {
  return (
    <tr>
      <td>{count.format(value)}</td>
      <th scope="row">{what}</th>
    </tr>
  );
}
