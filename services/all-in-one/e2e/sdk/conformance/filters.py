"""Reading calls: filters, pages, order, columns, sizes. Twelve calls in two trees and beside them."""

from conformance.harness import check, eq, has, moment, new_id, true


def family(t):
    """Two roots with children, in threads; answers the calls that were sent."""
    ids = [new_id() for _ in range(12)]
    traces = [new_id() for _ in range(4)]
    config = t.ref("object", "Config:abc123")
    calls = []
    for i, id in enumerate(ids):
        tree = i // 4 if i < 8 else 2 + i % 2
        first = ids[tree * 4 if i < 8 else i]
        calls.append(
            {
                "id": id,
                "trace_id": traces[tree] if i < 8 else new_id(),
                "parent_id": None if i % 4 == 0 or i >= 8 else first,
                "op_name": t.ref("op", f"op{i % 3}:digest{i % 2}") if i < 10 else "free",
                "thread_id": f"thread{tree}" if i < 8 else None,
                "turn_id": first if i < 8 else None,
                "inputs": {"n": i, "config": config} if i % 3 == 0 else {"n": i, "text": f"row {i}"},
                "output": t.ref("object", f"Out:{i % 2}") if i in (1, 2) else {"value": 100 - i, "list": [i, i + 1]},
                "attributes": {"env": "prod" if i % 2 else "test"},
                "exception": "failed" if i == 5 else None,
                "wb_run_id": f"{t.project}/run{i % 2}" if i < 4 else None,
                "wb_run_step": i,
                "started_at": moment(i),
                "ended_at": moment(i + 1 + (i % 5)),
            }
        )
    return t.complete(*calls)


def numbers(rows):
    return [row["inputs"].get("n") for row in rows]


@check(sdk=False)
def by_op(t):
    family(t)
    eq(numbers(t.calls(filter={"op_names": [t.ref("op", "op1:digest1")]})), [1, 7])
    eq(numbers(t.calls(filter={"op_names": [t.ref("op", "op1:*")]})), [1, 4, 7])
    eq(numbers(t.calls(filter={"op_names": [t.ref("op", "op1:*"), "free"]})), [1, 4, 7, 10, 11])
    eq(numbers(t.calls(filter={"op_names": [t.ref("op", "op9:*")]})), [])
    eq(len(t.calls(filter={"op_names": []})), 12)


@check(sdk=False)
def by_ids(t):
    calls = family(t)
    eq(numbers(t.calls(filter={"call_ids": [calls[3]["id"], calls[1]["id"]]})), [1, 3])
    eq(numbers(t.calls(filter={"trace_ids": [calls[0]["trace_id"]]})), [0, 1, 2, 3])
    eq(numbers(t.calls(filter={"parent_ids": [calls[4]["id"]]})), [5, 6, 7])
    eq(numbers(t.calls(filter={"trace_roots_only": True})), [0, 4, 8, 9, 10, 11])
    eq(len(t.calls(filter={"trace_roots_only": False})), 12)
    eq(numbers(t.calls(filter={"trace_roots_only": True, "trace_ids": [calls[0]["trace_id"]]})), [0])
    eq(t.calls(filter={"call_ids": [new_id()]}), [])
    eq(len(t.calls(filter={"call_ids": [], "parent_ids": [], "trace_ids": None})), 12)
    t.refused(400, "/calls/stream_query", {"filter": {"call_ids": [new_id() for _ in range(1001)]}})


@check(sdk=False)
def by_thread_and_run(t):
    calls = family(t)
    eq(numbers(t.calls(filter={"thread_ids": ["thread0"]})), [0, 1, 2, 3])
    eq(numbers(t.calls(filter={"turn_ids": [calls[4]["id"]]})), [4, 5, 6, 7])
    eq(t.calls(filter={"thread_ids": ["no such"]}), [])
    eq(numbers(t.calls(filter={"wb_run_ids": ["run1"]})), [1, 3])
    eq(numbers(t.calls(filter={"wb_run_ids": [f"{t.project}/run1", "run0"]})), [0, 1, 2, 3])


