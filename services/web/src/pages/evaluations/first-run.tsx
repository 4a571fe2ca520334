import { Empty } from '../../ui/notes.tsx';

/** Until a project has an evaluation: what that is, and how to run one. */
export function FirstRun({ projectId }: { readonly projectId: string }) {
  const { origin } = window.location;
  return (
    <Empty title={`No evaluation has run in ${projectId} yet`}>
      <p className="soft">
        An evaluation asks a model every question of a dataset and lets scorers judge the answers. Run it again after a
        change, compare both runs here, and see which answers got worse. This page looks every five seconds.
      </p>
      <h2>Python</h2>
      <pre className="json" tabIndex={0}>{`export WF_TRACE_SERVER_URL=${origin} WANDB_BASE_URL=${origin} WANDB_API_KEY=…

import asyncio, weave
weave.init('${projectId}')

@weave.op
def exact(expected: str, output: str) -> bool:
    return output == expected

@weave.op
def model(question: str) -> str:
    return 'Paris'

rows = [{'question': 'Capital of France?', 'expected': 'Paris'}]
evaluation = weave.Evaluation(name='capitals', dataset=rows, scorers=[exact])
asyncio.run(evaluation.evaluate(model))`}</pre>
      <h2>TypeScript</h2>
      <pre className="json" tabIndex={0}>{`import * as weave from 'weave';
await weave.init('${projectId}');

const exact = weave.op(({ modelOutput, datasetRow }) => modelOutput === datasetRow.expected, { name: 'exact' });
const model = weave.op(async ({ datasetRow }) => 'Paris', { name: 'model' });
const dataset = new weave.Dataset({ name: 'capitals', rows: [{ question: 'Capital of France?', expected: 'Paris' }] });
await new weave.Evaluation({ name: 'capitals', dataset, scorers: [exact] }).evaluate({ model });`}</pre>
    </Empty>
  );
} // prettier-ignore
