"""A user's program: prices of models with the Python SDK, and what calls cost. argv: project. Prints one JSON object."""

import datetime
import json
import sys

import weave

project = sys.argv[1]
client = weave.init(project)
YESTERDAY = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)


def effective(**price) -> list:
    return client.add_cost(effective_date=YESTERDAY, **price).ids


ids = [
    *effective(llm_id="my-model", prompt_token_cost=0.5, completion_token_cost=2),
    *effective(llm_id="other", prompt_token_cost=1, completion_token_cost=30),
]
old = client.add_cost(
    llm_id="other", prompt_token_cost=500, completion_token_cost=1000, effective_date=datetime.datetime(1998, 10, 3)
).ids[0]


@weave.op
def chat(prompt: str) -> dict:
    usage = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}
    return {"model": "my-model", "usage": usage, "text": prompt}


@weave.op
def ask(prompt: str) -> str:
    return chat(prompt)["text"] + chat(prompt)["text"]


ask("hi")
client.finish()


def found(**query) -> list:
    return sorted(cost.llm_id for cost in client.query_costs(**query))


by_op = {call.op_name.split("/")[-1].split(":")[0]: call for call in client.get_calls(include_costs=True)}
expensive = {"$expr": {"$gt": [{"$getField": "completion_token_cost"}, {"$literal": 25}]}}
out = {
    "ids": ids,
    "all": found(),
    "by_model": found(llm_ids=["my-model"]),
    "by_id": [cost.effective_date.year for cost in client.query_costs(old[0])],
    "by_query": found(query=expensive),
    "second": len(client.query_costs(limit=1, offset=1)),
    "costs": {op: call.summary["weave"].get("costs") for op, call in by_op.items()},
    "without": ["costs" in call.summary["weave"] for call in client.get_calls()],
}
client.purge_costs(old[0])
out["after_one"] = found()
client.purge_costs([id for id, _ in ids])
client.purge_costs(old[0])
out["after_all"] = found()
print(json.dumps(out))
