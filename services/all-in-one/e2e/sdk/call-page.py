"""A user's program whose calls have what the page of a call shows: nested ops, a picture, rows of a dataset, notes, annotations and scores. argv: project. Prints one JSON object."""

import json
import sys

import weave
from PIL import Image

project = sys.argv[1]
client = weave.init(project)


@weave.op
def shout(question: str) -> str:
    return question.upper()


@weave.op
def look(picture: Image.Image, example: dict, prompt: str) -> dict:
    """Says what is in a picture."""
    said = shout("a warp")
    return {"picture": picture, "said": said, "expected": example["answer"], "big": 9007199254740993}


@weave.op
def is_loud(output: dict) -> dict:
    return {"passed": True, "score": 0.9, "reason": "it is in capitals"}


@weave.op
def breaks(question: str) -> str:
    raise ValueError("no thread left")


rows = [{"question": "what is a weft?", "answer": "A THREAD"}]
dataset = weave.publish(weave.Dataset(name="questions", rows=rows))
example = next(iter(weave.ref(dataset.uri()).get().rows))
picture = Image.new("RGB", (60, 40), (15, 118, 110))

first_output, first = look.call(picture, example, "first")
with weave.thread("loom-1"):
    _, call = look.call(picture, example, "what is on the loom?")
try:
    breaks("why?")
except ValueError:
    pass
client.flush()

quality = weave.publish(
    weave.AnnotationSpec(name="quality", field_schema={"type": "integer", "minimum": 1, "maximum": 5}), name="quality"
)
for name, schema in {
    "tone": {"type": "string", "enum": ["kind", "rude"]},
    "correct": {"type": "boolean"},
    "remark": {"type": "string", "maxLength": 40},
}.items():
    weave.publish(weave.AnnotationSpec(name=name, description=f"Its {name}", field_schema=schema), name=name)
call.feedback.add_note("a note from a program")
call.feedback.add_reaction("👍")
call.feedback.add("wandb.annotation.quality", {"value": 4}, annotation_ref=quality.uri)
_, judged = is_loud.call(first_output)
client.flush()
client.server.feedback_create(
    {
        "project_id": client.project_id,
        "weave_ref": f"weave:///{project}/call/{call.id}",
        "feedback_type": "wandb.runnable.is_loud",
        "payload": {"output": {"passed": True, "score": 0.9, "reason": "it is in capitals"}},
        "runnable_ref": is_loud.ref.uri(),
        "call_ref": f"weave:///{project}/call/{judged.id}",
    }
)
client.flush()
print(
    json.dumps(
        {
            "first": first.id,
            "call": call.id,
            "judged": judged.id,
            "failed": next(c.id for c in client.get_calls() if c.exception),
        }
    )
)
