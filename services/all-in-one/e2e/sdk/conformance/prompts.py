"""Prompts, saved views, threads and settings of the client."""

import datetime

import weave
from conformance.harness import NEWEST, check, eq, has, raises, true


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


@check
def string_prompts(t):
    ref = weave.publish(weave.StringPrompt("Hello {name}"), name="greeting")
    got = weave.ref(uri(ref)).get()
    eq(got.format(name="Ann"), "Hello Ann")
    (stored,) = t.objs(base_object_classes=["Prompt"])
    has(stored, {"object_id": "greeting", "leaf_object_class": "StringPrompt", "val": {"content": "Hello {name}"}})


@check
def message_prompts(t):
    messages = [{"role": "system", "content": "You are {kind}"}, {"role": "user", "content": "{question}"}]
    ref = weave.publish(weave.MessagesPrompt(messages), name="chat")
    got = weave.ref(uri(ref)).get()
    eq(
        [dict(m) for m in got.format(kind="kind", question="why?")],
        [{"role": "system", "content": "You are kind"}, {"role": "user", "content": "why?"}],
    )


@check
def easy_prompts(t):
    prompt = weave.EasyPrompt("Answer: {x}", role="user")
    ref = weave.publish(prompt, name="easy")
    got = weave.ref(uri(ref)).get()
    true("Answer" in str(got.as_str if hasattr(got, "as_str") else got), "the prompt's text")


@check
def prompt_versions(t):
    for text in ("one", "two"):
        weave.publish(weave.StringPrompt(text), name="p")
    eq(weave.ref("p").get().content, "two")
    eq(weave.ref("p:v0").get().content, "one")
    eq([o["version_index"] for o in t.objs(object_ids=["p"])], [0, 1])


@check
def saved_views(t):
    view = weave.SavedView("traces", "My view")
    view.add_column("id", "Identity").add_column("started_at")
    if NEWEST:  # a view with an order cannot be read again by the older one
        view.add_sort("started_at", "desc")
    view.page_size(10)
    view.save()
    (stored,) = t.objs(base_object_classes=["SavedView"])
    has(stored["val"], {"view_type": "traces", "label": "My view", "definition": {"page_size": 10}})
    eq([c["path"] for c in stored["val"]["definition"]["columns"]], [["id"], ["started_at"]])
    loaded = weave.SavedView.load(uri(view.ref))
    eq(loaded.label, "My view")


@check
def saved_views_give_calls(t):
    @weave.op
    def op(x):
        return x

    for i in range(5):
        op(i)
    t.flush()
    view = weave.SavedView("traces", "Big ones").add_filter("inputs.x", ">=", 3)
    view.add_columns("id", "inputs.x")
    eq(len(view.get_calls()), 2)


@check
def threads_and_turns(t):
    @weave.op
    def child(x):
        return x + 1

    @weave.op
    def turn(x):
        return child(x)

    with weave.thread("outer") as context:
        eq(context.thread_id, "outer")
        turn(1)
        with weave.thread("inner"):
            turn(2)
        with weave.thread(None):
            turn(3)
        turn(4)
    with weave.thread() as context:
        made = context.thread_id
        true(len(made) > 20, made)
        turn(5)
    turn(6)
    t.flush()
    rows = t.calls()
    turns = {row["inputs"]["x"]: row for row in rows if "/op/turn:" in row["op_name"]}
    children = {row["inputs"]["x"]: row for row in rows if "/op/child:" in row["op_name"]}
    eq(
        {x: row["thread_id"] for x, row in turns.items()},
        {1: "outer", 2: "inner", 3: None, 4: "outer", 5: made, 6: None},
    )
    for x in (1, 2, 4, 5):
        eq(turns[x]["turn_id"], turns[x]["id"])
        eq((children[x]["thread_id"], children[x]["turn_id"]), (turns[x]["thread_id"], turns[x]["id"]))
    for x in (3, 6):
        eq((turns[x]["turn_id"], children[x]["turn_id"]), (None, None))
    eq(t.count(filter={"thread_ids": ["outer"]}), 4)


@check
def listing_threads(t):
    @weave.op
    def inner(x):
        return x

    @weave.op
    def turn(x):
        return inner(x)

    eq(t.lines("/threads/stream_query"), [])
    for name, count in (("analytics", 3), ("billing", 1), ("chat", 2)):
        with weave.thread(name):
            for i in range(count):
                turn(i)
    turn(9)
    t.flush()
    threads = lambda **more: t.lines("/threads/stream_query", more)
    by = {row["thread_id"]: row for row in threads()}
    eq({name: row["turn_count"] for name, row in by.items()}, {"analytics": 3, "billing": 1, "chat": 2})
    for row in by.values():
        true(row["start_time"] <= row["last_updated"], f"{row}")
        true(0 <= row["p50_turn_duration_ms"] <= row["p99_turn_duration_ms"], f"{row}")
    calls = [row for row in t.calls(filter={"thread_ids": ["analytics"]}) if row["turn_id"] == row["id"]]
    eq(by["analytics"]["first_turn_id"], calls[0]["id"])
    eq(by["analytics"]["last_turn_id"], calls[-1]["id"])
    names = lambda **more: [row["thread_id"] for row in threads(**more)]
    order = lambda field, direction="asc": names(sort_by=[{"field": field, "direction": direction}])
    eq(order("thread_id"), ["analytics", "billing", "chat"])
    eq(order("turn_count", "desc"), ["analytics", "chat", "billing"])
    eq(order("last_updated", "desc"), ["chat", "billing", "analytics"])
    eq(len(order("p50_turn_duration_ms", "desc")), 3)
    eq(len(order("p99_turn_duration_ms")), 3)
    eq(len(names(limit=2)), 2)
    eq(len(names(limit=1, offset=1)), 1)
    eq(names(filter={"thread_ids": ["billing"]}), ["billing"])
    eq(names(filter={"thread_ids": ["none"]}), [])
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    eq(len(names(filter={"after_datetime": (now - hour).isoformat()})), 3)
    eq(names(filter={"after_datetime": (now + hour).isoformat()}), [])
    eq(len(names(filter={"before_datetime": (now + hour).isoformat()})), 3)


@check
def refs_are_parsed_and_compared(t):
    ref = weave.publish({"a": 1}, name="obj")
    text = uri(ref)
    again = weave.ref(text)
    eq(uri(again), text)
    true(text.startswith(t.ref("object", "obj:")), text)
    raises(Exception, weave.ref(t.ref("object", "nothing:latest")).get)


@check
def another_init_reads_what_was_written(t):
    @weave.op
    def op(x):
        return x

    op(1)
    ref = weave.publish({"v": 1}, name="obj")
    t.flush()
    client = weave.init(t.project)
    eq([call.inputs["x"] for call in client.get_calls()], [1])
    eq(weave.ref(uri(ref)).get()["v"], 1)
    op(2)
    client.flush()
    eq(t.count(), 2)
    weave.finish()
