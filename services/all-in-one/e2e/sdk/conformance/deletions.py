"""Deleting versions of objects, and what is read and published after it."""

import json

import weave
from conformance.harness import check, eq, has, raises, true


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


@check(sdk=False)
def deleting_versions(t):
    digests = [t.publish_raw("obj", {"i": i}) for i in range(3)]
    delete = lambda *ds: t.post("/obj/delete", {"object_id": "obj", "digests": list(ds) or None})
    eq(delete(digests[1])["num_deleted"], 1)
    eq([(o["version_index"], o["val"]) for o in t.objs()], [(0, {"i": 0}), (2, {"i": 2})])
    t.refused(404, "/obj/delete", {"object_id": "obj", "digests": [digests[1]]})
    gone = json.loads(t.refused(404, "/obj/read", {"object_id": "obj", "digest": digests[1]}))
    true(gone.get("deleted_at"), f"{gone}")
    eq(t.post("/refs/read_batch", {"refs": [t.ref("object", f"obj:{digests[1]}")]})["vals"], [None])
    digests.append(t.publish_raw("obj", {"i": 3}))
    eq([o["version_index"] for o in t.objs()], [0, 2, 3])
    eq(delete("latest")["num_deleted"], 1)
    eq([(o["version_index"], o["is_latest"]) for o in t.objs()], [(0, 0), (2, 1)])
    eq(t.post("/obj/read", {"object_id": "obj", "digest": "latest"})["obj"]["val"], {"i": 2})
    eq(delete("v0")["num_deleted"], 1)
    eq(delete()["num_deleted"], 1)
    eq(t.objs(), [])
    t.refused(404, "/obj/delete", {"object_id": "obj"})
    gone = json.loads(t.refused(404, "/obj/read", {"object_id": "obj", "digest": "latest"}))
    true(gone.get("deleted_at"), f"{gone}")


@check(sdk=False)
def deleting_what_is_not_there(t):
    first, second = (t.publish_raw("obj", {"i": i}) for i in range(2))
    t.refused(404, "/obj/delete", {"object_id": "no-such"})
    text = t.refused(404, "/obj/delete", {"object_id": "obj", "digests": [first, "invalid-digest", second]})
    true("invalid-digest" in text, text)
    eq(len(t.objs()), 2)
    eq(t.post("/obj/delete", {"object_id": "obj", "digests": [first, first]})["num_deleted"], 1)
    t.refused(400, "/obj/delete", {"object_id": "obj", "digests": [f"d{i}" for i in range(101)]})


@check(sdk=False)
def deleting_reports_versions(t):
    val = {
        "_type": "StringPrompt",
        "_class_name": "StringPrompt",
        "_bases": ["Prompt", "Object", "BaseModel"],
        "content": "hello",
    }
    digest = t.publish_raw("prompt", val)
    answer = t.post("/obj/delete", {"object_id": "prompt", "digests": ["latest"]})
    eq(
        answer["deleted_versions"],
        [{"digest": digest, "base_object_class": "Prompt", "leaf_object_class": "StringPrompt"}],
    )


@check(sdk=False)
def publishing_after_deleting(t):
    first = t.publish_raw("obj", {"i": 1})
    t.publish_raw("obj", {"i": 2})
    eq(t.post("/obj/delete", {"object_id": "obj"})["num_deleted"], 2)
    eq(t.publish_raw("obj", {"i": 1}), first)
    (only,) = t.objs(object_ids=["obj"])
    has(only, {"digest": first, "val": {"i": 1}, "is_latest": 1})
    eq([o["digest"] for o in t.objs(latest_only=True)], [first])
    eq(t.post("/obj/read", {"object_id": "obj", "digest": first})["obj"]["val"], {"i": 1})
    t.publish_raw("obj", {"i": 9})
    eq(t.post("/obj/read", {"object_id": "obj", "digest": "latest"})["obj"]["val"], {"i": 9})


@check
def deleting_by_the_client(t):
    refs = [weave.publish({"i": i}, name="obj") for i in range(3)]
    t.client.delete_object_version(refs[0])
    eq(len(t.objs()), 2)
    raises(Exception, weave.ref(uri(refs[0])).get)

    @weave.op
    def my_op(x):
        return x

    op_ref = weave.publish(my_op)
    eq(len(t.objs(is_op=True)), 1)
    t.client.delete_op_version(op_ref)
    eq(t.objs(is_op=True), [])


@check(since=(0, 53))
def deleting_many_by_the_client(t):
    refs = [weave.publish({"i": i}, name="obj") for i in range(4)]
    eq(t.client.delete_object_versions("obj", [refs[0].digest, refs[2].digest]), 2)
    eq([o["digest"] for o in t.objs()], [refs[1].digest, refs[3].digest])
    eq(t.client.delete_object_versions("obj", ["latest"]), 1)
    eq(t.client.delete_all_object_versions("obj"), 1)
    eq(t.objs(), [])
