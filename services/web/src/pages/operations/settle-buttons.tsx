import { useMutation, useQueryClient } from '@tanstack/react-query';
import { settleLetters, type Settled, type Which } from '../../api/operations.ts';
import { count } from '../../ui/format.ts';
import { ErrorNote } from '../../ui/notes.tsx';

const WORDS: Readonly<Record<string, string>> = {
  stored: 'stored and off the list',
  pending: 'appended and not readable yet: try again later',
  failed: 'refused again, still on the list',
  would_pass: 'would be stored',
  would_fail: 'would be refused again',
  dropped: 'dropped',
  would_drop: 'would be dropped',
  not_open: 'not on the list any more',
  not_reached: 'not tried: do it again for these',
};

/** Replays or drops letters; first of all it says what that would do. */
export function SettleButtons({
  which,
  onSettled,
}: {
  readonly which: Which;
  readonly onSettled?: () => void;
}) {
  const queries = useQueryClient();
  const settle = useMutation({
    mutationFn: async ({
      verb,
      isDryRun,
    }: {
      readonly verb: 'replay' | 'drop';
      readonly isDryRun: boolean;
    }) => ({
      verb,
      found: await settleLetters(verb, which, isDryRun),
    }),
    onSuccess: async ({ found }) => {
      if (found.dry_run) return;
      await queries.invalidateQueries({ queryKey: ['operations', 'letters'] });
      const isGone = (found.counts['stored'] ?? 0) + (found.counts['dropped'] ?? 0) > 0;
      if (isGone) onSettled?.();
    },
  });
  const all = 'filter' in which ? ' all that are shown' : '';
  const asked = settle.data;
  return (
    <div className="ops-settle">
      <div className="heading">
        <button
          className="button"
          disabled={settle.isPending}
          onClick={() => settle.mutate({ verb: 'replay', isDryRun: true })}
        >
          Replay{all}…
        </button>
        <button
          className="button danger"
          disabled={settle.isPending}
          onClick={() => settle.mutate({ verb: 'drop', isDryRun: true })}
        >
          Drop{all}…
        </button>
      </div>
      <div aria-live="polite">
        {settle.isError && <ErrorNote error={settle.error} />}
        {asked !== undefined && <Outcome found={asked.found} />}
        {asked?.found.dry_run === true && asked.found.letters.length > 0 && (
          <button
            className={`button ${asked.verb === 'drop' ? 'danger' : 'primary'}`}
            disabled={settle.isPending}
            onClick={() => settle.mutate({ verb: asked.verb, isDryRun: false })}
          >
            {asked.verb === 'drop' ? 'Drop them for good' : 'Replay them'}
          </button>
        )}
      </div>
    </div>
  );
}

const REASONS = 3;

function Outcome({ found }: { readonly found: Settled }) {
  const counts = Object.entries(found.counts);
  const reasons = [...new Set(found.letters.flatMap(({ reason }) => reason ?? []))];
  return (
    <div className="note">
      {counts.length === 0
        ? 'There are none.'
        : counts
            .map(([state, n]) => `${count.format(n)} ${Object.hasOwn(WORDS, state) ? WORDS[state]! : state}`)
            .join(', ')}
      {reasons.slice(0, REASONS).map((reason) => (
        <p key={reason} className="error-text" style={{ margin: '4px 0 0' }}>
          <bdi>{reason.slice(0, 300)}</bdi>
        </p>
      ))}
    </div>
  );
}
