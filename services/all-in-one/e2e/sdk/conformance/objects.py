"""Objects: publishing, versions, lists and filters, deleting, what the values look like."""

import json
import typing

import weave
from conformance.harness import check, eq, has, true


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


class Custom(weave.Object):
    val: typing.Any


@check
def values_come_back(t):
    for i, value in enumerate(
        [{"a": 1, "b": [1, 2, {"c": None}]}, [1, "two", 3.0], "text", 5, True, None, {"uni": "😀 \u2028"}, {}, []]
    ):
        ref = weave.publish(value, name=f"v{i}")
        got = weave.ref(uri(ref)).get()
        eq(json.loads(json.dumps(_plain(got))), value)


def _plain(value):
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) or type(value).__name__ == "WeaveList":
        return [_plain(v) for v in value]
    unboxed = (
        getattr(value, "val", value)
        if type(value).__name__.startswith("Boxed") and not isinstance(value, (int, float, str))
        else value
    )
    return unboxed


@check
def objects_come_back(t):
    class Inner(weave.Object):
        a: int

    class Outer(weave.Object):
        inner: Inner
        items: list
        label: str = "default"

    outer = Outer(name="my-outer", description="about", inner=Inner(a=1), items=[{"x": Inner(a=2)}, 3])
    ref = weave.publish(outer)
    got = weave.ref(uri(ref)).get()
    eq(
        (got.name, got.description, got.inner.a, got.items[0]["x"].a, got.items[1], got.label),
        ("my-outer", "about", 1, 2, 3, "default"),
    )
    (stored,) = t.objs(object_ids=["my-outer"])
    has(
        stored,
        {
            "kind": "object",
            "base_object_class": "Outer",
            "leaf_object_class": "Outer",
            "version_index": 0,
            "is_latest": 1,
        },
    )
    has(
        stored["val"], {"_type": "Outer", "_class_name": "Outer", "_bases": ["Object", "BaseModel"], "label": "default"}
    )


@check
def refs_to_parts(t):
    ref = weave.publish({"a": {"b": [10, {"c": "deep"}]}}, name="tree")
    base = uri(ref)
    eq(weave.ref(base + "/key/a/key/b/index/0").get(), 10)
    eq(weave.ref(base + "/key/a/key/b/index/1/key/c").get(), "deep")
    ref = weave.publish(Custom(name="thing", val={"k": "v"}))
    eq(weave.ref(uri(ref) + "/attr/val/key/k").get(), "v")


@check
def versions_and_latest(t):
    refs = [weave.publish({"i": i}, name="obj") for i in range(3)]
    objs = t.objs(object_ids=["obj"])
    eq([o["version_index"] for o in objs], [0, 1, 2])
    eq([o["is_latest"] for o in objs], [0, 0, 1])
    eq([o["digest"] for o in objs], [r.digest if hasattr(r, "digest") else r._digest for r in refs])
    eq(weave.ref("obj").get()["i"], 2)
    eq(weave.ref("obj:latest").get()["i"], 2)
    eq(weave.ref("obj:v1").get()["i"], 1)
    read = lambda digest: t.post("/obj/read", {"object_id": "obj", "digest": digest})["obj"]
    eq((read("latest")["val"], read("v0")["val"], read(objs[1]["digest"])["val"]), ({"i": 2}, {"i": 0}, {"i": 1}))
    eq(t.post("/obj/read", {"object_id": "obj", "digest": "v0", "metadata_only": True})["obj"]["val"], {})
    t.refused(404, "/obj/read", {"object_id": "obj", "digest": "v3"})
    t.refused(404, "/obj/read", {"object_id": "obj", "digest": "nonsense"})
    t.refused(404, "/obj/read", {"object_id": "no-such", "digest": "latest"})


@check(sdk=False)
def the_same_again_is_one_version(t):
    digests = [t.publish_raw("obj", {"i": i}) for i in (0, 0, 1, 0)]
    eq(digests[0], digests[3])
    objs = t.objs(object_ids=["obj"])
    eq(len(objs), 2)
    latest = t.post("/obj/read", {"object_id": "obj", "digest": "latest"})["obj"]
    eq(latest["val"], {"i": 0})
    eq(latest["version_index"], 0)


@check(sdk=False)
def digests(t):
    eq(t.publish_raw("one", {"b": 1, "a": [1.0, 2, "é", None, True]}), "PiOFMa14M6EzqYaUG9ui7NRBoJaytDVH91YTvkrHjLA")
    eq(t.publish_raw("two", "hello"), "WqdirjgYu3J688ejbUlApbjECpiUUtIwT8lYYz81Tno")
    eq(t.publish_raw("three", {"a": 1, "b": {"d": 1e21, "c": 0.1}}), "AOiOZ721QQhYOvEhcADVWO9wClMUfx2BXcRYPl7wRUM")
    good = {"object_id": "four", "val": {"x": 1}, "project_id": t.project}
    digest = t.publish_raw("four", {"x": 1})
    eq(t.post("/obj/create", {"obj": {**good, "expected_digest": digest}})["digest"], digest)
    t.refused(409, "/obj/create", {"obj": {**good, "expected_digest": "wrong"}})


