"""Publishes one of everything that has versions. argv: project. Prints one JSON object: the refs.
With a second argument, a ref of a dataset: prints its rows instead, with the types of their numbers."""

import json
import sys

import weave
from PIL import Image

project = sys.argv[1]
client = weave.init(project)


def told(value):
    """What JSON cannot tell apart: 1 and 1.0, and pictures."""
    if isinstance(value, Image.Image):
        return {"picture": list(value.size), "pixel": list(value.getpixel((0, 0)))}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"int": str(value)}
    if isinstance(value, (list, tuple)):
        return [told(each) for each in value]
    if hasattr(value, "items"):
        return {name: told(each) for name, each in value.items()}
    return value


if len(sys.argv) > 2:
    read = weave.ref(sys.argv[2]).get()
    print(json.dumps({"name": read.name, "rows": [told(dict(row)) for row in read.rows]}))
    sys.exit()


class Answerer(weave.Model):
    prompt: weave.StringPrompt
    temperature: float

    @weave.op
    def predict(self, question: str) -> str:
        return f"{self.prompt.format(question=question)} {self.temperature}"


class Short(weave.Scorer):
    limit: int = 10

    @weave.op
    def score(self, output: str) -> dict:
        return {"short": len(output) <= self.limit}


@weave.op
def shout(text: str) -> str:
    return text.upper()


before = shout


@weave.op
def shout(text: str) -> str:  # noqa: F811
    return text.upper() + "!"


rows = [
    {
        "id": f"r{i}",
        "question": f"What is {i} + {i}?",
        "answer": 2 * i,
        "score": float(i),
        "image": Image.new("RGB", (24 + i, 18), (i * 60, 90, 200)),
    }
    for i in range(4)
]
rows[3]["answer"] = 9007199254740993
rows[3]["nested"] = {"tags": ["a", "b"], "weight": 1.0}
published = {
    "dataset": weave.publish(weave.Dataset(name="Pictures", rows=rows)),
    "string": weave.publish(weave.StringPrompt("Answer briefly: {question}"), name="brief"),
    "messages": weave.publish(
        weave.MessagesPrompt(
            messages=[
                {"role": "system", "content": "You are {mood}."},
                {"role": "user", "content": "{question}"},
            ]
        ),
        name="chatty",
    ),
    "easy": weave.publish(weave.EasyPrompt("Say {word} twice"), name="easy"),
    "scorer": weave.publish(Short(name="short"), name="short"),
}
model = Answerer(prompt=weave.StringPrompt("Q: {question}"), temperature=0.5)
model.predict("why?")
published["model"] = weave.publish(model, name="answerer")
warmer = Answerer(prompt=weave.StringPrompt("Q: {question}"), temperature=1.0)
warmer.predict("why not?")
published["warmer"] = weave.publish(warmer, name="answerer")
for say, times in ((before, 2), (shout, 3)):
    for i in range(times):
        say(f"hey {i}")
    published[f"shout{times}"] = say.ref
# A call whose input is the prompt.
@weave.op
def ask(prompt: weave.StringPrompt, word: str) -> str:
    return prompt.format(question=word)


ask(weave.ref(published["string"].uri()).get(), "who?")
published["settings"] = weave.publish({"retries": 3, "hosts": ["a", "b"]}, name="settings")
client.flush()
print(json.dumps({name: ref.uri() for name, ref in published.items()}))
