"""Ops of every shape, and what the calls that they make look like."""

import asyncio
import dataclasses
import typing

import weave
from conformance.harness import NEWEST, check, eq, has, raises, true
from weave.trace.context.call_context import get_current_call
from weave.trace.weave_client import get_ref


def ref_of(thing) -> str:
    uri = get_ref(thing).uri
    return uri() if callable(uri) else uri


@check
def a_call_has_everything(t):
    @weave.op
    def adds(a: int, b: int = 10) -> int:
        return a + b

    eq(adds(5), 15)
    t.flush()
    (call,) = t.calls()
    has(
        call,
        {
            "project_id": t.project,
            "parent_id": None,
            "inputs": {"a": 5, "b": 10},
            "output": 15,
            "exception": None,
            "display_name": None,
            "deleted_at": None,
            "thread_id": None,
            "turn_id": None,
            "op_name": ref_of(adds),
            "summary": {
                "status_counts": {"success": 1, "error": 0},
                "weave": {"status": "success", "trace_name": "adds", "latency_ms": lambda ms: isinstance(ms, int)},
            },
            "attributes": {"weave": {"client_version": weave.__version__, "source": "python-sdk"}},
            "wb_user_id": lambda user: user is None or (isinstance(user, str) and user != ""),
            "started_at": lambda s: s.endswith(("Z", "+00:00")),
            "ended_at": lambda s: s.endswith(("Z", "+00:00")),
        },
    )
    true(call["ended_at"] >= call["started_at"], "ended before it started")


@check
def default_and_keyword_parameters(t):
    @weave.op
    def op(a, b=10, *rest, c=3, **more):
        return a + b

    op(1)
    op(1, 2, 3, 4, c=5, d=6)
    op(b=1, a=2)
    t.flush()
    inputs = [call["inputs"] for call in t.calls()]
    has(inputs[0], {"a": 1, "b": 10, "c": 3})
    has(inputs[1], {"a": 1, "b": 2, "rest": [3, 4], "c": 5})
    has(inputs[2], {"a": 2, "b": 1, "c": 3})


@check
def nested_ops_make_a_tree(t):
    @weave.op
    def leaf(x):
        return x

    @weave.op
    def middle(x):
        return leaf(x) + leaf(x + 1)

    @weave.op
    def root(x):
        return middle(x) + middle(x + 2)

    root(0)
    t.flush()
    calls = t.calls()
    eq(len(calls), 7)
    eq(len({call["trace_id"] for call in calls}), 1)
    by = {call["id"]: call for call in calls}
    path = lambda c: (
        ([] if c["parent_id"] is None else path(by[c["parent_id"]])) + [c["summary"]["weave"]["trace_name"]]
    )
    eq(sorted(tuple(path(c)) for c in calls).count(("root", "middle", "leaf")), 4)
    eq(
        [c["summary"]["weave"]["trace_name"] for c in calls],
        ["root", "middle", "leaf", "leaf", "middle", "leaf", "leaf"],
    )


@check
def async_ops_keep_their_parents(t):
    @weave.op
    async def inner(x):
        await asyncio.sleep(0.001)
        return x

    @weave.op
    async def outer():
        return await asyncio.gather(*(inner(i) for i in range(5)))

    eq(asyncio.run(outer()), [0, 1, 2, 3, 4])
    t.flush()
    calls = t.calls()
    (parent,) = [c for c in calls if c["parent_id"] is None]
    eq(sorted(c["output"] for c in calls if c["parent_id"] == parent["id"]), [0, 1, 2, 3, 4])
    eq(parent["output"], [0, 1, 2, 3, 4])


@check
def generators_accumulate(t):
    @weave.op(accumulator=lambda acc, value: [*(acc or []), value])
    def counts(n):
        yield from range(n)

    @weave.op(accumulator=lambda acc, value: (acc or "") + value)
    async def words():
        for word in ("a", "b", "c"):
            yield word

    async def read():
        return [word async for word in words()]

    eq(list(counts(3)), [0, 1, 2])
    eq(asyncio.run(read()), ["a", "b", "c"])
    t.flush()
    eq([c["output"] for c in t.calls()], [[0, 1, 2], "abc"])


@check
def threads_have_own_traces(t):
    @weave.op
    def work(x):
        return x

    @weave.op
    def pool(values):
        with weave.ThreadPoolExecutor(max_workers=4) as executor:
            return list(executor.map(work, values))

    eq(pool([1, 2, 3, 4, 5, 6]), [1, 2, 3, 4, 5, 6])
    thread = weave.Thread(target=work, args=(7,))
    thread.start()
    thread.join()
    t.flush()
    calls = t.calls()
    (parent,) = [c for c in calls if c["op_name"].split("/op/")[1].startswith("pool:")]
    eq(sorted(c["output"] for c in calls if c["parent_id"] == parent["id"]), [1, 2, 3, 4, 5, 6])
    eq([c["output"] for c in calls if c["parent_id"] is None and c is not parent], [7])


@check
def many_threads_lose_nothing(t):
    @weave.op
    def work(x):
        return x

    with weave.ThreadPoolExecutor(max_workers=16) as executor:
        list(executor.map(work, range(400)))
    t.flush()
    eq(sorted(c["output"] for c in t.calls()), list(range(400)))
    eq(t.count(), 400)


