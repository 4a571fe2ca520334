import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { deadLettersQuery, LETTERS, type DeadLetter, type LettersFilter } from '../../api/operations.ts';
import { Loading } from '../../ui/notes.tsx';
import { Time } from '../../ui/time.tsx';
import { AdminNote } from './admin-note.tsx';
import { bytes } from './bytes.ts';
import { LetterDialog } from './letter-dialog.tsx';
import type { OperationsSearch } from './routes.ts';
import { SettleButtons } from './settle-buttons.tsx';

/** What was accepted and could not be stored. */
export function DeadLetters() {
  const search = useSearch({ from: '/operations' });
  const navigate = useNavigate();
  const filter: LettersFilter = { reason: search.reason, group: search.group, project: search.project };
  const letters = useQuery(deadLettersQuery(filter));
  const [shown, setShown] = useState<string>();
  const set = (change: Partial<Record<keyof OperationsSearch, string>>) => {
    const next = Object.entries({ ...search, ...change }).filter(([, value]) => value !== '');
    void navigate({ to: '/operations', search: Object.fromEntries(next) as OperationsSearch, replace: true });
  };
  const found = letters.data?.slice(0, LETTERS) ?? [];
  return (
    <>
      <p className="soft">
        Events that were accepted and whose rows could not be made or stored. Nothing of them is lost: replay
        them with a version that can read them, or drop them. Those of the group gateway were refused, and
        their senders told; a replay refuses them.
      </p>
      <form className="ops-tools" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Reason has
          <input
            key={`reason ${search.reason}`}
            className="field"
            type="search"
            defaultValue={search.reason ?? ''}
            onBlur={(event) => set({ reason: event.target.value })}
            onKeyDown={(event) => event.key === 'Enter' && set({ reason: event.currentTarget.value })}
          />
        </label>
        <label>
          Project
          <input
            key={`project ${search.project}`}
            className="field"
            type="search"
            placeholder="entity/project"
            defaultValue={search.project ?? ''}
            onBlur={(event) => set({ project: event.target.value })}
            onKeyDown={(event) => event.key === 'Enter' && set({ project: event.currentTarget.value })}
          />
        </label>
        <label>
          Group
          <select
            className="field"
            value={search.group ?? ''}
            onChange={(event) => set({ group: event.target.value })}
          >
            <option value="">any</option>
            <option value="writer">writer</option>
            <option value="gateway">gateway</option>
          </select>
        </label>
      </form>
      {letters.isPending && <Loading what="dead letters" />}
      {letters.isError && (
        <AdminNote
          error={letters.error}
          retry={() => void letters.refetch()}
          what="Looking at dead letters"
        />
      )}
      {letters.data?.length === 0 && (
        <p className="card">
          There are none
          {Object.values(filter).some(Boolean) ? ' that match' : ': everything that was accepted is stored'}.
        </p>
      )}
      {found.length > 0 && (
        <>
          <SettleButtons which={{ filter }} />
          <LettersTable letters={found} onShow={setShown} />
        </>
      )}
      {(letters.data?.length ?? 0) > LETTERS && (
        <p className="soft">These are the oldest {LETTERS}; there are more.</p>
      )}
      {shown !== undefined && <LetterDialog id={shown} onClose={() => setShown(undefined)} />}
    </>
  );
}

function LettersTable({
  letters,
  onShow,
}: {
  readonly letters: readonly DeadLetter[];
  readonly onShow: (id: string) => void;
}) {
  return (
    <div className="scroll-x" tabIndex={0}>
      <table className="plain" aria-label="Dead letters">
        <thead>
          <tr>
            <th>Rejected</th>
            <th>Why</th>
            <th>Kind</th>
            <th>Project</th>
            <th>Group</th>
            <th className="number">Size</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <tr key={letter.id}>
              <td className="soft">
                <Time at={letter.rejected_at} />
              </td>
              <td className="ops-reason">
                <bdi>{letter.reason.slice(0, 300)}</bdi>
              </td>
              <td className="mono">{letter.kind}</td>
              <td>
                <bdi>{letter.project_id}</bdi>
              </td>
              <td>{letter.group}</td>
              <td className="number">{bytes(letter.payload_bytes)}</td>
              <td>
                <button
                  className="button"
                  aria-label={`Show ${letter.event_id}`}
                  onClick={() => onShow(letter.id)}
                >
                  Show
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
