"""Calls as the client's own methods make, read, name and delete them."""

import weave
from conformance.harness import NEWEST, check, eq, has, raises, true
from weave.trace.weave_client import get_ref


def ref_of(thing) -> str:
    uri = get_ref(thing).uri
    return uri() if callable(uri) else uri


@check
def display_names(t):
    @weave.op(call_display_name="fixed")
    def named():
        return 1

    @weave.op(call_display_name=lambda call: f"x is {call.inputs['x']}")
    def computed(x):
        return x

    named()
    _, call = computed.call(3)
    t.flush()
    eq([c["display_name"] for c in t.calls()], ["fixed", "x is 3"])
    call.set_display_name("by hand")
    t.flush()
    eq(t.client.get_call(call.id).display_name, "by hand")
    call.set_display_name("again")
    t.flush()
    eq(t.call(call.id)["display_name"], "again")
    call.remove_display_name()
    t.flush()
    eq(t.client.get_call(call.id).display_name, None)
    eq(t.call(call.id)["summary"]["weave"]["trace_name"], "computed")


@check
def objects_in_calls_become_refs(t):
    class Config(weave.Object):
        model: str

    config = Config(model="gpt")
    weave.publish(config)

    @weave.op
    def uses(config, other):
        return config

    uses(config, {"inner": config})
    t.flush()
    (call,) = t.calls()
    true(call["inputs"]["config"].startswith(t.ref("object", "Config:")), "no ref")
    eq(call["inputs"]["other"]["inner"], call["inputs"]["config"])
    eq(call["output"], call["inputs"]["config"])
    eq(t.client.get_call(call["id"]).inputs["config"].model, "gpt")
    eq(len(t.calls(filter={"input_refs": [call["inputs"]["config"]]})), 1)
    eq(len(t.calls(filter={"output_refs": [call["output"]]})), 1)
    eq(len(t.calls(filter={"input_refs": [t.ref("object", "Config:other")]})), 0)


@check
def the_call_object(t):
    @weave.op
    def inner(x):
        return x

    @weave.op
    def outer(x):
        return inner(x) + inner(x)

    value, call = outer.call(4)
    eq(value, 8)
    t.flush()
    eq([c.output for c in call.children()], [4, 4])
    read = t.client.get_call(call.id)
    eq(read.func_name, "outer")
    eq(read.output, 8)
    eq(read.trace_id, call.trace_id)
    eq([c.id for c in read.children()], [c.id for c in call.children()])
    true(read.ended_at is not None, "ended_at")
    raises(ValueError, t.client.get_call, "00000000-0000-7000-8000-000000000000")


@check
def reading_calls_by_the_client(t):
    @weave.op
    def op(x):
        return x

    for i in range(25):
        op(i)
    t.flush()
    calls = t.client.get_calls()
    eq(len(calls), 25)
    eq([c.inputs["x"] for c in calls], list(range(25)))
    eq(calls[3].inputs["x"], 3)
    eq([c.inputs["x"] for c in calls[2:5]], [2, 3, 4])
    eq([c.inputs["x"] for c in t.client.get_calls(limit=3, offset=4)], [4, 5, 6])
    eq([c.inputs["x"] for c in t.client.get_calls(page_size=4)], list(range(25)))
    eq([c.inputs["x"] for c in t.client.get_calls(limit=7, page_size=3)], list(range(7)))
    eq(
        [c.inputs["x"] for c in t.client.get_calls(sort_by=[{"field": "started_at", "direction": "desc"}], limit=2)],
        [24, 23],
    )
    eq(
        [c.inputs["x"] for c in t.client.get_calls(sort_by=[{"field": "inputs.x", "direction": "desc"}], limit=2)],
        [24, 23],
    )
    eq(len(t.client.get_calls(limit=3)), 3)
    eq(len(t.client.get_calls(offset=20)), 5)
    query = {"$expr": {"$gte": [{"$convert": {"input": {"$getField": "inputs.x"}, "to": "int"}}, {"$literal": 20}]}}
    eq(len(t.client.get_calls(query=query)), 5)
    eq([c.inputs["x"] for c in t.client.get_calls(query=query)], [20, 21, 22, 23, 24])
    columns = list(t.client.get_calls(columns=["id", "output"], limit=1))
    eq(columns[0].output, 0)
    eq(len(op.calls()), 25)


