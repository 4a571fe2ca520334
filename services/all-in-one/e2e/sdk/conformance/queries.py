"""The query language over calls: each operator, each kind of field, what it makes of types that differ, what it refuses."""

from conformance.harness import check, eq, moment, true

field = lambda path: {"$getField": path}
lit = lambda value: {"$literal": value}
conv = lambda path, to: {"$convert": {"input": field(path), "to": to}}
n = lambda path: conv(path, "int")


def contains(path, part, **more):
    return {"$contains": {"input": field(path), "substr": lit(part), **more}}


def thirteen(t):
    """Ten regular rows, one of other types, a bare text and a bare number."""
    rows = [{"prim": i, "list": [i], "dict": {"inner": i}, "str": f"str_{i}"} for i in range(10)]
    rows += [
        {"prim": "Different Type", "list": "Different Type", "dict": "Different Type", "str": False},
        "simple_primitive",
        42,
    ]
    t.complete(*({"inputs": {"in_val": row}, "output": row} for row in rows))


def counts(t, *cases):
    """All of the cases, so that one wrong answer does not hide the next."""
    wrong = []
    for expected, expr in cases:
        query = {"$expr": expr}
        answer = t.raw("/calls/query", {"query": query})
        found = len(answer.json()["calls"]) if answer.status == 200 else f"{answer.status} {answer.text[:200]}"
        stats = t.raw("/calls/query_stats", {"query": query})
        counted = stats.json()["count"] if stats.status == 200 else stats.status
        if (found, counted) != (expected, expected):
            wrong.append(f"{expr}: expected {expected}, got {found}, counted {counted}")
    true(not wrong, "; ".join(wrong))


@check(sdk=False)
def literals_alone(t):
    thirteen(t)
    counts(t, (13, {"$eq": [lit(1), lit(1)]}), (0, {"$eq": [lit(1), lit(2)]}), (13, {"$eq": [lit("1"), lit("1")]}))


@check(sdk=False)
def comparisons(t):
    thirteen(t)
    prim = n("inputs.in_val.prim")
    counts(
        t,
        (1, {"$eq": [lit(5), prim]}),
        (1, {"$eq": [prim, lit(5)]}),
        (4, {"$gt": [prim, lit(5)]}),
        (5, {"$gte": [prim, lit(5)]}),
        (5, {"$lt": [prim, lit(5)]}),
        (6, {"$lte": [prim, lit(5)]}),
        (6, {"$not": [{"$gt": [prim, lit(5)]}]}),
        (5, {"$not": [{"$gte": [prim, lit(5)]}]}),
        (10, {"$gte": [prim, lit(-1)]}),
        (1, {"$eq": [lit("simple_primitive"), field("inputs.in_val")]}),
        (1, {"$eq": [lit("simple_primitive"), field("output")]}),
        (1, {"$eq": [field("inputs.in_val.str"), lit("str_3")]}),
        (0, {"$eq": [lit(5), n("inputs.in_val.str")]}),
        (1, {"$eq": [lit("5"), conv("inputs.in_val.prim", "string")]}),
        (4, {"$gt": [n("inputs.in_val.list.0"), lit(5)]}),
        (4, {"$gt": [n("inputs.in_val.dict.inner"), lit(5)]}),
        (4, {"$gt": [n("output.prim"), lit(5)]}),
        (4, {"$gt": [n("output.list.0"), lit(5)]}),
        (4, {"$gt": [n("output.dict.inner"), lit(5)]}),
        (5, {"$gt": [conv("output.prim", "double"), lit(4.5)]}),
    )


@check(sdk=False)
def numbers_without_conversion(t):
    t.complete(*({"inputs": {"n": value}} for value in (1, 2.5, 10, "10", True, None)))
    counts(
        t,
        (2, {"$gte": [field("inputs.n"), lit(10)]}),
        (1, {"$eq": [field("inputs.n"), lit(2.5)]}),
    )


@check(sdk=False)
def booleans(t):
    t.complete(*({"inputs": {"flag": value}} for value in (True, False, True, "x")), {"inputs": {}})
    counts(
        t,
        (2, {"$eq": [field("inputs.flag"), lit(True)]}),
        (2, {"$eq": [field("inputs.flag"), lit("true")]}),
        (1, {"$eq": [field("inputs.flag"), lit("false")]}),
    )


