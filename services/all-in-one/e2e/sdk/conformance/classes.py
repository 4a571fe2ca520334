"""Classes of objects, the builtin ones too; tags and aliases."""

import weave
from conformance.harness import check, eq, has, true


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


@check
def subclasses(t):
    class BaseA(weave.Object):
        a: int

    class B(BaseA):
        b: int

    class C(B):
        c: int

    class X(weave.Object):
        x: int

    weave.publish(C(a=1, b=2, c=3))
    weave.publish(X(x=1))
    t.flush()
    eq(len(t.objs()), 2)
    (found,) = t.objs(base_object_classes=["BaseA"])
    has(found, {"base_object_class": "BaseA", "leaf_object_class": "C"})
    has(found["val"], {"_bases": ["B", "BaseA", "Object", "BaseModel"]})
    eq(len(t.objs(leaf_object_classes=["C"])), 1)
    eq(len(t.objs(leaf_object_classes=["B"])), 0)
    eq([o["object_id"] for o in t.objs(exclude_base_object_classes=["BaseA"])], ["X"])


@check
def models_run_after_loading(t):
    class MyModel(weave.Model):
        a: int
        b: float = 2.0

        @weave.op
        def predict(self, x: int) -> float:
            return self.a * x + self.b

    model = MyModel(name="example", description="fancy", a=3)
    eq(model.predict(1), 5.0)
    ref = weave.publish(model)
    loaded = weave.get(uri(ref))
    eq((loaded.name, loaded.description, loaded.a, loaded.b), ("example", "fancy", 3, 2.0))
    eq(loaded.predict(2), 8.0)
    (stored,) = t.objs(base_object_classes=["Model"], latest_only=True)
    true(stored["val"]["predict"].startswith(t.ref("op", "MyModel.predict:")), stored["val"]["predict"])
    eq(stored["val"]["_bases"], ["Model", "Object", "BaseModel"])


@check
def ops_are_objects(t):
    @weave.op
    def my_op(x):
        return x + 1

    ref = weave.publish(my_op, name="my_op")
    (stored,) = t.objs(object_ids=["my_op"])
    has(
        stored,
        {
            "kind": "op",
            "base_object_class": None,
            "val": {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "files": lambda f: "obj.py" in f},
        },
    )
    eq([o["object_id"] for o in t.objs(is_op=True)], ["my_op"])
    eq(t.objs(is_op=False), [])
    source = t.raw("/files/content", {"digest": stored["val"]["files"]["obj.py"]}).text
    true("def my_op(x)" in source, source)
    eq(ref.get()(1), 2)


@check(sdk=False)
def builtin_classes(t):
    create = lambda name, val, cls: {
        "obj": {"project_id": t.project, "object_id": name, "val": val, "builtin_object_class": cls}
    }
    t.post("/obj/create", create("nested", {"b": 3}, "TestOnlyNestedBaseObject"))
    (stored,) = t.objs(base_object_classes=["TestOnlyNestedBaseObject"])
    eq(
        stored["val"],
        {
            "_type": "TestOnlyNestedBaseObject",
            "name": None,
            "description": None,
            "b": 3,
            "_class_name": "TestOnlyNestedBaseObject",
            "_bases": ["BaseObject", "BaseModel"],
        },
    )
    eq(stored["digest"], "zg8WgbAC5GBqld3Ka5XMY8YpAQkEVoJDXePQqXgrA4E")
    for val, cls in (
        ({"a": 2}, "TestOnlyNestedBaseObject"),
        ({"b": 1}, "NoSuchClass"),
        ({"b": 2, "_class_name": "TestOnlyNestedBaseObject", "_bases": ["BaseObject", "BaseModel"]}, "TestOnlyExample"),
    ):
        answer = t.raw("/obj/create", create("wrong", val, cls))
        true(answer.status in (400, 422), f"{cls}: {answer.status} {answer.text[:200]}")
    provider = {
        "base_url": "https://example.com/v1",
        "api_key_name": "KEY",
        "extra_headers": {"a": "b"},
        "return_type": "openai",
    }
    t.post("/obj/create", create("provider", provider, "Provider"))
    has(
        t.objs(base_object_classes=["Provider"])[0]["val"],
        {"base_url": "https://example.com/v1", "return_type": "openai"},
    )
    spec = {"name": "quality", "field_schema": {"type": "number", "minimum": 0, "maximum": 1}}
    t.post("/obj/create", create("spec", spec, "AnnotationSpec"))
    has(t.objs(base_object_classes=["AnnotationSpec"])[0]["val"], {"field_schema": {"type": "number"}})


