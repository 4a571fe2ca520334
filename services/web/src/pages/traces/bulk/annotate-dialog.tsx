import { useState } from 'react';
import { annotateCalls, type Annotation } from '../../../api/bulk.ts';
import { BulkDialog } from './bulk-dialog.tsx';
import type { BulkProps } from './bulk-bar.tsx';

const REACTIONS = [['👍', 'Good'], ['👎', 'Bad'], ['❤️', 'Heart'], ['🎉', 'Party'], ['👀', 'Eyes'], ['🐛', 'Bug']] as const; // prettier-ignore

export function AnnotateDialog({ projectId, ids, onClose, onDone }: BulkProps) {
  const [note, setNote] = useState('');
  const [emoji, setEmoji] = useState<string>();
  const annotations: Annotation[] = [
    ...(note.trim() === ''
      ? []
      : [{ feedback_type: 'wandb.note.1' as const, payload: { note: note.trim() } }]),
    ...(emoji === undefined ? [] : [{ feedback_type: 'wandb.reaction.1' as const, payload: { emoji } }]),
  ];
  return (
    <BulkDialog
      title="Annotate"
      ids={ids}
      verb="Annotate"
      done="annotated"
      size={100}
      isReady={annotations.length > 0}
      prepare={async () => ({ act: (some) => annotateCalls(projectId, some, annotations) })}
      onClose={onClose}
      onDone={onDone}
    >
      <label>
        Note
        <textarea
          className="field"
          rows={3}
          maxLength={1024}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
      <fieldset className="choices">
        <legend>Reaction</legend>
        {REACTIONS.map(([each, word]) => (
          <button
            key={each}
            type="button"
            className="button"
            aria-label={word}
            title={word}
            aria-pressed={emoji === each}
            onClick={() => setEmoji(emoji === each ? undefined : each)}
          >
            {each}
          </button>
        ))}
      </fieldset>
    </BulkDialog>
  );
}
