import { Link } from '@tanstack/react-router';

/** What a monitor is, and how the first one is made. */
export function FirstMonitor({ projectId }: { readonly projectId: string }) {
  const [entity, project] = projectId.split('/') as [string, string];
  return (
    <section className="card">
      <h2 style={{ marginTop: 0 }}>There are no monitors yet</h2>
      <p>
        One says which calls are scored, how many of them, by what, and how much that may cost. The scores are
        feedback on the calls.{' '}
        <Link className="mon-link" to="/$entity/$project/weave/monitors/new" params={{ entity, project }}>
          Make one here
        </Link>
        , or in Python:
      </p>
      <pre className="json" tabIndex={0}>{`import weave
from weave.flow.llm_structured_model import LLMStructuredCompletionModel
from weave.scorers import LLMAsAJudgeScorer

weave.init("${projectId}")
judge = LLMAsAJudgeScorer(
    name="helpful",
    model=LLMStructuredCompletionModel(
        llm_model_id="openai/gpt-4o-mini",
        default_params={"temperature": 0, "response_format": "json_object"},
    ),
    scoring_prompt="""The answer was: {output}
Say as JSON how helpful that is: {{"score": 0 to 1, "reason": one sentence}}""",
)
weave.Monitor(name="helpfulness", op_names=["answer"], sampling_rate=1.0, scorers=[judge]).activate()`}</pre>
    </section>
  );
}