@check(sdk=False)
def by_refs(t):
    family(t)
    config = t.ref("object", "Config:abc123")
    eq(numbers(t.calls(filter={"input_refs": [config]})), [0, 3, 6, 9])
    eq(numbers(t.calls(filter={"input_refs": [t.ref("object", "Config:*")]})), [0, 3, 6, 9])
    eq(numbers(t.calls(filter={"input_refs": [t.ref("object", "Config:zzz")]})), [])
    eq(numbers(t.calls(filter={"output_refs": [t.ref("object", "Out:1")]})), [1])
    eq(numbers(t.calls(filter={"output_refs": [t.ref("object", "Out:*")]})), [1, 2])
    eq(len(t.calls(filter={"input_refs": []})), 12)


@check(sdk=False)
def together(t):
    calls = family(t)
    both = {"trace_ids": [calls[0]["trace_id"]], "op_names": [t.ref("op", "op0:*")]}
    eq(numbers(t.calls(filter=both)), [0, 3])
    query = {"$expr": {"$eq": [{"$getField": "attributes.env"}, {"$literal": "prod"}]}}
    eq(numbers(t.calls(filter=both, query=query)), [3])
    eq(t.count(filter=both, query=query), 1)


@check(sdk=False)
def pages(t):
    family(t)
    eq(numbers(t.calls(limit=3)), [0, 1, 2])
    eq(numbers(t.calls(offset=9)), [9, 10, 11])
    eq(numbers(t.calls(limit=2, offset=5)), [5, 6])
    eq(numbers(t.calls(offset=50)), [])
    for request in ({"limit": -1}, {"offset": -1}):
        t.refused(400, "/calls/stream_query", request)
    whole = t.calls()
    eq([row for i in range(0, 12, 5) for row in t.calls(limit=5, offset=i)], whole)
    eq(t.post("/calls/query")["calls"], whole)


@check(sdk=False)
def orders(t):
    family(t)
    order = lambda field, direction="asc", **more: numbers(
        t.calls(sort_by=[{"field": field, "direction": direction}], **more)
    )
    eq(order("started_at"), list(range(12)))
    eq(order("started_at", "desc"), list(range(11, -1, -1)))
    eq(order("inputs.n", "desc"), list(range(11, -1, -1)))
    eq(order("output.value")[:10], list(range(11, 2, -1)) + [0])
    eq(order("output.list.0", "desc")[:3], [11, 10, 9])
    eq(order("summary.weave.latency_ms", "desc", limit=2) in ([4, 9], [9, 4]), True)
    eq(order("wb_run_step", "desc", limit=2), [11, 10])
    both = [{"field": "attributes.env", "direction": "asc"}, {"field": "inputs.n", "direction": "desc"}]
    eq(numbers(t.calls(sort_by=both)), [11, 9, 7, 5, 3, 1, 10, 8, 6, 4, 2, 0])
    t.refused(422, "/calls/stream_query", {"sort_by": [{"field": "nonsense", "direction": "asc"}]})
    t.refused(422, "/calls/stream_query", {"sort_by": [{"field": "started_at", "direction": "up"}]})


@check(sdk=False)
def orders_of_mixed_values(t):
    values = [{"p": None}, {"other": 1}, {"p": 100}, {"p": 2}, {"p": "b"}, {"p": "a"}]
    t.complete(*({"inputs": value} for value in values))
    order = lambda direction: [
        row["inputs"].get("p") for row in t.calls(sort_by=[{"field": "inputs.p", "direction": direction}])
    ]
    eq(order("desc"), [100, 2, "b", "a", None, None])
    eq(order("asc"), [2, 100, "a", "b", None, None])


@check(sdk=False)
def equal_times_have_one_order(t):
    t.complete(*({"started_at": moment(0), "inputs": {"n": n}} for n in range(50)))
    first = numbers(t.calls())
    for _ in range(3):
        eq(numbers(t.calls()), first)
    eq([n for i in range(0, 50, 7) for n in numbers(t.calls(limit=7, offset=i))], first)