@check
def deleting_calls(t):
    @weave.op
    def inner(x):
        return x

    @weave.op
    def outer(x):
        return inner(x)

    _, first = outer.call(1)
    _, second = outer.call(2)
    _, third = outer.call(3)
    t.flush()
    eq(t.count(), 6)
    t.client.delete_call(first)
    eq(t.count(), 4)
    raises(ValueError, t.client.get_call, first.id)
    t.client.delete_calls([second.id, third.id])
    eq(t.count(), 0)
    eq(list(t.client.get_calls()), [])


@check
def create_and_finish_by_hand(t):
    one = t.client.create_call("a name", {"x": 1}, display_name="shown", attributes={"k": "v"})
    two = t.client.create_call("child", {"x": 2}, one)
    t.client.finish_call(two, {"done": True})
    t.client.fail_call(one, ValueError("no"))
    t.flush()
    first, second = t.calls()
    has(
        first,
        {
            "display_name": "shown",
            "attributes": {"k": "v"},
            "inputs": {"x": 1},
            "summary": {"weave": {"status": "error"}},
        },
    )
    has(second, {"parent_id": first["id"], "trace_id": first["trace_id"], "output": {"done": True}})


@check
def stacks_out_of_order(t):
    one = t.client.create_call("op", {})
    two = t.client.create_call("op", {}, one)
    five = t.client.create_call("op", {}, one)
    three = t.client.create_call("op", {}, two)
    t.client.finish_call(three)
    six = t.client.create_call("op", {}, five)
    for call in (one, five, six, two):
        t.client.finish_call(call)
    last = t.client.create_call("op", {})
    t.client.finish_call(last)
    t.flush()
    parents = {c["id"]: c["parent_id"] for c in t.calls()}
    eq(parents, {one.id: None, two.id: one.id, five.id: one.id, three.id: two.id, six.id: five.id, last.id: None})


@check
def sampling(t):
    @weave.op
    def child():
        return 1

    @weave.op(tracing_sample_rate=0.0)
    def never():
        return child()

    for _ in range(5):
        never()
    child()
    t.flush()
    eq(t.count(), 1)


@check(since=(0, 53))
def wandb_run_context(t):
    @weave.op
    def op(x):
        return x

    t.client.set_wandb_run_context(run_id="test-run", step=3)
    op(1)
    t.client.clear_wandb_run_context()
    op(2)
    t.flush()
    first, second = t.calls()
    eq((first["wb_run_id"], first["wb_run_step"]), (f"{t.project}/test-run", 3))
    eq(second["wb_run_id"], None)
    eq(t.count(filter={"wb_run_ids": ["test-run"]}), 1)
    eq(t.count(filter={"wb_run_ids": [f"{t.project}/test-run"]}), 1)
    eq(t.count(filter={"wb_run_ids": [f"{t.project}/other"]}), 0)
    eq(t.count(query={"$expr": {"$eq": [{"$getField": "wb_run_step"}, {"$literal": 3}]}}), 1)


@check
def large_calls(t):
    @weave.op
    def big(x):
        return x * 2

    big("é" * 600_000)
    t.flush()
    (call,) = t.calls()
    eq(len(call["output"]), 1_200_000)


@check
def a_call_is_seen_while_it_runs(t):
    call = t.client.create_call("op", {"x": 1})
    if not NEWEST:
        t.flush()
        (row,) = t.calls()
        eq((row["ended_at"], row["summary"]["weave"]["status"]), (None, "running"))
    t.client.finish_call(call, 2)
    t.flush()
    (row,) = t.calls()
    eq((row["output"], row["summary"]["weave"]["status"]), (2, "success"))
