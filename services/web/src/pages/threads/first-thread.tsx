import { Empty } from '../../ui/notes.tsx';

/** Until a project has a conversation: what that is, and how to record one. */
export function FirstThread({ projectId }: { readonly projectId: string }) {
  const { origin } = window.location;
  return (
    <Empty title={`There is no thread in ${projectId} yet`}>
      <p className="soft">
        A thread is a conversation: traces that belong together because they carry the same thread id, each of them a
        turn. This page looks every five seconds.
      </p>
      <h2>Python</h2>
      <pre className="json" tabIndex={0}>{`export WF_TRACE_SERVER_URL=${origin} WANDB_BASE_URL=${origin} WANDB_API_KEY=…

import weave
weave.init('${projectId}')

@weave.op
def answer(message: str) -> str:
    return f'You said: {message}'

with weave.thread('customer-42'):
    answer('Hello')
    answer('And now?')`}</pre>
      <h2>OpenTelemetry</h2>
      <p className="soft">
        Set the attribute <code>gen_ai.conversation.id</code> on your spans: those of one value are one thread.
      </p>
    </Empty>
  );
} // prettier-ignore
