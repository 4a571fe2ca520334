import { useQuery } from '@tanstack/react-query';
import { letterQuery } from '../../api/operations.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { JsonText } from '../../ui/json-text.tsx';
import { Loading } from '../../ui/notes.tsx';
import { AdminNote } from './admin-note.tsx';
import { SettleButtons } from './settle-buttons.tsx';

/** One letter with its payload. */
export function LetterDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const letter = useQuery(letterQuery(id));
  return (
    <Dialog title="Dead letter" onClose={onClose} isWide>
      {letter.isPending && <Loading what="the letter" />}
      {letter.isError && (
        <AdminNote error={letter.error} retry={() => void letter.refetch()} what="Looking at a payload" />
      )}
      {letter.data !== undefined && (
        <>
          <p className="error-text" style={{ margin: 0 }}>
            <bdi>{letter.data.reason}</bdi>
          </p>
          <dl className="facts">
            {(['kind', 'project_id', 'event_id', 'user_id', 'group'] as const).map((name) => (
              <div key={name}>
                <dt>{name.replace('_', ' ')}</dt>
                <dd className="mono">
                  <bdi>{letter.data[name] || '–'}</bdi>
                </dd>
              </div>
            ))}
          </dl>
          <JsonText
            title={`Payload${letter.data.payload_encoding === 'base64' ? ', base64' : ''}${letter.data.payload_truncated ? ', its beginning' : ''}`}
            value={letter.data.payload}
          />
          <SettleButtons which={{ ids: [id] }} onSettled={onClose} />
        </>
      )}
    </Dialog>
  );
}