@check(sdk=False)
def substrings(t):
    thirteen(t)
    path = "inputs.in_val.str"
    counts(
        t,
        (10, contains(path, "str")),
        (1, contains(path, "str_7")),
        (0, contains(path, "STR")),
        (10, contains(path, "STR", case_insensitive=True)),
        (0, contains(path, "s%r")),
        (0, contains(path, "str*")),
        (1, contains("output", "simple")),
        (13, contains(path, "")),
    )


@check(sdk=False)
def substrings_of_lists(t):
    for more in ([], ["extra"], ["extra2"]):
        t.complete({"output": {"messages": ["hello", "world", *more]}})
    counts(
        t,
        (3, contains("output.messages", "hello")),
        (2, contains("output.messages", "extra")),
        (1, contains("output.messages", "extra2")),
    )


@check(sdk=False)
def texts_with_odd_characters(t):
    texts = ["100%", "under_score", "back\\slash", "new\nline", "é😀", "it's"]
    t.complete(*({"inputs": {"s": text}} for text in texts))
    for text in texts:
        counts(t, (1, {"$eq": [field("inputs.s"), lit(text)]}))
    counts(
        t,
        (1, contains("inputs.s", "0%")),
        (1, contains("inputs.s", "r_s")),
        (1, contains("inputs.s", "😀")),
        (1, contains("inputs.s", "t's")),
    )


@check(sdk=False)
def logic(t):
    thirteen(t)
    prim = n("inputs.in_val.prim")
    counts(
        t,
        (3, {"$and": [{"$not": [{"$gt": [prim, lit(7)]}]}, {"$gte": [prim, lit(5)]}]}),
        (5, {"$or": [{"$not": [{"$gt": [prim, lit(3)]}]}, {"$gte": [prim, lit(9)]}]}),
        (1, {"$and": [{"$eq": [prim, lit(5)]}]}),
        (
            2,
            {"$or": [{"$eq": [prim, lit(5)]}, {"$and": [{"$eq": [prim, lit(6)]}, contains("inputs.in_val.str", "6")]}]},
        ),
        (3, {"$in": [field("inputs.in_val.str"), [lit("str_1"), lit("str_2"), lit("str_3"), lit("none")]]}),
        (0, {"$in": [field("inputs.in_val.str"), [lit("none")]]}),
    )


@check(sdk=False)
def columns_of_calls(t):
    calls = t.complete(
        *(
            {
                "op_name": f"op{i % 2}",
                "thread_id": "th" if i == 1 else None,
                "exception": "oh no" if i == 2 else None,
                "display_name": f"d{i}",
                "wb_run_step": i,
            }
            for i in range(4)
        )
    )
    ids = [call["id"] for call in calls]
    counts(
        t,
        (2, {"$in": [field("id"), [lit(id) for id in ids[:2]]]}),
        (1, {"$eq": [field("id"), lit(ids[3])]}),
        (1, {"$eq": [field("trace_id"), lit(calls[0]["trace_id"])]}),
        (2, {"$eq": [field("op_name"), lit("op1")]}),
        (1, {"$eq": [field("thread_id"), lit("th")]}),
        (1, {"$eq": [field("display_name"), lit("d2")]}),
        (1, contains("exception", "oh")),
        (4, {"$eq": [field("parent_id"), lit(None)]}),
        (3, {"$eq": [field("exception"), lit(None)]}),
        (1, {"$not": [{"$eq": [field("exception"), lit(None)]}]}),
        (3, {"$eq": [field("thread_id"), lit(None)]}),
        (2, {"$gte": [field("wb_run_step"), lit(2)]}),
        (2, {"$lt": [field("wb_run_step"), lit(2)]}),
    )


@check(sdk=False)
def derived_columns(t):
    t.complete(
        {"op_name": "good", "started_at": moment(0), "ended_at": moment(1)},
        {"op_name": "bad", "exception": "x"},
        {"op_name": t.ref("op", "slow:d"), "started_at": moment(0), "ended_at": moment(60)},
        {"summary": {"status_counts": {"error": 2}, "score": 7}},
    )
    counts(
        t,
        (2, {"$eq": [field("summary.weave.status"), lit("success")]}),
        (1, {"$eq": [field("summary.weave.status"), lit("error")]}),
        (1, {"$eq": [field("summary.weave.status"), lit("descendant_error")]}),
        (2, {"$in": [field("summary.weave.status"), [lit("error"), lit("descendant_error")]]}),
        (1, {"$gt": [field("summary.weave.latency_ms"), lit(30000)]}),
        (1, {"$eq": [field("summary.weave.trace_name"), lit("slow")]}),
        (1, {"$eq": [n("summary.score"), lit(7)]}),
    )


