"""Feedback of each type: creating, reading by every way, replacing, purging, what is refused."""

import asyncio

import weave
from conformance.harness import check, eq, has, new_id, raises, true

REF = "weave:///entity/project/object/name:digest"


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


def create(t, type, payload, **more):
    return t.post("/feedback/create", {"weave_ref": REF, "feedback_type": type, "payload": payload, **more})


def query(t, **more):
    return t.post("/feedback/query", more)["result"]


def equals(path, value):
    return {"$expr": {"$eq": [{"$getField": path}, {"$literal": value}]}}


@check(sdk=False)
def reactions(t):
    made = create(t, "wandb.reaction.1", {"emoji": "🎱"})
    eq(len(made["id"]), 36)
    eq(made["payload"], {"emoji": "🎱", "alias": ":pool_8_ball:", "detoned": "🎱", "detoned_alias": ":pool_8_ball:"})
    made = create(t, "wandb.reaction.1", {"emoji": "👍🏻"})
    has(made["payload"], {"detoned": "👍", "detoned_alias": ":thumbs_up:"})
    for bad in ({"emoji": "not one"}, {"emoji": ""}, {}, {"emoji": "👍👍"}):
        answer = t.raw("/feedback/create", {"weave_ref": REF, "feedback_type": "wandb.reaction.1", "payload": bad})
        true(answer.status in (400, 422), f"{bad}: {answer.status}")


@check(sdk=False)
def notes(t):
    create(t, "wandb.note.1", {"note": "this is a note"})
    create(t, "wandb.note.1", {"note": "x" * 1024})
    for bad in ({"note": ""}, {"note": "x" * 1025}, {}):
        answer = t.raw("/feedback/create", {"weave_ref": REF, "feedback_type": "wandb.note.1", "payload": bad})
        true(answer.status in (400, 422), f"{str(bad)[:30]}: {answer.status}")
    eq([row["payload"]["note"] for row in query(t)][0] in ("this is a note", "x" * 1024), True)


@check(sdk=False)
def free_types(t):
    made = create(t, "custom", {"key": {"deep": [1, None]}}, creator="Jamie")
    (row,) = query(t)
    has(
        row,
        {
            "id": made["id"],
            "project_id": t.project,
            "weave_ref": REF,
            "feedback_type": "custom",
            "payload": {"key": {"deep": [1, None]}},
            "creator": "Jamie",
            "created_at": lambda s: isinstance(s, str),
            "wb_user_id": lambda s: isinstance(s, str),
            "annotation_ref": None,
            "runnable_ref": None,
            "call_ref": None,
            "trigger_ref": None,
        },
    )
    t.refused(
        400, "/feedback/create", {"weave_ref": REF, "feedback_type": "custom", "payload": {"value": "a" * (1 << 21)}}
    )
    for member in ("annotation_ref", "runnable_ref", "call_ref", "trigger_ref"):
        t.refused(
            400,
            "/feedback/create",
            {"weave_ref": REF, "feedback_type": "custom", "payload": {}, member: t.ref("object", "x:y")},
        )


@check(sdk=False)
def counting_and_filtering(t):
    for emoji in ("🎱", "👍🏻", "👍"):
        create(t, "wandb.reaction.1", {"emoji": emoji})
    create(t, "wandb.note.1", {"note": "a note"})
    create(t, "custom", {"key": "value", "n": 7})
    create(t, "custom", {"key": "value"}, weave_ref="weave:///entity/project/object/name2:digest")
    count = lambda **more: query(t, fields=["count(*)"], **more)
    eq(count(), [{"count(*)": 6}])
    eq(count(query=equals("feedback_type", "wandb.reaction.1")), [{"count(*)": 3}])
    eq(count(query=equals("weave_ref", REF)), [{"count(*)": 5}])
    eq(len(query(t, query=equals("payload.note", "a note"))), 1)
    eq(len(query(t, query=equals("payload.emoji", "👍"))), 1)
    eq(
        len(
            query(
                t,
                query={
                    "$expr": {"$contains": {"input": {"$getField": "payload.note"}, "substr": {"$literal": "note"}}}
                },
            )
        ),
        1,
    )
    eq(
        len(
            query(
                t,
                query={
                    "$expr": {"$and": [equals("feedback_type", "custom")["$expr"], equals("weave_ref", REF)["$expr"]]}
                },
            )
        ),
        1,
    )
    eq(
        len(
            query(
                t,
                query={
                    "$expr": {
                        "$in": [{"$getField": "feedback_type"}, [{"$literal": "custom"}, {"$literal": "wandb.note.1"}]]
                    }
                },
            )
        ),
        3,
    )
    eq(sorted(query(t, fields=["feedback_type", "weave_ref"], limit=1)[0]), ["feedback_type", "weave_ref"])
    answer = t.raw("/feedback/query", {"fields": ["nonsense"]})
    true(400 <= answer.status < 500, f"an unknown field: {answer.status}")


