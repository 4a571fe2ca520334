import { useState } from 'react';
import { CopyButton } from '../../ui/copy.tsx';

const LANGUAGES = ['Python', 'TypeScript', 'OpenTelemetry'] as const;
type Language = (typeof LANGUAGES)[number];

/** How the first trace comes here, whatever a program is written in. */
export function FirstSteps({
  projectId,
  hasKeys,
}: {
  readonly projectId: string;
  readonly hasKeys: boolean;
}) {
  const [language, setLanguage] = useState<Language>('Python');
  const text = snippet(language, projectId, window.location.origin, hasKeys);
  return (
    <section className="card">
      <h2 style={{ marginTop: 0 }}>Send the first trace</h2>
      <p className="soft" role="status">
        A project is there as soon as something is sent to it. This page looks every few seconds and shows it
        when it arrives.
      </p>
      <div className="tabs" role="tablist" aria-label="Language">
        {LANGUAGES.map((each) => (
          <button key={each} role="tab" aria-selected={each === language} onClick={() => setLanguage(each)}>
            {each}
          </button>
        ))}
      </div>
      <pre className="json" tabIndex={0} role="tabpanel" aria-label={language}>
        {text}
      </pre>
      <CopyButton className="button" text={() => text} label={`Copy for ${language}`} />
    </section>
  );
}

function snippet(language: Language, projectId: string, origin: string, hasKeys: boolean): string {
  const key = hasKeys ? '<your key>' : 'local-0123456789012345678901234567890123456789';
  const env = `export WF_TRACE_SERVER_URL=${origin} WANDB_BASE_URL=${origin}\nexport WANDB_API_KEY=${key}`;
  switch (language) {
    case 'Python':
      return `pip install weave
${env}
cat > hello.py <<'END'
import weave

weave.init("${projectId}")


@weave.op
def greet(name: str) -> str:
    return f"Hello {name}"


greet("Weft")
END
python hello.py`;
    case 'TypeScript':
      return `npm install weave
${env}
cat > hello.mjs <<'END'
import * as weave from 'weave';

const client = await weave.init('${projectId}');
const greet = weave.op(async function greet(name) {
  return \`Hello \${name}\`;
});
await greet('Weft');
await client.waitForBatchProcessing();
END
node hello.mjs`;
    case 'OpenTelemetry':
      return `# any program with an OTLP exporter, over HTTP
export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/otel/v1/traces
export OTEL_EXPORTER_OTLP_TRACES_HEADERS=wandb-api-key=${key},project_id=${projectId}`;
  }
}
