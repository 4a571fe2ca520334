"""Refs inside calls that are read through: in answers, in filters, in orders."""

import weave
from conformance.harness import check, eq, has, true


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


def nested(t, value):
    """A chain of three objects: (ref of the outer, of the middle, of the inner)."""
    ref = lambda name, val: t.ref("object", f"{name}:{t.publish_raw(name, val)}")
    inner = ref("inner", {"id": value})
    middle = ref("middle", {"a": inner})
    outer = ref("outer", {"b": middle, "n": value})
    return outer, middle, inner


@check(sdk=False)
def answers(t):
    outer, middle, inner = nested(t, "123")
    t.complete({"inputs": {"x": outer}, "output": outer})
    read = lambda expand, columns=None: t.calls(columns=columns, expand_columns=expand)[0]
    eq(read(None)["output"], outer)
    has(read(["output"])["output"], {"b": middle, "n": "123", "_ref": outer})
    has(read(["output", "output.b"], ["output"])["output"], {"b": {"a": inner, "_ref": middle}, "_ref": outer})
    has(read(["output", "output.b", "output.b.a"], ["output.b.a"])["output"], {"b": {"a": {"id": "123"}}})
    eq(read(["output.b"], ["output"])["output"], outer)
    eq(read(["output.b", "output.zzzz"], ["output.b.a"])["output"], outer)
    has(read(["inputs.x"])["inputs"], {"x": {"n": "123", "_ref": outer}})
    both = read(["inputs", "inputs.x", "output", "output.b"])
    has(both, {"inputs": {"x": {"b": middle}}, "output": {"b": {"a": inner}}})
    many = t.post("/calls/query", {"expand_columns": ["output"]})["calls"][0]
    has(many["output"], {"_ref": outer})


@check(sdk=False)
def refs_that_lead_nowhere(t):
    digest = t.publish_raw("deleted", {"x": 1})
    deleted = t.ref("object", f"deleted:{digest}")
    t.post("/obj/delete", {"object_id": "deleted", "digests": [digest]})
    t.complete({"output": deleted}, {"output": 5}, {"output": {"plain": 1}})
    eq(
        [row["output"] if row["output"] is not None else deleted for row in t.calls(expand_columns=["output"])],
        [deleted, 5, {"plain": 1}],
    )


@check(sdk=False)
def the_same_ref_many_times(t):
    outer, middle, inner = nested(t, 1)
    t.complete({"output": {"one": inner, "two": inner, "list": {"1": inner}}})
    columns = ["output.one", "output.two", "output.list.1"]
    got = t.calls(expand_columns=columns)[0]["output"]
    eq(got, {"one": {"id": 1, "_ref": inner}, "two": {"id": 1, "_ref": inner}, "list": {"1": {"id": 1, "_ref": inner}}})


@check(sdk=False)
def filters_and_orders(t):
    for value in (3, 1, 2):
        outer, _, _ = nested(t, value)
        t.complete({"inputs": {"x": outer, "plain": value}, "output": outer})
    above = lambda path, value: {
        "$expr": {"$gt": [{"$convert": {"input": {"$getField": path}, "to": "int"}}, {"$literal": value}]}
    }
    expand = ["inputs.x", "inputs.x.b", "inputs.x.b.a", "output"]
    plain = lambda **more: [row["inputs"]["plain"] for row in t.calls(expand_columns=expand, **more)]
    eq(plain(query=above("inputs.x.n", 1)), [3, 2])
    eq(plain(query=above("inputs.x.b.a.id", 2)), [3])
    eq(plain(sort_by=[{"field": "inputs.x.n", "direction": "asc"}]), [1, 2, 3])
    eq(plain(sort_by=[{"field": "inputs.x.b.a.id", "direction": "desc"}]), [3, 2, 1])
    kept = t.calls(expand_columns=expand, return_expanded_column_values=False, query=above("inputs.x.n", 2))
    true(kept[0]["inputs"]["x"].startswith("weave:///"), f"{kept[0]['inputs']}")
    eq(t.post("/calls/query_stats", {"expand_columns": expand, "query": above("inputs.x.n", 1)})["count"], 2)


@check
def by_the_client(t):
    class Inner(weave.Object):
        a: str

    class Outer(weave.Object):
        b: Inner

    inner = Inner(a="deep")
    weave.publish(inner)
    outer = Outer(b=inner)
    weave.publish(outer)

    @weave.op
    def op(x):
        return x

    op(outer)
    t.flush()
    (call,) = t.client.get_calls(columns=["output"], expand_columns=["output", "output.b"])
    true(call.output is not None, "no output")
    (call,) = t.client.get_calls()
    eq(call.output.b.a, "deep")


