"""A user's program: evaluates two models on the same dataset, the second of which got worse on known rows. argv: project. Prints one JSON object."""

import asyncio
import json
import sys

import weave
from weave.flow import leaderboard

project = sys.argv[1]
client = weave.init(project)

COUNT = 30
# Of the second model: wrong where the first was right, right where the first was wrong, and an error.
WORSE = {3, 7, 8, 12, 15, 19, 21, 26}
BETTER = {5}
FAILS = 28


class Capitals(weave.Model):
    name_of: str
    is_new: bool

    @weave.op
    def predict(self, question: str, number: int) -> dict:
        if self.is_new and number == FAILS:
            raise ValueError(f"no answer to question {number}")
        wrong = number in WORSE if self.is_new else number in BETTER
        return {
            "answer": f"City {number}" if not wrong else f"Town {number}",
            "because": "It is in the atlas.\nPage 12." if not wrong else "I guess.\nPage 13.",
        }


@weave.op
def exact(expected: str, output: dict) -> bool:
    return output["answer"] == expected


@weave.op
def style(output: dict) -> dict:
    return {"length": len(output["because"]), "polite": True, "note": "fine"}


rows = [{"question": f"What is the capital of country {i}?", "number": i, "expected": f"City {i}"} for i in range(COUNT)]
dataset = weave.Dataset(name="countries", rows=rows)
evaluation = weave.Evaluation(name="capitals", dataset=dataset, scorers=[exact, style])


async def evaluate(model: Capitals):
    _, call = await evaluation.evaluate.call(evaluation, model)
    return call


old = asyncio.run(evaluate(Capitals(name="capitals-v1", name_of="old", is_new=False)))
new = asyncio.run(evaluate(Capitals(name="capitals-v2", name_of="new", is_new=True)))

spec = leaderboard.Leaderboard(
    name="Capitals board",
    description="Who knows the capitals?",
    columns=[
        leaderboard.LeaderboardColumn(
            evaluation_object_ref=evaluation.ref.uri(),
            scorer_name="exact",
            summary_metric_path="true_fraction",
        ),
        leaderboard.LeaderboardColumn(
            evaluation_object_ref=evaluation.ref.uri(),
            scorer_name="style",
            summary_metric_path="length.mean",
            should_minimize=True,
        ),
    ],
)
ref = weave.publish(spec, name="capitals-board")

client.flush()
print(
    json.dumps(
        {
            "runs": [old.id, new.id],
            "worse": sorted(WORSE),
            "better": sorted(BETTER),
            "fails": FAILS,
            "evaluation": evaluation.ref.uri(),
            "leaderboard": ref.uri(),
        }
    )
)
