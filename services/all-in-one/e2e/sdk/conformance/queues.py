"""Annotation queues: by plain HTTP and by the newest client."""

import weave
from conformance.harness import check, eq, has, new_id, send, true

REF = "weave:///entity/project/scorer/test:abc123"


def create(t, name="queue", **more):
    return t.post("/annotation_queues", {"name": name, "description": "about", "scorer_refs": [REF], **more})["id"]


def read(t, id):
    return send("GET", f"/annotation_queues/{id}?project_id={t.project.replace('/', '%2F')}").json()["queue"]


def three_calls(t, count=3):
    return [call["id"] for call in t.complete(*({"op_name": f"op{i}", "inputs": {"i": i}} for i in range(count)))]


def add(t, queue, calls):
    return t.post(f"/annotation_queues/{queue}/items", {"call_ids": calls, "display_fields": ["inputs.i", "output"]})


def items(t, queue, **more):
    return t.post(f"/annotation_queues/{queue}/items/query", more)["items"]


@check(sdk=False)
def create_and_read(t):
    refs = [REF, "weave:///entity/project/scorer/other:def456"]
    id = create(t, "Test Queue", scorer_refs=refs)
    has(
        read(t, id),
        {
            "id": id,
            "project_id": t.project,
            "name": "Test Queue",
            "description": "about",
            "scorer_refs": refs,
            "deleted_at": None,
            "created_at": lambda s: isinstance(s, str),
            "updated_at": lambda s: isinstance(s, str),
        },
    )
    eq(send("GET", f"/annotation_queues/{new_id()}?project_id={t.project.replace('/', '%2F')}").status, 404)


@check(sdk=False)
def listing(t):
    ids = [create(t, name) for name in ("Error Review", "Quality Check", "Third")]
    rows = t.lines("/annotation_queues/query")
    eq([row["id"] for row in rows], ids[::-1])
    eq([row["name"] for row in t.lines("/annotation_queues/query", {"name": "error"})], ["Error Review"])
    eq([row["id"] for row in t.lines("/annotation_queues/query", {"limit": 1, "offset": 1})], [ids[1]])
    eq(
        [
            row["name"]
            for row in t.lines("/annotation_queues/query", {"sort_by": [{"field": "name", "direction": "asc"}]})
        ],
        ["Error Review", "Quality Check", "Third"],
    )


@check(sdk=False)
def changing(t):
    id = create(t)
    changed = t.post(f"/annotation_queues/{id}", {"name": "new name"}, "PUT")["queue"]
    has(changed, {"id": id, "name": "new name", "description": "about", "scorer_refs": [REF]})
    t.post(f"/annotation_queues/{id}", {"description": "other", "scorer_refs": []}, "PUT")
    has(read(t, id), {"name": "new name", "description": "other"})
    t.refused(404, f"/annotation_queues/{new_id()}", {"name": "x"}, "PUT")


@check(sdk=False)
def deleting(t):
    id, other = create(t), create(t, "other")
    gone = send("DELETE", f"/annotation_queues/{id}?project_id={t.project.replace('/', '%2F')}")
    eq(gone.status, 200)
    true(gone.json()["queue"]["deleted_at"], gone.text)
    eq([row["id"] for row in t.lines("/annotation_queues/query")], [other])
    eq(send("DELETE", f"/annotation_queues/{new_id()}?project_id={t.project.replace('/', '%2F')}").status, 404)


@check(sdk=False)
def adding_calls(t):
    calls = three_calls(t, 5)
    queue = create(t)
    eq(add(t, queue, calls[:3]), {"added_count": 3, "duplicates": 0})
    eq(add(t, queue, calls[:3]), {"added_count": 0, "duplicates": 3})
    eq(add(t, queue, calls), {"added_count": 2, "duplicates": 3})
    rows = items(t, queue)
    eq({row["call_id"] for row in rows}, set(calls))
    by = {row["call_id"]: row for row in rows}
    has(
        by[calls[0]],
        {
            "queue_id": queue,
            "project_id": t.project,
            "call_op_name": "op0",
            "annotation_state": "unstarted",
            "display_fields": ["inputs.i", "output"],
            "annotator_user_id": "",
            "deleted_at": None,
            "call_trace_id": lambda s: len(s) == 36,
            "call_started_at": lambda s: isinstance(s, str),
            "call_ended_at": lambda s: isinstance(s, str),
        },
    )


