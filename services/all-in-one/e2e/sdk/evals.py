"""A user's program: evaluates with weave.Evaluation and with EvaluationLogger. argv: project. Prints one JSON object."""

import asyncio
import json
import sys

import weave

project = sys.argv[1]
client = weave.init(project)


class Adder(weave.Model):
    bias: int

    @weave.op
    def predict(self, a: int, b: int) -> dict:
        return {"sum": a + b + self.bias}


@weave.op
def exact(expected: int, output: dict) -> bool:
    return output["sum"] == expected


@weave.op
def closeness(expected: int, output: dict) -> dict:
    return {"distance": abs(output["sum"] - expected), "verdict": "fine"}


rows = [{"a": i, "b": 2 * i, "expected": 3 * i} for i in range(4)]
evaluation = weave.Evaluation(name="sums", dataset=rows, scorers=[exact, closeness], trials=2)


async def evaluate(bias: int) -> str:
    _, call = await evaluation.evaluate.call(evaluation, Adder(bias=bias))
    return call.id


runs = [asyncio.run(evaluate(0)), asyncio.run(evaluate(1))]

logger = weave.EvaluationLogger(name="by hand", model="my-model", dataset=rows)
for row in rows[:3]:
    prediction = logger.log_prediction(inputs=row, output={"sum": row["expected"]})
    prediction.log_score(scorer="exact", score=True)
    prediction.log_score(scorer="closeness", score={"distance": 0.5})
    prediction.finish()
logger.log_summary({"note": "by hand"})
client.flush()
print(json.dumps({"runs": runs, "logged": logger._evaluate_call.id}))
