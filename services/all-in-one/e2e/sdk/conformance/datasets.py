"""Datasets and the tables below them: publishing, reading, editing, paging, sorting."""

import random

import weave
from conformance.harness import check, eq, has, raises, true


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


def plain(rows):
    return [dict(row) for row in rows]


@check
def publish_and_read(t):
    rows = [{"question": f"{i}+{i}", "expected": 2 * i, "meta": {"tags": [i]}} for i in range(30)]
    ref = weave.publish(weave.Dataset(name="sums", rows=rows))
    dataset = weave.ref(uri(ref)).get()
    eq([row["question"] for row in dataset.rows], [row["question"] for row in rows])
    eq(len(dataset.rows), 30)
    eq(dataset.rows[3]["expected"], 6)
    eq(dataset.rows[29]["meta"]["tags"][0], 29)
    eq(dataset.name, "sums")
    eq([row["expected"] for row in dataset], [2 * i for i in range(30)])
    (stored,) = t.objs(object_ids=["sums"])
    has(
        stored,
        {
            "base_object_class": "Dataset",
            "val": {"_type": "Dataset", "rows": lambda r: r.startswith(t.ref("table", ""))},
        },
    )


@check
def refs_of_rows(t):
    ref = weave.publish(weave.Dataset(rows=[{"a": 5, "b": 6}, {"a": 7, "b": 10}]))
    dataset = weave.ref(uri(ref)).get()
    inner = dataset.rows[0]["a"]
    eq(inner, 5)
    row_ref = uri(inner.ref)
    eq(row_ref, f"{uri(ref)}/attr/rows/id/XfhC9dNA5D4taMvhKT4MKN2uce7F56Krsyv4Q6mvVMA/key/a")
    eq(weave.ref(row_ref).get(), 5)
    eq(t.post("/refs/read_batch", {"refs": [row_ref]})["vals"], [5])
    row = f"{uri(ref)}/attr/rows/id/XfhC9dNA5D4taMvhKT4MKN2uce7F56Krsyv4Q6mvVMA"
    eq(t.post("/refs/read_batch", {"refs": [row]})["vals"], [{"a": 5, "b": 6}])


@check
def many_rows(t):
    rows = [{"n": i, "text": f"row {i}"} for i in range(2500)]
    ref = weave.publish(weave.Dataset(name="many", rows=rows))
    dataset = weave.ref(uri(ref)).get()
    eq(len(dataset.rows), 2500)
    eq([row["n"] for row in dataset.rows], list(range(2500)))
    eq(dataset.rows[2499]["text"], "row 2499")


@check
def new_versions(t):
    first = weave.publish(weave.Dataset(name="ds", rows=[{"a": 1}, {"a": 2}]))
    second = weave.publish(weave.Dataset(name="ds", rows=[{"a": 1}, {"a": 2}, {"a": 3}]))
    eq([row["a"] for row in weave.ref(uri(second)).get().rows], [1, 2, 3])
    eq([row["a"] for row in weave.ref(uri(first)).get().rows], [1, 2])
    eq([row["a"] for row in weave.ref("ds").get().rows], [1, 2, 3])
    eq([o["version_index"] for o in t.objs(object_ids=["ds"])], [0, 1])


@check(since=(0, 53))
def tables_that_change(t):
    table = weave.Table(rows=[{"a": 1}, {"a": 2}])
    table.append({"a": 3})
    got = weave.publish(table, "tab").get()
    eq([dict(row) for row in got.rows], [{"a": 1}, {"a": 2}, {"a": 3}])
    got.append({"a": 4})
    got.pop(0)
    again = weave.publish(got, "tab").get()
    eq([dict(row) for row in again.rows], [{"a": 2}, {"a": 3}, {"a": 4}])
    again.rows = [{"a": 9}]
    eq([dict(row) for row in weave.publish(again, "tab").get().rows], [{"a": 9}])


@check
def add_rows(t):
    ref = weave.publish(weave.Dataset(name="ds", rows=[{"a": 1}]))
    dataset = weave.ref(uri(ref)).get()
    more = dataset.add_rows([{"a": 2}, {"a": 3}])
    eq([row["a"] for row in more.rows], [1, 2, 3])
    eq([row["a"] for row in dataset.rows], [1])
    more_ref = weave.publish(more, "ds")
    eq(len(weave.ref(uri(more_ref)).get().rows), 3)


@check
def selecting_rows(t):
    ref = weave.publish(weave.Dataset(name="ds", rows=[{"a": i} for i in range(6)]))
    dataset = weave.ref(uri(ref)).get()
    eq([row["a"] for row in dataset.select([0, 5, 2]).rows], [0, 5, 2])
    raises((IndexError, ValueError), lambda: dataset.rows[6])