@check(sdk=False)
def lists_and_filters(t):
    for i in range(4):
        for j in range(3):
            t.publish_raw(f"obj_{i}", {"i": i, "j": j})
    eq(len(t.objs()), 12)
    eq(sorted({o["object_id"] for o in t.objs(object_ids=["obj_0", "obj_3"])}), ["obj_0", "obj_3"])
    eq((len(t.objs(is_op=True)), len(t.objs(is_op=False))), (0, 12))
    latest = t.objs(latest_only=True)
    eq([o["val"] for o in latest], [{"i": i, "j": 2} for i in range(4)])
    eq({o["is_latest"] for o in latest}, {1})
    page = lambda **more: [
        o["object_id"] for o in t.post("/objs/query", {"filter": {"latest_only": True}, **more})["objs"]
    ]
    eq(page(limit=2, offset=1, sort_by=[{"field": "created_at", "direction": "desc"}]), ["obj_2", "obj_1"])
    eq(page(limit=2, offset=1, sort_by=[{"field": "created_at", "direction": "asc"}]), ["obj_1", "obj_2"])
    eq(page(limit=2, sort_by=[{"field": "object_id", "direction": "desc"}]), ["obj_3", "obj_2"])
    eq(page(sort_by=[{"field": "object_id", "direction": "asc"}]), ["obj_0", "obj_1", "obj_2", "obj_3"])
    eq({str(o["val"]) for o in t.post("/objs/query", {"metadata_only": True})["objs"]}, {"{}"})
    sized = t.post("/objs/query", {"include_storage_size": True, "filter": {"object_ids": ["obj_0"]}})["objs"]
    true(all(o["size_bytes"] == len(json.dumps(o["val"])) for o in sized), f"{[o['size_bytes'] for o in sized]}")
    eq(t.objs(object_ids=["obj_0"])[0]["size_bytes"], None)


@check(sdk=False)
def names(t):
    t.publish_raw("l" * 128, {"x": 1})
    t.publish_raw("a.b-c_d", {"x": 1})
    create = lambda name: {"obj": {"project_id": t.project, "object_id": name, "val": {}}}
    t.refused(422, "/obj/create", create("thing % with / disallowed : keys"))
    t.refused(400, "/obj/create", create("l" * 129))


@check
def names_are_made_fit(t):
    custom = Custom(name="thing % with / disallowed : keys", val={"1": 1})
    ref = weave.publish(custom)
    eq(ref.name, "thing-with-disallowed-keys")
    eq(weave.ref(uri(ref)).get().val["1"], 1)
    eq(weave.publish(Custom(name="l" * 129, val=1)).name, "l" * 128)


@check
def keys_with_special_characters(t):
    key = "n-a_m.e: /+_(){}|\"'<>!@$^&*#:,.[]-=;~`100"
    custom = Custom(name="special", val={key: "hello world"})
    weave.publish(custom)

    @weave.op
    def reads(obj):
        return obj.val[key]

    result = reads(custom)
    eq(result, "hello world")
    t.flush()
    eq(weave.ref(uri(custom.ref)).get().val[key], "hello world")
    (call,) = t.calls()
    eq(call["inputs"]["obj"], uri(custom.ref))


@check(sdk=False)
def reading_refs(t):
    inner = t.publish_raw("inner", {"x": [1, {"y": "deep"}]})
    ref = t.ref("object", f"inner:{inner}")
    outer = t.publish_raw("outer", {"to": ref, "list": [ref, 2]})
    base = t.ref("object", f"outer:{outer}")
    read = lambda *refs: t.post("/refs/read_batch", {"refs": list(refs)})["vals"]
    eq(read(), [])
    eq(read(ref, base), [{"x": [1, {"y": "deep"}]}, {"to": ref, "list": [ref, 2]}])
    eq(read(ref + "/key/x/index/1/key/y", ref + "/key/x/index/0"), ["deep", 1])
    eq(read(ref + "/key/nothing", ref + "/key/x/index/9"), [None, None])
    missing = t.ref("object", "inner:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    answer = json.loads(t.refused(404, "/refs/read_batch", {"refs": [ref, missing]}))
    true("AAAAAAAAAA" in json.dumps(answer), f"{answer}")
    t.refused(400, "/refs/read_batch", {"refs": [t.ref("object", "inner:latest")]})
    t.refused(400, "/refs/read_batch", {"refs": [t.ref("call", "01234567-89ab-7def-8123-456789abcdef")]})
    t.refused(400, "/refs/read_batch", {"refs": [ref] * 1001})
    eq(len(read(*[ref] * 1000)), 1000)


@check
def changed_objects_are_published_again(t):
    class Thing(weave.Object):
        a: str
        items: list

    first = weave.publish(Thing(a="hello", items=[1, 2]))
    thing = first.get()
    thing.a = "new"
    thing.items.append(3)
    second = weave.publish(thing)
    got = second.get()
    eq((got.a, [int(i) for i in got.items]), ("new", [1, 2, 3]))
    eq(weave.ref(uri(first)).get().a, "hello")
    rows = weave.publish({"a": 1, "b": [1, 2]}, name="d").get()
    rows["a"] = 5
    rows["new"] = "x"
    again = weave.publish(rows, name="d").get()
    eq((again["a"], list(again["b"]), again["new"]), (5, [1, 2], "x"))
