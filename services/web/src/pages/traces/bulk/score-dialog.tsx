import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { latestQuery, scoreCalls } from '../../../api/bulk.ts';
import { refOf } from '../../../api/objects.ts';
import { ErrorNote } from '../../../ui/notes.tsx';
import { BulkDialog } from './bulk-dialog.tsx';
import type { BulkProps } from './bulk-bar.tsx';

export function ScoreDialog({ projectId, ids, onClose, onDone }: BulkProps) {
  const scorers = useQuery(latestQuery(projectId, 'Scorer'));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const toggle = (ref: string) =>
    setChosen(chosen.includes(ref) ? chosen.filter((each) => each !== ref) : [...chosen, ref]);
  return (
    <BulkDialog
      title="Score"
      ids={ids}
      verb="Score"
      done="queued to be scored: their scores appear as feedback"
      size={100}
      isReady={chosen.length > 0}
      prepare={async () => ({ act: (some) => scoreCalls(projectId, some, chosen) })}
      onClose={onClose}
      onDone={onDone}
    >
      {scorers.isError && <ErrorNote error={scorers.error} retry={() => void scorers.refetch()} />}
      {scorers.data?.length === 0 && (
        <p className="soft">
          This project has no scorers. Publish one with an SDK, <code>weave.publish(MyScorer())</code>, or
          make a monitor: its judge is one.
        </p>
      )}
      {(scorers.data?.length ?? 0) > 0 && (
        <fieldset className="choices column">
          <legend>With which scorers?</legend>
          {scorers.data!.map((each) => (
            <label key={each.object_id} className="choice">
              <input
                type="checkbox"
                checked={chosen.includes(refOf(each))}
                onChange={() => toggle(refOf(each))}
              />{' '}
              <bdi>{each.object_id}</bdi> <span className="soft">v{each.version_index}</span>
            </label>
          ))}
        </fieldset>
      )}
    </BulkDialog>
  );
}
