"""A user's program: a conversation in a thread, with a tool and a model below each turn. argv: project, and a question for one more turn. Prints one JSON object."""

import json
import sys
import time

import weave

project = sys.argv[1]
client = weave.init(project)


@weave.op
def weather(city: str) -> dict:
    return {"city": city, "degrees": 18}


@weave.op
def model(messages: list) -> dict:
    time.sleep(0.02)
    said = messages[-1]["content"]
    return {
        "model": "gpt-4o-mini",
        "choices": [{"message": {"role": "assistant", "content": f"You asked: {said}"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


@weave.op
def answer(message: str) -> str:
    weather("Rome")
    return model([{"role": "user", "content": message}])["choices"][0]["message"]["content"]


@weave.op
def fail(message: str) -> str:
    raise ValueError("no way back")


turns = []
if len(sys.argv) > 2:
    with weave.thread("trip-1"):
        _, call = answer.call(sys.argv[2])
        turns.append(call.id)
else:
    with weave.thread("trip-1"):
        for message in ["Where to?", "How warm is it there?"]:
            _, call = answer.call(message)
            turns.append(call.id)
        try:
            fail("And back?")
        except ValueError:
            pass
    with weave.thread("other-2"):
        answer("Hello")

client.flush()
print(json.dumps({"turns": turns}))