@check
def exceptions_and_their_ancestors(t):
    @weave.op
    def fails():
        raise ValueError("out of luck")

    @weave.op
    def passes_on():
        fails()

    @weave.op
    def survives():
        try:
            fails()
        except ValueError:
            return "survived"

    raises(ValueError, passes_on)
    eq(survives(), "survived")
    t.flush()
    calls = t.calls()
    eq([c["summary"]["weave"]["status"] for c in calls], ["error", "error", "descendant_error", "error"])
    true("out of luck" in calls[1]["exception"], "the message is missing")
    eq(calls[2]["exception"], None)
    eq(calls[2]["summary"]["status_counts"], {"success": 1, "error": 1})
    for status, count in (("error", 3), ("descendant_error", 1), ("success", 0), ("running", 0)):
        query = {"$expr": {"$eq": [{"$getField": "summary.weave.status"}, {"$literal": status}]}}
        eq(t.count(query=query), count, status)
    by_status = t.calls(sort_by=[{"field": "summary.weave.status", "direction": "desc"}])
    eq([c["summary"]["weave"]["status"] for c in by_status], ["error", "error", "error", "descendant_error"])


@check
def attributes_nest(t):
    @weave.op
    def op():
        return get_current_call().id

    with weave.attributes({"env": "prod", "deep": {"a": [1, 2]}}):
        with weave.attributes({"env": "test", "more": None}):
            op()
        op()
    op()
    t.flush()
    first, second, third = (c["attributes"] for c in t.calls())
    has(first, {"env": "test", "deep": {"a": [1, 2]}, "more": None})
    has(second, {"env": "prod"})
    true("more" not in second, "an inner attribute leaked")
    true("env" not in third, "an attribute leaked")


@check
def summaries_of_users(t):
    @weave.op
    def op():
        get_current_call().summary["mine"] = {"score": 0.5}
        return {"usage": {"prompt_tokens": 10, "completion_tokens": 4}, "model": "some-model"}

    @weave.op
    def outer():
        op()
        op()

    outer()
    t.flush()
    parent, child, _ = t.calls()
    has(
        child["summary"],
        {"mine": {"score": 0.5}, "usage": {"some-model": {"requests": 1, "prompt_tokens": 10, "completion_tokens": 4}}},
    )
    has(parent["summary"], {"usage": {"some-model": {"requests": 2, "prompt_tokens": 20, "completion_tokens": 8}}})


@check
def op_names_and_versions(t):
    def make(value):
        if value == 1:

            @weave.op
            def op(x):
                return x + 1
        else:

            @weave.op
            def op(x):
                return x + 2

        return op

    first, second = make(1), make(2)
    first(1), second(1), first(1)
    t.flush()
    names = [c["op_name"] for c in t.calls()]
    eq(names[0], names[2])
    true(names[0] != names[1], "two versions have one digest")
    versions = t.objs(object_ids=["op"], is_op=True)
    eq([v["version_index"] for v in versions], [0, 1])
    eq({v["kind"] for v in versions}, {"op"})
    eq(len(t.calls(filter={"op_names": [ref_of(first)]})), 2)
    eq(len(t.calls(filter={"op_names": [t.ref("op", "op:*")]})), 3)
    eq(len(first.calls()), 2)


@check
def ops_come_back_runnable(t):
    @weave.op
    def doubles(x: int) -> int:
        return x * 2

    eq(doubles(2), 4)
    t.flush()
    again = weave.ref(ref_of(doubles)).get()
    eq(again(21), 42)


@check
def postprocessing_and_redaction(t):
    @weave.op(postprocess_inputs=lambda i: {"hidden": True}, postprocess_output=lambda o: "short")
    def op(secret):
        return secret * 1000

    true(op("x").startswith("xxx"), "the real value is returned")
    t.flush()
    (call,) = t.calls()
    eq(call["inputs"], {"hidden": True})
    eq(call["output"], "short")


@check
def values_of_every_kind(t):
    @dataclasses.dataclass
    class Data:
        val: int

    class Point(typing.NamedTuple):
        x: int
        y: int

    class Unknown:
        pass

    unknown = Unknown()

    @weave.op
    def gives(value):
        return value

    values = [
        None,
        True,
        1,
        -5,
        2**53 + 1,
        1.5,
        1e300,
        "",
        "text",
        '\u2028 😀 "\\ \n',
        [],
        {},
        {"a": [1, {"b": None}]},
        (1, 2),
        Point(3, 4),
        Data(5),
    ]
    for value in values:
        gives(value)
    gives(unknown)
    t.flush()
    outputs = [c["output"] for c in t.calls()]
    eq(outputs[:13], values[:13])
    eq(outputs[13], [1, 2])
    eq(outputs[14], {"x": 3, "y": 4})
    has(outputs[15], {"val": 5, "_class_name": "Data", "_type": "Data"})
    eq(outputs[16], repr(unknown))


@check
def methods_of_objects(t):
    class Adder(weave.Object):
        amount: int

        @weave.op
        def add(self, x):
            return self.amount + x

    adder = Adder(amount=5)
    eq(adder.add(2), 7)
    t.flush()
    (call,) = t.calls()
    true(call["op_name"].split("/op/")[1].startswith("Adder.add:"), call["op_name"])
    true(call["inputs"]["self"].startswith(t.ref("object", "Adder:")), "self is a ref")
    ref = weave.publish(adder)
    uri = ref.uri if NEWEST else ref.uri()
    eq(weave.ref(uri).get().add(10), 15)