@check(sdk=False)
def pages_and_order(t):
    for i in range(5):
        create(t, "custom", {"n": i})
    numbers = lambda **more: [row["payload"]["n"] for row in query(t, **more)]
    by_time = [{"field": "created_at", "direction": "asc"}]
    eq(numbers(sort_by=by_time), [0, 1, 2, 3, 4])
    eq(numbers(sort_by=[{"field": "created_at", "direction": "desc"}]), [4, 3, 2, 1, 0])
    eq(numbers(sort_by=by_time, limit=2, offset=1), [1, 2])
    eq(numbers(sort_by=[{"field": "payload.n", "direction": "desc"}], limit=2), [4, 3])


@check(sdk=False)
def by_time(t):
    made = create(t, "custom", {"key": "value123"})
    since = lambda bound: query(
        t,
        fields=["id", "feedback_type", "payload"],
        query={"$expr": {"$gte": [{"$getField": "created_at"}, {"$literal": bound}]}},
    )
    eq(
        since("2000-01-01T00:00:00.000000Z"),
        [{"id": made["id"], "feedback_type": "custom", "payload": {"key": "value123"}}],
    )
    eq(since("2999-01-01T00:00:00.000000Z"), [])


@check(sdk=False)
def purging(t):
    ids = [create(t, "custom", {"n": i})["id"] for i in range(4)]
    eq(t.post("/feedback/purge", {"query": equals("id", ids[0])}), {})
    eq(len(query(t)), 3)
    t.post(
        "/feedback/purge", {"query": {"$expr": {"$or": [equals("id", ids[1])["$expr"], equals("id", ids[2])["$expr"]]}}}
    )
    eq([row["id"] for row in query(t)], [ids[3]])
    t.post("/feedback/purge", {"query": equals("id", new_id())})
    t.refused(400, "/feedback/purge", {"query": equals("feedback_type", "custom")})
    eq(len(query(t)), 1)


@check(sdk=False)
def replacing(t):
    first = create(t, "custom", {"n": 1})
    second = t.post(
        "/feedback/replace",
        {"feedback_id": first["id"], "weave_ref": REF, "feedback_type": "custom", "payload": {"n": 2}},
    )
    (row,) = query(t)
    eq((row["id"], row["payload"]), (second["id"], {"n": 2}))


@check(sdk=False)
def many_at_once(t):
    batch = [
        {
            "project_id": t.project,
            "weave_ref": REF,
            "feedback_type": "wandb.reaction.1" if i % 2 else "custom",
            "payload": {"emoji": "👍"} if i % 2 else {"n": i},
        }
        for i in range(6)
    ]
    answer = t.raw("/feedback/batch/create", {"batch": batch})
    if answer.status == 404:
        return
    res = answer.json()["res"]
    eq(len(res), 6)
    true(all(len(r["id"]) == 36 for r in res), "ids")
    has(res[1]["payload"], {"alias": ":thumbs_up:"})
    eq(len(query(t)), 6)


@check(sdk=False)
def annotations(t):
    spec = {"name": "quality", "field_schema": {"type": "number", "minimum": -1, "maximum": 1}}
    digest = t.publish_raw("quality", spec, builtin_object_class="AnnotationSpec")
    ref = t.ref("object", f"quality:{digest}")
    type = "wandb.annotation.quality"
    made = create(t, type, {"value": 0}, annotation_ref=ref)
    (row,) = query(t)
    has(row, {"id": made["id"], "payload": {"value": 0}, "annotation_ref": ref, "feedback_type": type})
    bad = lambda type, payload, annotation_ref: t.refused(
        400,
        "/feedback/create",
        {"weave_ref": REF, "feedback_type": type, "payload": payload, "annotation_ref": annotation_ref},
    )
    bad(type, {"value": 42}, ref)
    bad(type, {"value": "text"}, ref)
    bad(type, {"not": "valid"}, ref)
    bad(type, {"value": 0}, None)
    bad("wandb.annotation", {"value": 0}, ref)
    bad("wandb.annotation.", {"value": 0}, ref)
    bad(type + "_other", {"value": 0}, ref)
    bad(type, {"value": 0}, t.ref("object", "quality"))
    bad("not.annotation", {"value": 0}, ref)
    eq(len(query(t)), 1)


