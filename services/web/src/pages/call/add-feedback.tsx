import { useState } from 'react';
import type { Call } from '../../api/calls.ts';
import { ErrorNote } from '../../ui/notes.tsx';
import { useAddFeedback } from './use-feedback.ts';

const EMOJIS = [
  ['👍', 'good'],
  ['👎', 'bad'],
  ['🎉', 'great'],
  ['❤️', 'love it'],
  ['😕', 'confusing'],
  ['🚀', 'fast'],
  ['✅', 'right'],
  ['❌', 'wrong'],
] as const;
const MAX_NOTE = 1024;

/** A reaction with one click, a note with two. */
export function AddFeedback({ call }: { readonly call: Call }) {
  const [note, setNote] = useState('');
  const add = useAddFeedback(call);
  const save = () =>
    add.mutate(
      { feedback_type: 'wandb.note.1', payload: { note: note.trim() } },
      { onSuccess: () => setNote('') },
    );
  return (
    <>
      <div className="call-emojis" role="group" aria-label="React">
        {EMOJIS.map(([emoji, name]) => (
          <button
            key={emoji}
            type="button"
            className="button"
            aria-label={`React: ${name}`}
            disabled={add.isPending}
            onClick={() => add.mutate({ feedback_type: 'wandb.reaction.1', payload: { emoji } })}
          >
            {emoji}
          </button>
        ))}
      </div>
      <form
        className="call-note"
        onSubmit={(event) => {
          event.preventDefault();
          if (note.trim() !== '') save();
        }}
      >
        <textarea
          className="field"
          aria-label="Note"
          placeholder="A note on this call"
          rows={2}
          maxLength={MAX_NOTE}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        <button className="button" disabled={add.isPending || note.trim() === ''}>
          Add the note
        </button>
      </form>
      {add.isError && <ErrorNote error={add.error} />}
    </>
  );
}
