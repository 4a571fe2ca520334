"""A user's program: reads calls with their scores, chosen and sorted by a score. argv: project. Prints one JSON object."""

import json
import sys

import weave

client = weave.init(sys.argv[1])
path = "feedback.[wandb.runnable.helpful].payload.output.score"


def shown(calls) -> list:
    return [
        {"op": call.op_name, "inputs": dict(call.inputs), "feedback": call.summary["weave"]["feedback"]}
        for call in calls
    ]




def above(value: float) -> dict:
    number = {"$convert": {"input": {"$getField": path}, "to": "double"}}
    return {"$expr": {"$gt": [number, {"$literal": value}]}}


sort_by = [{"field": path, "direction": "desc"}]
print(
    json.dumps(
        {
            "all": shown(client.get_calls(include_feedback=True)),
            "good": shown(client.get_calls(include_feedback=True, query=above(0.5))),
            "sorted": shown(client.get_calls(include_feedback=True, query=above(0), sort_by=sort_by)),
        },
        default=str,
    )
)
