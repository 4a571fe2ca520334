"""Digests that the client computes and the server checks."""

import asyncio
import os

import weave
from conformance.harness import check, eq, true


def with_client_side_digests(run):
    def wrapped(t):
        os.environ["WEAVE_ENABLE_CLIENT_SIDE_DIGESTS"] = "true"
        try:
            run(t)
        finally:
            del os.environ["WEAVE_ENABLE_CLIENT_SIDE_DIGESTS"]

    wrapped.__name__ = run.__name__
    wrapped.__module__ = run.__module__
    return wrapped


@check(since=(0, 53))
@with_client_side_digests
def of_objects(t):
    class Inner(weave.Object):
        a: int

    class Outer(weave.Object):
        inner: Inner
        text: str

    inner = Inner(a=1)
    weave.publish(inner)
    refs = [
        weave.publish({"b": 1, "a": [1.0, "é 😀", None, 1e21, 2**70, -0.0]}, name="plain"),
        weave.publish(Outer(inner=inner, text="x")),
        weave.publish([1, 2, 3], name="list"),
    ]
    t.flush()
    stored = {(o["object_id"], o["digest"]) for o in t.objs()}
    for ref in refs:
        true((ref.name, ref.digest) in stored, f"{ref.name}: {ref.digest} is not among {stored}")
        ref.get()


@check(since=(0, 53))
@with_client_side_digests
def of_datasets_and_refs(t):
    rows = [{"a": i, "text": f"é{i}", "float": i / 3} for i in range(40)]
    ref = weave.publish(weave.Dataset(name="ds", rows=rows))
    t.flush()
    (stored,) = t.objs(object_ids=["ds"])
    eq(ref.digest, stored["digest"])
    eq([row["a"] for row in ref.get().rows], list(range(40)))
    holder = weave.publish({"to": ref.uri}, name="holder")
    t.flush()
    eq(holder.digest, t.objs(object_ids=["holder"])[0]["digest"])


@check(since=(0, 53))
@with_client_side_digests
def of_ops_and_evaluations(t):
    class M(weave.Model):
        @weave.op
        def predict(self, x):
            return x

    @weave.op
    def score(output):
        return {"ok": output == 1}

    result = asyncio.run(weave.Evaluation(name="ev", dataset=[{"x": 1}, {"x": 2}], scorers=[score]).evaluate(M()))
    eq(result["score"]["ok"]["true_count"], 1)
    t.flush()
    known = {f"{o['object_id']}:{o['digest']}" for o in t.objs()}
    for call in t.calls():
        name = call["op_name"].split("/op/")[1]
        true(name in known, f"{name} was never stored")
