import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { deleteCall } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { opName } from '../../ui/format.ts';
import { ErrorNote } from '../../ui/notes.tsx';

export function DeleteCall({ call, onClose }: { readonly call: Call; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [entity, project] = call.project_id.split('/') as [string, string];
  const remove = useMutation({
    mutationFn: () => deleteCall(call),
    onSuccess: async () => {
      onClose();
      const to = { entity, project };
      await (call.parent_id === null
        ? navigate({ to: '/$entity/$project/weave/traces', params: to, search: {} })
        : navigate({
            to: '/$entity/$project/weave/calls/$id',
            params: { ...to, id: call.parent_id },
            search: {},
          }));
      await queries.invalidateQueries();
    },
  });
  return (
    <Dialog title="Delete the call?" onClose={onClose}>
      <p style={{ margin: 0 }}>
        <bdi>{call.display_name ?? opName(call.op_name)}</bdi> and every call below it are deleted for good.
        Scores and notes on them are no longer shown either.
      </p>
      {remove.isError && <ErrorNote error={remove.error} />}
      <div className="heading">
        <button
          type="button"
          className="button danger"
          disabled={remove.isPending}
          onClick={() => remove.mutate()}
        >
          Delete with everything below
        </button>
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
      </div>
    </Dialog>
  );
}