@check(sdk=False)
def builtin_classes_that_inherit(t):
    create = lambda name, val, cls: t.post(
        "/obj/create", {"obj": {"project_id": t.project, "object_id": name, "val": val, "builtin_object_class": cls}}
    )
    create("base", {"name": None, "description": None, "b": 1}, "TestOnlyNestedBaseObject")
    create(
        "child",
        {"name": None, "description": None, "b": 2, "c": 3, "additional_field": "x"},
        "TestOnlyInheritedBaseObject",
    )
    names = lambda **filter: sorted(o["object_id"] for o in t.objs(**filter))
    eq(names(base_object_classes=["TestOnlyNestedBaseObject"]), ["base", "child"])
    eq(names(leaf_object_classes=["TestOnlyNestedBaseObject"]), ["base"])
    eq(names(leaf_object_classes=["TestOnlyInheritedBaseObject"]), ["child"])
    eq(
        names(base_object_classes=["TestOnlyNestedBaseObject"], leaf_object_classes=["TestOnlyInheritedBaseObject"]),
        ["child"],
    )
    eq(names(exclude_base_object_classes=["TestOnlyNestedBaseObject"]), [])
    (child,) = t.objs(object_ids=["child"])
    has(
        child,
        {
            "base_object_class": "TestOnlyNestedBaseObject",
            "leaf_object_class": "TestOnlyInheritedBaseObject",
            "val": {"b": 2, "c": 3, "_bases": ["TestOnlyNestedBaseObject", "BaseObject", "BaseModel"]},
        },
    )


@check(sdk=False)
def tags_and_aliases(t):
    first, second = (t.publish_raw("obj", {"i": i}) for i in range(2))
    path = f"/objs/obj/versions/{first}/tags"
    t.post(path, {"tags": ["prod", "reviewed"]}, "PUT")
    t.post(f"/objs/obj/versions/{second}/tags", {"tags": ["draft"]}, "PUT")
    t.post("/objs/obj/aliases", {"digest": first, "aliases": ["staging", "best"]}, "PUT")
    read = lambda digest: t.post("/obj/read", {"object_id": "obj", "digest": digest, "include_tags_and_aliases": True})[
        "obj"
    ]
    eq(sorted(read(first)["tags"]), ["prod", "reviewed"])
    eq(sorted(read(first)["aliases"]), ["best", "staging"])
    eq(read(second)["aliases"], ["latest"])
    eq(read("staging")["digest"], first)
    eq([o["digest"] for o in t.objs(tags=["prod"])], [first])
    eq([o["digest"] for o in t.objs(aliases=["best"])], [first])
    t.post("/objs/obj/aliases", {"digest": second, "aliases": ["staging"]}, "PUT")
    eq(read("staging")["digest"], second)
    t.post(path + "/remove", {"tags": ["prod"]})
    eq(read(first)["tags"], ["reviewed"])
    t.post("/objs/obj/aliases/remove", {"aliases": ["best"]})
    eq(read(first)["aliases"], [])
    eq(sorted(_get(t, "/tags")["tags"]), ["draft", "reviewed"])
    eq([alias for alias in _get(t, "/aliases")["aliases"] if alias != "latest"], ["staging"])
    for bad in ("", "a/b", "x" * 257):
        answer = t.raw(path, {"tags": [bad]}, "PUT")
        true(answer.status in (400, 422), f"tag {bad[:10]!r}: {answer.status}")
    for bad in ("", "a/b", "a:b", "v1", "latest", "x" * 129):
        answer = t.raw("/objs/obj/aliases", {"digest": first, "aliases": [bad]}, "PUT")
        true(answer.status in (400, 422), f"alias {bad[:10]!r}: {answer.status}")


def _get(t, path):
    from conformance.harness import send

    return send("GET", f"{path}?project_id={t.project.replace('/', '%2F')}").json()


@check(since=(0, 53))
def tags_and_aliases_by_the_client(t):
    ref = weave.publish({"i": 1}, name="obj")
    weave.publish({"i": 2}, name="obj")
    weave.add_tags(ref, ["good", "old"])
    eq(sorted(weave.get_tags(ref)), ["good", "old"])
    weave.remove_tags(ref, ["old"])
    eq(weave.get_tags(ref), ["good"])
    weave.set_aliases(ref, "champion")
    eq(weave.get_aliases(ref), ["champion"])
    eq(weave.ref("obj:champion").get()["i"], 1)
    eq(weave.list_tags(), ["good"])
    true("champion" in weave.list_aliases(), "the alias is listed")
    weave.remove_aliases(ref, "champion")
    true("champion" not in weave.list_aliases(), "the alias is still listed")


@check
def leaderboards_and_specs(t):
    spec = weave.AnnotationSpec(
        name="quality", description="how good", field_schema={"type": "string", "enum": ["good", "bad"]}
    )
    ref = weave.publish(spec, "quality")
    got = weave.ref(uri(ref)).get()
    eq(got.field_schema["enum"], ["good", "bad"])
    (stored,) = t.objs(base_object_classes=["AnnotationSpec"])
    eq(stored["object_id"], "quality")
    true(spec.value_is_valid("good") and not spec.value_is_valid("ugly"), "the spec validates")

    from weave.flow import leaderboard

    board = leaderboard.Leaderboard(
        name="board",
        description="d",
        columns=[
            leaderboard.LeaderboardColumn(
                evaluation_object_ref=t.ref("object", "ev:abc"), scorer_name="s", summary_metric_path="a.b"
            )
        ],
    )
    ref = weave.publish(board)
    eq(weave.ref(uri(ref)).get().columns[0].scorer_name, "s")