@check(sdk=False)
def runnables(t):
    type = "wandb.runnable.scorer"
    refs = {
        "runnable_ref": t.ref("op", "scorer:abc"),
        "call_ref": t.ref("call", new_id()),
        "trigger_ref": t.ref("object", "monitor:abc"),
    }
    create(t, type, {"output": {"passed": False}}, **refs)
    (row,) = query(t)
    has(row, {**refs, "payload": {"output": {"passed": False}}, "feedback_type": type})
    bad = lambda type, payload, **more: t.refused(
        400, "/feedback/create", {"weave_ref": REF, "feedback_type": type, "payload": payload, **more}
    )
    output = {"output": 1}
    bad("wandb.runnable", output, **refs)
    bad("wandb.runnable.", output, **refs)
    bad(type, output, **{**refs, "runnable_ref": t.ref("op", "scorer")})
    bad(type + "_other", output, **refs)
    bad("not.runnable", output, runnable_ref=refs["runnable_ref"])
    bad("not.runnable", output, call_ref=refs["call_ref"])
    bad("not.runnable", output, trigger_ref=refs["trigger_ref"])
    bad(type, {"not": "valid"}, **refs)


@check(since=(0, 53), sdk=False)
def typed_scores(t):
    typed = {
        "scorer_tags": ["unsafe"],
        "scorer_tag_reasons": {"unsafe": "why"},
        "scorer_tag_confidences": {"unsafe": 0.91},
        "scorer_ratings": {"_rating_": 0.2},
        "scorer_rating_reasons": {"_rating_": "low"},
        "scorer_rating_confidences": {"_rating_": 0.88},
    }
    create(
        t,
        "wandb.runnable.scorer",
        {"output": 1},
        runnable_ref=t.ref("op", "scorer:abc"),
        call_ref=t.ref("call", new_id()),
        **typed,
    )
    has(query(t)[0], typed)
    create(t, "custom", {"n": 1})
    (plain,) = query(t, query=equals("feedback_type", "custom"))
    has(plain, {name: [] if isinstance(value, list) else {} for name, value in typed.items()})


@check
def by_the_client(t):
    eq(len(t.client.get_feedback()), 0)
    calls = []
    for i in range(2):
        call = t.client.create_call("x", {"a": i})
        t.client.finish_call(call, f"hello{i}")
        calls.append(call)
    t.flush()
    first, second = (t.client.get_call(call.id) for call in calls)
    emoji = first.feedback.add_reaction("👍")
    first.feedback.add_note("note on first")
    note = second.feedback.add_note("note on second")
    custom = second.feedback.add("correctness", {"value": 4})
    more = second.feedback.add("hallucination", value=0.5)
    t.flush()
    eq(len(t.client.get_feedback()), 5)
    eq(t.client.get_feedback(note)[0].payload, {"note": "note on second"})
    eq(t.client.get_feedback(reaction="👍")[0].id, emoji)
    eq(len(t.client.get_feedback(limit=2)), 2)
    eq(t.client.get_feedback(custom)[0].payload, {"value": 4})
    eq(t.client.get_feedback(more)[0].feedback_type, "hallucination")
    eq(len(first.feedback.refresh()), 2)
    eq(len(second.feedback.refresh()), 3)
    second.feedback.purge(note)
    eq(len(second.feedback.refresh()), 2)
    eq(len(t.client.get_feedback()), 4)
    raises(ValueError, lambda: first.feedback.add("wandb.reserved", value=1))


@check
def on_objects(t):
    ref = weave.publish({"a": 1}, name="obj")
    t.flush()
    from weave.trace.feedback import RefFeedbackQuery

    feedback = RefFeedbackQuery(uri(ref))
    feedback.add_reaction("🎉")
    feedback.add_note("good object")
    t.flush()
    eq(sorted(f.feedback_type for f in feedback.refresh()), ["wandb.note.1", "wandb.reaction.1"])


