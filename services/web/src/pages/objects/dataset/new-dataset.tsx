import { useState } from 'react';
import type { Row } from '../../../api/tables.ts';
import { PublishDialog } from '../publish-dialog.tsx';
import './dataset.css';
import { RowsInput } from './rows-input.tsx';
import { saveDataset } from './save-rows.ts';

/** A dataset out of a file. */
export function NewDataset({
  projectId,
  onClose,
}: {
  readonly projectId: string;
  readonly onClose: () => void;
}) {
  const [rows, setRows] = useState<readonly Row[]>([]);
  return (
    <PublishDialog
      projectId={projectId}
      title="New dataset"
      canPublish={rows.length > 0}
      publish={(name) => saveDataset(projectId, name, rows)}
      onClose={onClose}
    >
      <RowsInput onRows={setRows} />
    </PublishDialog>
  );
}
