import { deleteCalls } from '../../../api/bulk.ts';
import { count } from '../../../ui/format.ts';
import { BulkDialog } from './bulk-dialog.tsx';
import type { BulkProps } from './bulk-bar.tsx';

export function DeleteDialog({ projectId, ids, onClose, onDone }: BulkProps) {
  return (
    <BulkDialog
      title={`Delete ${count.format(ids.length)} ${ids.length === 1 ? 'call' : 'calls'}?`}
      ids={ids}
      verb="Delete"
      done="deleted"
      isDanger
      size={100}
      prepare={async () => ({ act: (some) => deleteCalls(projectId, some) })}
      onClose={onClose}
      onDone={onDone}
    >
      <p>They go with everything below them in their traces, for everybody. This cannot be undone.</p>
    </BulkDialog>
  );
}