@check
def in_the_calls_query(t):
    @weave.op
    def op(x):
        return x

    made = [op.call(i)[1] for i in range(3)]
    t.flush()
    made[0].feedback.add("note", {"note": "free"})
    made[0].feedback.add_reaction("👍")
    made[0].feedback.add_reaction("👎")
    made[1].feedback.add_reaction("👍")
    t.flush()
    rows = t.calls(include_feedback=True)
    eq([len(row["summary"]["weave"].get("feedback") or []) for row in rows], [3, 1, 0])
    payloads = [f["payload"] for f in rows[0]["summary"]["weave"]["feedback"]]
    true({"note": "free"} in payloads, f"{payloads}")
    thumb = {"alias": ":thumbs_up:", "detoned": "👍", "detoned_alias": ":thumbs_up:", "emoji": "👍"}
    true(thumb in payloads, f"{payloads}")
    eq([f["payload"] for f in rows[1]["summary"]["weave"]["feedback"]], [thumb])
    true("feedback" not in t.calls()[0]["summary"]["weave"], "feedback comes on request only")
    by = lambda path, value: [row["inputs"]["x"] for row in t.calls(query=equals(path, value))]
    eq(by("feedback.[wandb.reaction.1].payload.emoji", "👎"), [0])
    eq(by("feedback.[wandb.reaction.1].payload.emoji", "👍"), [0, 1])
    eq(by("feedback.[note].payload.note", "free"), [0])


@check
def scores_of_calls(t):
    @weave.op
    def op(x):
        return x * 2

    @weave.op
    def my_scorer(x, output):
        return {"score": x + output}

    made = [op.call(i)[1] for i in (1, 2)]
    t.flush()

    async def score():
        for call in made:
            await call.apply_scorer(my_scorer)

    asyncio.run(score())
    t.flush()
    rows = t.calls(include_feedback=True, filter={"call_ids": [call.id for call in made]})
    for row, expected in zip(rows, (3, 6)):
        (found,) = row["summary"]["weave"]["feedback"]
        has(
            found,
            {
                "feedback_type": "wandb.runnable.my_scorer",
                "payload": {"output": {"score": expected}},
                "runnable_ref": lambda r: "/op/my_scorer:" in r,
                "call_ref": lambda r: "/call/" in r,
            },
        )
    path = "feedback.[wandb.runnable.my_scorer].payload.output.score"
    ids = {"call_ids": [call.id for call in made]}
    order = lambda direction: [
        row["id"] for row in t.calls(filter=ids, sort_by=[{"field": path, "direction": direction}])
    ]
    eq(order("asc"), [made[0].id, made[1].id])
    eq(order("desc"), [made[1].id, made[0].id])
    above = {"$expr": {"$gt": [{"$convert": {"input": {"$getField": path}, "to": "double"}}, {"$literal": 5}]}}
    eq([row["id"] for row in t.calls(query=above)], [made[1].id])


@check
def annotations_by_the_client(t):
    ref = weave.publish(
        weave.AnnotationSpec(name="Number Rating", field_schema={"type": "number", "minimum": 1, "maximum": 5}),
        "number spec",
    )

    @weave.op
    def op():
        return 3

    _, call = op.call()
    t.flush()
    call.feedback.add("wandb.annotation.number-spec", {"value": 3}, annotation_ref=uri(ref))
    t.flush()
    (got,) = call.feedback.refresh()
    eq((got.payload["value"], got.annotation_ref), (3, uri(ref)))
    raises(ValueError, lambda: call.feedback.add("wandb.annotation.number_rating", {"value": 3}))
    raises(ValueError, lambda: call.feedback.add("number_rating", {"value": 3}, annotation_ref=uri(ref)))


@check(sdk=False)
def statistics(t):
    for i in range(4):
        create(t, "custom", {"score": i, "ok": i % 2 == 0, "label": "a" if i < 3 else "b"})
    window = {"start": "2020-01-01T00:00:00Z"}
    import datetime

    now = datetime.datetime.now(datetime.timezone.utc)
    window = {
        "start": (now - datetime.timedelta(hours=1)).isoformat(),
        "end": (now + datetime.timedelta(hours=1)).isoformat(),
        "feedback_type": "custom",
    }
    paths = {row["json_path"]: row["value_type"] for row in t.post("/feedback/payload_schema", window)["paths"]}
    eq(paths, {"score": "numeric", "ok": "boolean", "label": "categorical"})
    metrics = [
        {"json_path": "score", "value_type": "numeric", "aggregations": ["avg", "max"]},
        {"json_path": "ok", "value_type": "boolean", "aggregations": ["count_true"]},
    ]
    stats = t.post("/feedback/stats", {**window, "metrics": metrics})
    true(stats["buckets"], "no buckets")
    true(all("timestamp" in bucket for bucket in stats["buckets"]), f"{stats['buckets'][0]}")
    eq(sum(bucket.get("count", 0) for bucket in stats["buckets"]), 4)