@check
def from_calls(t):
    @weave.op
    def model(x):
        return x * 2

    for i in range(3):
        model(i)
    t.flush()
    dataset = weave.Dataset.from_calls(t.client.get_calls())
    ref = weave.publish(dataset, name="from-calls")
    rows = list(weave.ref(uri(ref)).get().rows)
    eq([row["inputs"]["x"] for row in rows], [0, 1, 2])
    eq([row["output"] for row in rows], [0, 2, 4])


@check
def rows_of_every_kind(t):
    rows = [{"v": value} for value in (None, True, 1, 1.5, "text", [1, [2]], {"deep": {"er": []}}, 2**53 + 1)]
    ref = weave.publish(weave.Dataset(name="kinds", rows=rows))
    got = t.post("/table/query", {"digest": t.objs(object_ids=["kinds"])[0]["val"]["rows"].rsplit("/", 1)[1]})["rows"]
    eq([row["val"] for row in got], rows)
    eq(len(weave.ref(uri(ref)).get().rows), len(rows))


@check
def the_same_dataset_in_many_places(t):
    rows = [{"a": 1}, {"a": 2}]
    one = weave.publish(weave.Dataset(name="one", rows=rows))
    two = weave.publish(weave.Dataset(name="two", rows=rows))
    tables = [o["val"]["rows"] for o in t.objs(base_object_classes=["Dataset"])]
    eq(tables[0], tables[1])
    eq([row["a"] for row in weave.ref(uri(one)).get().rows], [row["a"] for row in weave.ref(uri(two)).get().rows])


def create(t, rows):
    return t.post("/table/create", {"table": {"project_id": t.project, "rows": rows}})


def query(t, digest, **more):
    return t.post("/table/query", {"digest": digest, **more})["rows"]


def shuffled(count):
    ids = list(range(count))
    random.Random(7).shuffle(ids)
    return [{"id": i, "nested": {"a": f"value_{chr(97 + i % 26)}", "n": -i}, "group": i % 3} for i in ids]


@check(sdk=False)
def tables(t):
    data = shuffled(20)
    made = create(t, data)
    eq(len(made["row_digests"]), 20)
    rows = query(t, made["digest"])
    eq([row["val"] for row in rows], data)
    eq([row["digest"] for row in rows], made["row_digests"])
    eq(t.lines("/table/query_stream", {"digest": made["digest"]}), rows)
    eq([row["original_index"] for row in rows], list(range(20)))
    eq(query(t, "invalid"), [])
    wanted = made["row_digests"][2:5]
    eq([row["digest"] for row in query(t, made["digest"], filter={"row_digests": wanted})], wanted)
    eq(query(t, made["digest"], filter={"row_digests": ["invalid"]}), [])
    eq([row["val"] for row in query(t, made["digest"], limit=5)], data[:5])
    eq([row["val"] for row in query(t, made["digest"], offset=3)], data[3:])
    eq([row["val"] for row in query(t, made["digest"], limit=4, offset=18)], data[18:])
    eq(query(t, made["digest"], offset=99), [])


