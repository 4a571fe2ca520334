"""A user's program: publishes a monitor with a judge, activates it and traces calls. argv: project, model. Prints one JSON object."""

import json
import sys

import weave
from weave.flow.llm_structured_model import LLMStructuredCompletionModel
from weave.scorers import LLMAsAJudgeScorer

project, model = sys.argv[1:]
client = weave.init(project)


@weave.op
def answer(question: str) -> str:
    return f"python says {question}"


@weave.op
def other(x: int) -> int:
    return x


def judge(name: str, prompt: str) -> LLMAsAJudgeScorer:
    params = {"temperature": 0, "response_format": "json_object"}
    return LLMAsAJudgeScorer(
        name=name,
        model=LLMStructuredCompletionModel(llm_model_id=model, default_params=params),
        scoring_prompt=prompt,
    )


query = {"$expr": {"$not": [{"$eq": [{"$getField": "inputs.question"}, {"$literal": "skip me"}]}]}}
every = weave.Monitor(name="every-call", scorers=[judge("seen", "seen: {output}")])
some = weave.Monitor(
    name="answers",
    op_names=["answer"],
    query=query,
    scorers=[judge("helpful", "helpful: {question} -> {output}")],
)
refs = [every.activate().uri(), some.activate().uri()]
for question in ["one", "two", "skip me"]:
    answer(question)
other(1)
client.finish()
print(json.dumps({"refs": refs}))