@check(sdk=False)
def times(t):
    t.complete(*({"started_at": moment(i), "ended_at": moment(i + 10)} for i in range(5)))
    import datetime

    at = lambda seconds: datetime.datetime.fromisoformat(moment(seconds).replace("Z", "+00:00")).timestamp()
    counts(
        t,
        (3, {"$gte": [field("started_at"), lit(at(2))]}),
        (2, {"$lt": [field("started_at"), lit(at(2))]}),
        (1, {"$gt": [field("ended_at"), lit(at(13))]}),
        (0, {"$gt": [field("started_at"), lit(99999999999)]}),
        (2, {"$and": [{"$gte": [field("started_at"), lit(at(1))]}, {"$lt": [field("started_at"), lit(at(3))]}]}),
    )


@check(sdk=False)
def times_as_texts(t):
    t.complete({"started_at": "2025-06-01T00:00:00Z", "ended_at": "2025-06-01T01:00:00Z"})
    after = lambda text: {"$expr": {"$gt": [field("started_at"), lit(text)]}}
    for text in ("2025-03-01 00:00:00 UTC", "2025-03-01", "2025-03-01T00:00:00Z", "2025-05-31T23:59:59.999999+00:00"):
        eq(t.count(query=after(text)), 1, text)
    for text in ("2025-06-01T00:00:00Z", "2999-01-01T00:00:00Z"):
        eq(t.count(query=after(text)), 0, text)
    for text in ("T00:00:00Z", "not-a-timestamp", ""):
        answer = t.raw("/calls/stream_query", {"query": after(text)})
        true(400 <= answer.status, f"{text!r}: {answer.status}")


@check(sdk=False)
def running_calls(t):
    for i in range(2):
        t.start(inputs={"param": {"value1": "hello"}})
    done = t.start(inputs={"param": {"value1": "hello"}})
    t.end(done["id"], output={"message": "COMPLETED"})
    counts(
        t,
        (3, {"$eq": [field("inputs.param.value1"), lit("hello")]}),
        (3, {"$in": [field("inputs.param.value1"), [lit("hello")]]}),
        (2, {"$eq": [field("summary.weave.status"), lit("running")]}),
        (2, {"$eq": [field("ended_at"), lit(None)]}),
        (
            1,
            {
                "$and": [
                    {"$eq": [field("inputs.param.value1"), lit("hello")]},
                    contains("output.message", "completed", case_insensitive=True),
                ]
            },
        ),
    )


@check(sdk=False)
def missing_null_and_empty(t):
    t.complete({"attributes": {"x": ""}}, {"attributes": {"x": None}}, {"attributes": {}}, {"attributes": {"x": "v"}})
    counts(t, (1, {"$eq": [field("attributes.x"), lit("v")]}), (3, {"$eq": [field("attributes.x"), lit("")]}))


@check(sdk=False)
def paths_into_lists(t):
    t.complete(
        {"inputs": {"rows": [{"k": "a"}, {"k": "b"}]}},
        {"inputs": {"rows": [{"k": "c"}]}},
        {"inputs": {"rows": {"1": {"k": "b"}}}},
    )
    counts(t, (1, {"$eq": [field("inputs.rows.0.k"), lit("a")]}))
    true(t.count(query={"$expr": {"$eq": [field("inputs.rows.1.k"), lit("b")]}}) >= 1, "an index of a list")


@check(sdk=False)
def what_is_refused(t):
    thirteen(t)
    eq_one = {"$eq": [lit(1), lit(1)]}
    for status, expr in (
        (422, {"$eq": [field("nonsense"), lit(1)]}),
        (422, {"$contains": {"input": field("total_storage_size_bytes"), "substr": lit("x")}}),
        (422, {"$nope": [eq_one]}),
        (422, {"$eq": [lit(1)]}),
        (422, {"$not": [eq_one, eq_one]}),
        (422, {"$contains": {"input": field("id")}}),
        (422, {"$convert": {"input": field("id"), "to": "int"}}),
    ):
        t.refused(status, "/calls/stream_query", {"query": {"$expr": expr}})
        t.refused(status, "/calls/query_stats", {"query": {"$expr": expr}})
    t.refused(422, "/calls/stream_query", {"query": {"$expr": eq_one, "more": 1}})