@check(sdk=False)
def digests_of_tables(t):
    made = create(t, [{"a": 1}, {"a": 2}])
    eq(
        made["row_digests"],
        ["XdhgKMbg1k4iUYb5astpM4ssWXZN95FiEH9cS7NNExA", "5anVsDAOD1DTcuWp3fokIIqsmpQM6aNvJHOHIhriBf4"],
    )
    eq(made["digest"], "1c95cdc46a75d6e7e971986a80adfcd676dd22f2222a3405c7743f3db8df6785")
    table = {"project_id": t.project, "rows": [{"a": 1}, {"a": 2}]}
    eq(t.post("/table/create", {"table": {**table, "expected_digest": made["digest"]}})["digest"], made["digest"])
    t.refused(409, "/table/create", {"table": {**table, "expected_digest": "wrong"}})
    eq(create(t, [])["digest"], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


@check(sdk=False)
def sorting_rows(t):
    data = shuffled(20)
    digest = create(t, data)["digest"]
    order = lambda *fields, **more: [
        row["val"]["id"]
        for row in query(
            t,
            digest,
            sort_by=[{"field": f.lstrip("-"), "direction": "desc" if f[0] == "-" else "asc"} for f in fields],
            **more,
        )
    ]
    eq(order("-id"), list(range(19, -1, -1)))
    eq(order("id"), list(range(20)))
    eq(order("nested.a"), list(range(20)))
    eq(order("nested.n"), list(range(19, -1, -1)))
    eq(order("group", "-id"), sorted(range(20), key=lambda i: (i % 3, -i)))
    eq(order("-id", limit=5, offset=2), [17, 16, 15, 14, 13])
    for bad in ("", ".", "..", "a.", ".a", "a..b"):
        answer = t.raw("/table/query", {"digest": digest, "sort_by": [{"field": bad, "direction": "asc"}]})
        true(answer.status in (400, 422), f"{bad!r}: {answer.status} {answer.text[:100]}")


@check(sdk=False)
def repeated_rows(t):
    data = [{"val": i} for i in range(5) for _ in range(3)]
    made = create(t, data)
    eq([row["val"] for row in query(t, made["digest"])], data)
    eq(len(query(t, made["digest"], filter={"row_digests": [made["row_digests"][0]]})), 3)
    eq(t.post("/table/query_stats", {"digest": made["digest"]})["count"], 15)


@check(sdk=False)
def counting_rows(t):
    digest = create(t, shuffled(10))["digest"]
    eq(t.post("/table/query_stats", {"digest": digest})["count"], 10)
    eq(t.post("/table/query_stats", {"digest": "missing"})["count"], 0)
    empty = create(t, [])["digest"]
    eq(t.post("/table/query_stats", {"digest": empty})["count"], 0)
    other = create(t, [{"key": "value" * 1000}])["digest"]
    stats = t.post("/table/query_stats_batch", {"digests": [digest, other], "include_storage_size": True})["tables"]
    by = {row["digest"]: row for row in stats}
    eq((by[digest]["count"], by[other]["count"]), (10, 1))
    eq(by[other]["storage_size_bytes"], 5011)
    plain_stats = t.post("/table/query_stats_batch", {"digests": [digest]})["tables"]
    eq(plain_stats[0].get("storage_size_bytes"), None)


@check(sdk=False)
def updating_tables(t):
    base = create(t, [{"a": i} for i in range(3)])
    update = lambda digest, *updates: t.post("/table/update", {"base_digest": digest, "updates": list(updates)})
    vals = lambda digest: [row["val"]["a"] for row in query(t, digest)]
    appended = update(base["digest"], {"append": {"row": {"a": 3}}})
    eq(vals(appended["digest"]), [0, 1, 2, 3])
    eq(len(appended["updated_row_digests"]), 1)
    popped = update(base["digest"], {"pop": {"index": 1}})
    eq(vals(popped["digest"]), [0, 2])
    eq(popped["updated_row_digests"], [base["row_digests"][1]])
    inserted = update(base["digest"], {"insert": {"index": 1, "row": {"a": 9}}})
    eq(vals(inserted["digest"]), [0, 9, 1, 2])
    mixed = update(
        base["digest"],
        {"append": {"row": {"a": 3}}},
        {"pop": {"index": 0}},
        {"insert": {"index": 0, "row": {"a": 8}}},
        {"insert": {"index": 4, "row": {"a": 7}}},
    )
    eq(vals(mixed["digest"]), [8, 1, 2, 3, 7])
    eq(vals(base["digest"]), [0, 1, 2])
    direct = create(t, [{"a": 8}, {"a": 1}, {"a": 2}, {"a": 3}, {"a": 7}])
    eq(mixed["digest"], direct["digest"])
    empty = create(t, [])
    eq(vals(update(empty["digest"], {"append": {"row": {"a": 1}}})["digest"]), [1])
    eq(vals(update(base["digest"])["digest"]), [0, 1, 2])


@check(sdk=False)
def updates_that_are_refused(t):
    base = create(t, [{"a": 1}])["digest"]
    for bad in (
        {"pop": {"index": 1}},
        {"pop": {"index": -1}},
        {"insert": {"index": 2, "row": {}}},
        {"insert": {"index": -1, "row": {}}},
    ):
        t.refused(400, "/table/update", {"base_digest": base, "updates": [bad]})
    t.refused(404, "/table/update", {"base_digest": "missing", "updates": [{"append": {"row": {}}}]})


@check(sdk=False)
def tables_from_digests(t):
    data = [{"a": i} for i in range(4)]
    made = create(t, data)
    answer = t.raw("/table/create_from_digests", {"row_digests": [made["row_digests"][i] for i in (3, 0, 0)]})
    if answer.status == 404:
        return
    eq([row["val"]["a"] for row in query(t, answer.json()["digest"])], [3, 0, 0])
    whole = t.post("/table/create_from_digests", {"row_digests": made["row_digests"]})
    eq(whole["digest"], made["digest"])
