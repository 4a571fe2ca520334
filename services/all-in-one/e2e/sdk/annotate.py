"""A team's program: people look through calls in a queue and say what they think, with the Python SDK. argv: project. Prints one JSON object."""

import json
import sys

import weave

project = sys.argv[1]
client = weave.init(project)


@weave.op
def answer(question: str) -> str:
    return question.upper()


calls = [answer.call(question)[1] for question in ("a", "b", "c")]
spec = weave.publish(weave.AnnotationSpec(name="grade", field_schema={"type": "integer", "minimum": 1, "maximum": 5}), name="grade")
client.flush()

queue = client.create_annotation_queue(name="Review", scorer_refs=[spec.uri], description="Look at these")
added = client.add_calls_to_annotation_queue(queue, call_ids=[call.id for call in calls[:2]], display_fields=["inputs.question"])
again = client.add_calls_to_annotation_queue(queue, call_ids=[call.id for call in calls], display_fields=["inputs.question"])
items = client.list_annotation_queue_items(queue, include_position=True)
client.update_annotation_queue(queue, name="Reviewed")

first, second = (client.get_call(call.id) for call in calls[:2])
grade = first.feedback.add("wandb.annotation.grade", {"value": 5}, annotation_ref=spec.uri)
first.feedback.add_reaction("👍")
note = second.feedback.add_note("too loud")
second.feedback.add("length", {"characters": 1})
client.flush()
# The client sends feedback in the background: what the spec does not allow is dropped with a line in its log.
second.feedback.add("wandb.annotation.grade", {"value": 6}, annotation_ref=spec.uri)
client.flush()
for item in items[:2]:
    client.server.annotator_queue_items_progress_update(
        {"project_id": client.project_id, "queue_id": queue, "item_id": item.id, "annotation_state": "completed"}
    )
stats = client.get_annotation_queue_stats([queue])[0]
second.feedback.purge(note)
query = {"$expr": {"$gt": [{"$getField": "payload.value"}, {"$literal": 4}]}}

print(
    json.dumps(
        {
            "added": [added.added_count, added.duplicates],
            "again": [again.added_count, again.duplicates],
            "items": [[item.call_id == calls[i].id, item.position_in_queue, item.display_fields] for i, item in enumerate(items)],
            "names": [q.name for q in client.list_annotation_queues(name="review")],
            "stats": [stats.total_items, stats.completed_items],
            "deleted": client.delete_annotation_queue(queue).deleted_at is not None,
            "left": len(client.list_annotation_queues()),
            "good": [f.id == grade for f in client.get_feedback(query)],
            "reactions": [f.payload["alias"] for f in client.get_feedback(reaction="👍")],
            "types": [[f.feedback_type for f in call.feedback.refresh()] for call in (first, second)],
            "on_call": [
                f["payload"]
                for call in client.get_calls(include_feedback=True, filter={"call_ids": [second.id]})
                for f in call.summary["weave"]["feedback"]
            ],
        }
    )
)