@check(sdk=False)
def columns(t):
    family(t)
    (row,) = t.calls(columns=["id", "inputs"], limit=1)
    has(row, {"inputs": {"n": 0}, "attributes": {}, "output": None, "project_id": t.project})
    true(all(row[name] for name in ("id", "trace_id", "op_name", "started_at")), "what is always there")
    (row,) = t.calls(columns=["id", "summary"], limit=1)
    has(row, {"inputs": {}, "attributes": {}, "output": None, "summary": {"weave": {"status": "success"}}})
    true(row["ended_at"] is not None, "summary needs ended_at")
    (row,) = t.calls(columns=["output.value", "inputs.n"], limit=1)
    has(row, {"output": {"value": 100}, "inputs": {"n": 0}})
    (row,) = t.calls(columns=["attributes.env"], limit=1)
    has(row, {"attributes": {"env": "test"}, "inputs": {}, "output": None})
    (row,) = t.calls(columns=["thread_id", "turn_id", "wb_run_id", "exception"], limit=1)
    has(row, {"thread_id": "thread0", "exception": None})
    (row,) = t.calls(columns=["output", "output.value", "output.list", "output.list.0"], limit=1)
    eq(row["output"], {"value": 100, "list": [0, 1]})
    t.refused(422, "/calls/stream_query", {"columns": ["nonsense"]})


@check(sdk=False)
def counting(t):
    calls = family(t)
    eq(t.count(), 12)
    eq(t.count(filter={"trace_roots_only": True}), 6)
    eq(t.count(limit=5), 5)
    eq(t.count(limit=1), 1)
    eq(t.count(limit=100), 12)
    eq(t.count(filter={"thread_ids": ["no such"]}, limit=1), 0)
    capped = t.post("/calls/query_stats", {"limit": 5})
    eq(capped["has_more"], True)
    eq(t.post("/calls/query_stats", {"limit": 100})["has_more"], False)
    t.refused(400, "/calls/query_stats", {"limit": -1})
    t.post("/calls/delete", {"call_ids": [calls[0]["id"]]})
    eq(t.count(), 8)


@check(sdk=False)
def counting_in_a_window(t):
    family(t)
    after = lambda seconds: {"$expr": {"$gt": [{"$getField": "started_at"}, {"$literal": seconds}]}}
    eq(t.count(query=after(1)), 12)
    eq(t.count(query=after(99999999999)), 0)
    t.end(new_id(), started_at=moment(3))
    eq(t.count(query=after(1)), 12)


@check(sdk=False)
def sizes(t):
    root, child = new_id(), new_id()
    trace = new_id()
    t.complete(
        {"id": root, "trace_id": trace, "inputs": {"data": "x" * 1000}},
        {"id": child, "trace_id": trace, "parent_id": root, "output": "y" * 500},
    )
    plain = t.calls()[0]
    eq((plain["storage_size_bytes"], plain["total_storage_size_bytes"]), (None, None))
    first, second = t.calls(include_storage_size=True, include_total_storage_size=True)
    true(first["storage_size_bytes"] > 1000 and second["storage_size_bytes"] > 500, "sizes of calls")
    true(
        first["total_storage_size_bytes"] >= first["storage_size_bytes"] + second["storage_size_bytes"],
        "size of the trace",
    )
    eq(second["total_storage_size_bytes"], None)
    stats = t.post("/calls/query_stats", {"include_total_storage_size": True})
    true(stats["total_storage_size_bytes"] >= 1500, f"{stats}")
    has(t.call(root, include_storage_size=True), {"storage_size_bytes": lambda n: n > 1000})


@check(sdk=False)
def formats_of_answers(t):
    family(t)
    answer = t.raw("/calls/stream_query", {"limit": 2})
    eq(answer.text.rstrip("\n").count("\n"), 1)
    eq(t.raw("/calls/stream_query", {"filter": {"call_ids": [new_id()]}}).text.strip(), "")
    eq(t.post("/calls/query", {"filter": {"call_ids": [new_id()]}}), {"calls": []})
    eq(len(t.calls(filter=None, query=None, sort_by=None, columns=None, limit=None, include_costs=False)), 12)
    eq(len(t.calls(sort_by=[])), 12)