@check(sdk=False)
def filtering_items(t):
    calls = three_calls(t)
    queue = create(t)
    add(t, queue, calls)
    rows = items(t, queue)
    eq(len(items(t, queue, filter={"call_id": calls[1]})), 1)
    eq([row["call_id"] for row in items(t, queue, filter={"call_op_name": "op2"})], [calls[2]])
    eq([row["id"] for row in items(t, queue, filter={"id": rows[0]["id"]})], [rows[0]["id"]])
    eq(items(t, queue, filter={"annotation_states": ["completed"]}), [])
    eq(len(items(t, queue, filter={"annotation_states": ["unstarted", "completed"]})), 3)
    order = lambda direction: [
        row["call_op_name"] for row in items(t, queue, sort_by=[{"field": "call_op_name", "direction": direction}])
    ]
    eq((order("asc"), order("desc")), (["op0", "op1", "op2"], ["op2", "op1", "op0"]))
    eq(len(items(t, queue, limit=2)), 2)
    eq(len(items(t, queue, limit=2, offset=2)), 1)
    placed = items(t, queue, include_position=True)
    eq(sorted(row["position_in_queue"] for row in placed), [1, 2, 3])
    eq(items(t, queue)[0].get("position_in_queue"), None)


@check(sdk=False)
def progress(t):
    calls = three_calls(t)
    queue = create(t)
    add(t, queue, calls)
    first, second, third = items(t, queue)
    move = lambda item, state: t.post(
        f"/annotation_queues/{queue}/items/{item['id']}/progress", {"annotation_state": state}
    )["item"]
    has(
        move(first, "in_progress"),
        {"annotation_state": "in_progress", "annotator_user_id": lambda u: isinstance(u, str)},
    )
    has(move(first, "completed"), {"annotation_state": "completed"})
    has(move(second, "skipped"), {"annotation_state": "skipped"})
    eq([row["id"] for row in items(t, queue, filter={"annotation_states": ["completed"]})], [first["id"]])
    eq(
        t.post("/annotation_queues/stats", {"queue_ids": [queue]})["stats"],
        [{"queue_id": queue, "total_items": 3, "completed_items": 2}],
    )
    answer = t.raw(f"/annotation_queues/{queue}/items/{third['id']}/progress", {"annotation_state": "nonsense"})
    true(answer.status in (400, 422), f"{answer.status}")


@check(sdk=False)
def statistics(t):
    calls = three_calls(t)
    one, two = create(t, "one"), create(t, "two")
    add(t, one, calls)
    rows = {row["queue_id"]: row for row in t.post("/annotation_queues/stats", {"queue_ids": [one, two]})["stats"]}
    has(rows[one], {"total_items": 3, "completed_items": 0})
    true(two not in rows or rows[two]["total_items"] == 0, f"{rows}")
    eq(t.post("/annotation_queues/stats", {"queue_ids": []})["stats"], [])


@check(since=(0, 54))
def by_the_client(t):
    @weave.op
    def op(x):
        return x

    calls = [op.call(i)[1] for i in range(3)]
    t.flush()
    spec = weave.publish(weave.AnnotationSpec(name="quality", field_schema={"type": "number"}), "quality")
    queue_id = t.client.create_annotation_queue(name="mine", scorer_refs=[spec.uri], description="d")
    queue_id = getattr(queue_id, "id", queue_id)
    eq(t.client.get_annotation_queue(queue_id).name, "mine")
    eq([queue.name for queue in t.client.list_annotation_queues()], ["mine"])
    added = t.client.add_calls_to_annotation_queue(
        queue_id, call_ids=[call.id for call in calls], display_fields=["inputs.x"]
    )
    eq(added.added_count, 3)
    eq({item.call_id for item in t.client.list_annotation_queue_items(queue_id)}, {call.id for call in calls})
    (stats,) = t.client.get_annotation_queue_stats([queue_id])
    eq((stats.total_items, stats.completed_items), (3, 0))
    eq(t.client.update_annotation_queue(queue_id, name="renamed").name, "renamed")
    t.client.delete_annotation_queue(queue_id)
    eq(list(t.client.list_annotation_queues()), [])
