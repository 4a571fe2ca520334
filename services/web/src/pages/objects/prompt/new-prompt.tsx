import { useState } from 'react';
import { createObject } from '../../../api/objects.ts';
import { PublishDialog } from '../publish-dialog.tsx';
import { MessagesEditor } from './messages-editor.tsx';
import { draft, messagesPrompt, type Draft } from './messages.ts';

interface Props {
  readonly projectId: string;
  readonly onClose: () => void;
  /** What it says at first. */
  readonly drafts?: readonly Draft[];
  readonly name?: string;
}

/** Messages under a name. */
export function NewPrompt({ projectId, onClose, drafts: first, name = '' }: Props) {
  const [drafts, setDrafts] = useState<readonly Draft[]>(
    () => first ?? [draft('system', ''), draft('user', '')],
  );
  return (
    <PublishDialog
      projectId={projectId}
      title={first === undefined ? 'New prompt' : 'Save as a prompt'}
      name={name}
      canPublish={drafts.length > 0}
      publish={(given) => createObject(projectId, given, messagesPrompt(drafts))}
      onClose={onClose}
    >
      <MessagesEditor drafts={drafts} onChange={setDrafts} />
    </PublishDialog>
  );
}
