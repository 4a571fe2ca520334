import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { renameCall } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { opName } from '../../ui/format.ts';
import { ErrorNote } from '../../ui/notes.tsx';

const MAX_NAME = 1024;

export function RenameCall({ call, onClose }: { readonly call: Call; readonly onClose: () => void }) {
  const [name, setName] = useState(call.display_name ?? '');
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: () => renameCall(call, name.trim()),
    onSuccess: async () => {
      await queries.invalidateQueries();
      onClose();
    },
  });
  return (
    <Dialog title="Rename the call" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate();
        }}
      >
        <label>
          Display name
          <input
            className="field"
            value={name}
            maxLength={MAX_NAME}
            placeholder={opName(call.op_name)}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <p className="soft">Without a name it is called as its op.</p>
        {rename.isError && <ErrorNote error={rename.error} />}
        <div>
          <button className="button primary" disabled={rename.isPending}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
