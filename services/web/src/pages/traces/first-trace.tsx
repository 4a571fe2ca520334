import { Empty } from '../../ui/notes.tsx';

/** Until a project's first trace comes: it appears here by itself. */
export function FirstTrace({ projectId }: { readonly projectId: string }) {
  const { origin } = window.location;
  return (
    <Empty title={`Waiting for the first trace of ${projectId}`}>
      <p className="soft">It is shown here as soon as it arrives.</p>
      <h2>Python</h2>
      <pre className="json">{`pip install weave
export WF_TRACE_SERVER_URL=${origin} WANDB_BASE_URL=${origin} WANDB_API_KEY=…

import weave
weave.init('${projectId}')

@weave.op
def greet(name: str) -> str:
    return f'Hello {name}'

greet('Weft')`}</pre>
      <h2>OpenTelemetry</h2>
      <pre className="json">{`export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/otel/v1/traces
export OTEL_EXPORTER_OTLP_HEADERS=project_id=${projectId},wandb-api-key=…`}</pre>
    </Empty>
  );
}