@check(sdk=False)
def dataset_rows(t):
    made = t.post("/table/create", {"table": {"project_id": t.project, "rows": [{"q": "one"}, {"q": "two"}]}})
    digest = t.publish_raw(
        "ds",
        {
            "_type": "Dataset",
            "_class_name": "Dataset",
            "_bases": ["Object", "BaseModel"],
            "name": "ds",
            "description": None,
            "rows": t.ref("table", made["digest"]),
        },
    )
    row = t.ref("object", f"ds:{digest}/attr/rows/id/{made['row_digests'][1]}")
    t.complete({"inputs": {"example": row}})
    has(t.calls(expand_columns=["inputs.example"])[0]["inputs"]["example"], {"q": "two", "_ref": row})
    eq(t.post("/refs/read_batch", {"refs": [row, row + "/key/q"]})["vals"], [{"q": "two"}, "two"])


@check
def properties_of_objects(t):
    nested = [weave.publish({"a key with spaces": {"one": str(i)}}, "nested") for i in (1, 2)]
    configs = [
        weave.publish({"model": f"gpt-{i}", "temperature": i / 10, "nested": ref}, f"config{i}")
        for i, ref in enumerate(nested)
    ]
    workers = [
        weave.publish({"id": i, "status": "active" if i == 0 else "idle", "config": ref}, f"worker{i}")
        for i, ref in enumerate(configs)
    ]
    project = weave.publish({"name": "p", "settings": {"debug": True, "workers": workers}}, "project")

    @weave.op
    def process(worker, project):
        return {"worker": worker, "project": project}

    for worker in workers:
        process(worker, project)
    t.flush()
    field = lambda path: {"$getField": path}
    lit = lambda value: {"$literal": value}
    number = lambda path: {"$convert": {"input": field(path), "to": "double"}}
    count = lambda expr, *expand: len(t.client.get_calls(query={"$expr": expr}, expand_columns=list(expand)))
    worker, config = "inputs.worker", "inputs.worker.config"
    eq(count({"$eq": [number("inputs.worker.id"), lit(1)]}, worker), 1)
    eq(count({"$eq": [field("inputs.worker.config.model"), lit("gpt-1")]}, worker, config), 1)
    eq(count({"$contains": {"input": field("inputs.worker.config.model"), "substr": lit("gpt")}}, worker, config), 2)
    eq(count({"$eq": [field("inputs.project.settings.debug"), lit("true")]}, "inputs.project"), 2)
    eq(count({"$eq": [field("output.worker.status"), lit("idle")]}, "output.worker"), 1)
    eq(
        count(
            {"$gt": [number("output.worker.config.temperature"), lit(0.05)]}, "output.worker", "output.worker.config"
        ),
        1,
    )
    both = {
        "$and": [
            {"$eq": [number("inputs.worker.config.temperature"), lit(0.1)]},
            {"$eq": [field("inputs.project.name"), lit("p")]},
        ]
    }
    eq(count(both, worker, config, "inputs.project"), 1)
    either = {
        "$or": [{"$eq": [number("inputs.worker.id"), lit(0)]}, {"$eq": [field("output.worker.status"), lit("idle")]}]
    }
    eq(count(either, worker, "output.worker"), 2)
    eq(count({"$eq": [number("inputs.worker.id"), lit(1)]}), 0)
    deep, through = "inputs.worker.config.nested.a key with spaces.one", [worker, config, "inputs.worker.config.nested"]
    eq(count({"$eq": [field(deep), lit("1")]}, *through), 1)
    for direction, expected in (("asc", ["1", "2"]), ("desc", ["2", "1"])):
        rows = t.calls(sort_by=[{"field": deep, "direction": direction}], expand_columns=through)
        eq([row["inputs"]["worker"]["config"]["nested"]["a key with spaces"]["one"] for row in rows], expected)


@check
def rows_of_evaluations(t):
    import asyncio

    rows = [{"input": f"{i}", "target": i} for i in (3, 1, 2)]

    @weave.op
    def model(input):
        return int(input)

    @weave.op
    def score(target, output):
        return target == output

    asyncio.run(weave.Evaluation(name="ev", dataset=rows, scorers=[score]).evaluate(model))
    t.flush()
    example = ["inputs.example"]
    equals = {"$expr": {"$eq": [{"$getField": "inputs.example.input"}, {"$literal": "2"}]}}
    eq(len(t.client.get_calls(query=equals, expand_columns=example)), 1)
    above = {
        "$expr": {
            "$gt": [{"$convert": {"input": {"$getField": "inputs.example.target"}, "to": "double"}}, {"$literal": 1}]
        }
    }
    eq(len(t.client.get_calls(query=above, expand_columns=example)), 2)
    for direction, expected in (("asc", [1, 2, 3]), ("desc", [3, 2, 1])):
        found = t.calls(sort_by=[{"field": "inputs.example.target", "direction": direction}], expand_columns=example)
        eq([row["inputs"]["example"]["target"] for row in found[:3]], expected)
