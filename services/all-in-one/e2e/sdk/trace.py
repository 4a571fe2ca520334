"""A user's program: traces ops with the Python SDK and reads back what it sent. argv: project. Prints one JSON object."""

import asyncio
import json
import sys

import weave

project = sys.argv[1]
client = weave.init(project)


@weave.op
def inner(x: int) -> int:
    return x * 2


@weave.op
def outer(x: int) -> int:
    return inner(x) + inner(x + 1)


@weave.op
def fails() -> None:
    raise ValueError("out of luck")


@weave.op
def survives() -> str:
    try:
        fails()
    except ValueError:
        pass
    return "survived"


@weave.op(accumulator=lambda acc, value: (acc or []) + [value])
def counts(n: int):
    yield from range(n)


@weave.op
async def waits(x: int) -> int:
    await asyncio.sleep(0)
    return x + 1


@weave.op
def tricky(text: str) -> dict:
    return {"text": text, "unicode": "😀 é \u2028", "big": 9007199254740993, "float": 1.0, "nothing": None}


result = outer(20)
try:
    fails()
except ValueError as error:
    failure = str(error)
survived = survives()
counted = list(counts(4))
waited = asyncio.run(waits(1))
tricky('quote " backslash \\ newline \n')
with weave.attributes({"env": "e2e"}):
    _, call = inner.call(7)
call.feedback.add_reaction("👍")
call.feedback.add("score", {"value": 0.5})
client.flush()

calls = list(client.get_calls())
ref = weave.publish({"model": "gpt", "temperature": 0.25}, name="settings")
settings = weave.ref(ref.uri()).get()
dataset = weave.Dataset(name="sums", rows=[{"question": f"{i}+{i}", "expected": 2 * i} for i in range(25)])
dataset_ref = weave.publish(dataset)
rows = [dict(row) for row in weave.ref(dataset_ref.uri()).get().rows]


def short(c) -> dict:
    return {
        "id": c.id, "op": c.func_name, "parent_id": c.parent_id, "trace_id": c.trace_id, "exception": c.exception,
        "status": c.summary["weave"]["status"], "inputs": dict(c.inputs), "output": c.output,
    }


out = {
    "result": result, "failure": failure, "survived": survived, "counted": counted, "waited": waited,
    "calls": [short(c) for c in calls],
    "one": short(client.get_call(call.id)),
    "attributes": client.get_call(call.id).attributes["env"],
    "feedback": [
        f["payload"]
        for c in client.get_calls(include_feedback=True, filter={"call_ids": [call.id]})
        for f in c.summary["weave"]["feedback"]
    ],
    "limited": len(list(client.get_calls(limit=2))),
    "roots": len(list(client.get_calls(filter={"trace_roots_only": True}))),
    "count": len(client.get_calls()),
    "settings": {"model": settings["model"], "temperature": settings["temperature"]},
    "rows": rows,
}
client.delete_call(call)
client.flush()
out["after_delete"] = len(list(client.get_calls()))
print(json.dumps(out, default=str))
