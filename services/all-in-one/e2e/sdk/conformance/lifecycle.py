"""How a call comes to be: starts, ends and whole calls in any order, by both protocols."""

from conformance.harness import check, eq, has, moment, new_id, send, true


@check(sdk=False)
def running_then_ended(t):
    start = t.start(parent_id=new_id(), attributes={"a": 5}, inputs={"b": 5}, op_name="test_name")
    row = t.call(start["id"])
    has(
        row,
        {
            "id": start["id"],
            "project_id": t.project,
            "trace_id": start["trace_id"],
            "parent_id": start["parent_id"],
            "op_name": "test_name",
            "display_name": None,
            "ended_at": None,
            "exception": None,
            "attributes": {"a": 5},
            "inputs": {"b": 5},
            "output": None,
            "deleted_at": None,
            "wb_run_id": None,
            "wb_run_step": None,
            "thread_id": None,
            "turn_id": None,
            "storage_size_bytes": None,
            "total_storage_size_bytes": None,
        },
    )
    eq(row["summary"], {"weave": {"status": "running", "trace_name": "test_name"}})
    end = t.end(start["id"], output={"d": 5}, summary={"c": 5})
    row = t.call(start["id"])
    has(row, {"output": {"d": 5}, "summary": {"c": 5, "weave": {"status": "success", "latency_ms": 1000}}})
    eq(row["started_at"][:19], start["started_at"][:19])
    eq(row["ended_at"][:19], end["ended_at"][:19])


@check(sdk=False)
def ids_are_made_when_missing(t):
    start = {"project_id": t.project, "op_name": "op", "started_at": moment(1), "attributes": {}, "inputs": {}}
    made = t.post("/call/start", {"start": start})
    true(len(made["id"]) == 36 and len(made["trace_id"]) == 36, f"{made}")
    has(t.call(made["id"]), {"trace_id": made["trace_id"]})


@check(sdk=False)
def an_end_before_its_start(t):
    id = new_id()
    t.end(id, output=1)
    eq(t.call(id), None)
    eq(t.count(), 0)
    t.start(id=id)
    has(t.call(id), {"output": 1, "summary": {"weave": {"status": "success"}}})


@check(sdk=False)
def one_batch_of_starts_and_ends(t):
    ids = [new_id() for _ in range(3)]
    trace = new_id()
    start = lambda id: {
        "mode": "start",
        "req": {
            "start": {
                "project_id": t.project,
                "id": id,
                "trace_id": trace,
                "op_name": "op",
                "started_at": moment(ids.index(id)),
                "attributes": {},
                "inputs": {},
            }
        },
    }
    end = lambda id: {
        "mode": "end",
        "req": {
            "end": {"project_id": t.project, "id": id, "ended_at": moment(9), "summary": {}, "output": ids.index(id)}
        },
    }
    answer = t.post(
        "/call/upsert_batch", {"batch": [start(ids[0]), end(ids[0]), start(ids[1]), start(ids[2]), end(ids[2])]}
    )
    eq(
        answer["res"],
        [
            {"id": ids[0], "trace_id": trace},
            {},
            {"id": ids[1], "trace_id": trace},
            {"id": ids[2], "trace_id": trace},
            {},
        ],
    )
    eq([c["output"] for c in t.calls()], [0, None, 2])


@check(sdk=False)
def whole_calls(t):
    (sent,) = t.complete(
        {
            "op_name": "whole",
            "inputs": {"x": 1},
            "output": {"y": [1, None]},
            "summary": {"usage": {"m": {"requests": 1}}},
            "display_name": "shown",
            "thread_id": "th",
            "turn_id": "tu",
            "wb_run_id": f"{t.project}/run",
            "wb_run_step": 7,
            "wb_run_step_end": 8,
        }
    )
    has(
        t.call(sent["id"]),
        {
            "op_name": "whole",
            "inputs": {"x": 1},
            "output": {"y": [1, None]},
            "display_name": "shown",
            "thread_id": "th",
            "turn_id": "tu",
            "wb_run_id": f"{t.project}/run",
            "wb_run_step": 7,
            "wb_run_step_end": 8,
            "summary": {
                "usage": {"m": {"requests": 1}},
                "weave": {"status": "success", "display_name": "shown", "latency_ms": 1000},
            },
        },
    )


@check(sdk=False)
def a_repeated_whole_call_is_one(t):
    (sent,) = t.complete({"output": 1})
    t.v2("/calls/complete", {"batch": [sent]})
    eq(t.count(), 1)
    eq(len(t.calls()), 1)


@check(sdk=False)
def start_and_end_of_the_second_version(t):
    id, trace = new_id(), new_id()
    start = {
        "project_id": t.project,
        "id": id,
        "trace_id": trace,
        "op_name": "eager",
        "started_at": moment(0),
        "attributes": {},
        "inputs": {"x": 1},
    }
    eq(t.v2("/call/start", {"start": start}), {"id": id, "trace_id": trace})
    eq(t.call(id)["summary"]["weave"]["status"], "running")
    t.v2(
        "/call/end",
        {
            "end": {
                "project_id": t.project,
                "id": id,
                "trace_id": trace,
                "started_at": moment(0),
                "ended_at": moment(2),
                "output": 3,
                "summary": {},
            }
        },
    )
    has(t.call(id), {"output": 3, "inputs": {"x": 1}, "summary": {"weave": {"status": "success", "latency_ms": 2000}}})


@check(sdk=False)
def the_project_of_the_path_wins(t):
    id = new_id()
    body = {
        "batch": [
            {
                "project_id": "somebody/else",
                "id": id,
                "trace_id": new_id(),
                "op_name": "op",
                "started_at": moment(0),
                "ended_at": moment(1),
                "attributes": {},
                "inputs": {},
                "summary": {},
            }
        ]
    }
    t.v2("/calls/complete", body)
    eq(t.call(id)["project_id"], t.project)


@check(sdk=False)
def statuses(t):
    ok = t.complete({"output": 1})[0]["id"]
    failed = t.complete({"exception": "oh"})[0]["id"]
    below = t.complete({"summary": {"status_counts": {"success": 1, "error": 1}}})[0]["id"]
    eq(
        [t.call(id)["summary"]["weave"]["status"] for id in (ok, failed, below)],
        ["success", "error", "descendant_error"],
    )


@check(sdk=False)
def renaming(t):
    id = t.start()["id"]
    t.post("/call/update", {"call_id": id, "display_name": "one"})
    eq(t.call(id)["display_name"], "one")
    t.end(id)
    t.post("/call/update", {"call_id": id, "display_name": "two"})
    eq(t.call(id)["display_name"], "two")
    has(t.calls(columns=["display_name"])[0], {"display_name": "two"})
    t.post("/call/update", {"call_id": id, "display_name": ""})
    eq(t.call(id)["display_name"] or None, None)
    t.refused(400, "/call/update", {"call_id": id})


@check(sdk=False)
def renaming_whole_calls(t):
    id = t.complete({"display_name": "first"})[0]["id"]
    t.post("/call/update", {"call_id": id, "display_name": "second"})
    eq(t.call(id)["display_name"], "second")
    query = {"$expr": {"$eq": [{"$getField": "display_name"}, {"$literal": "second"}]}}
    eq(t.count(query=query), 1)


@check(sdk=False)
def deleting_takes_descendants(t):
    root, other = new_id(), new_id()
    child, grandchild, trace = new_id(), new_id(), new_id()
    tree = [{"id": root}, {"id": child, "parent_id": root}, {"id": grandchild, "parent_id": child}]
    t.complete(*({**call, "trace_id": trace} for call in tree), {"id": other})
    eq(t.post("/calls/delete", {"call_ids": [child]})["num_deleted"], 2)
    eq({c["id"] for c in t.calls()}, {root, other})
    eq(t.post("/calls/delete", {"call_ids": [root, other]})["num_deleted"], 2)
    eq(t.calls(), [])
    eq(t.call(root), None)
    eq(t.post("/calls/delete", {"call_ids": [new_id()]})["num_deleted"], 0)
    eq(t.post("/calls/delete", {"call_ids": []})["num_deleted"], 0)
    t.refused(413, "/calls/delete", {"call_ids": [new_id() for _ in range(1001)]})


@check(sdk=False)
def deleting_running_calls(t):
    id = t.start()["id"]
    eq(t.post("/calls/delete", {"call_ids": [id]})["num_deleted"], 1)
    t.end(id)
    eq(t.call(id), None)
    eq(t.count(), 0)


@check(sdk=False)
def payloads_survive(t):
    payload = {
        "big": 9007199254740993,
        "float": 1.0,
        "small": 1e-7,
        "neg": -0.0,
        "uni": "😀\u2028",
        "esc": '"\\/\b\f\n\r\t',
        "deep": [[[[{"": {}}]]]],
        "null": None,
        "10": 1,
        "9": 2,
    }
    id = t.complete({"inputs": payload, "output": payload, "attributes": payload})[0]["id"]
    for row in (t.call(id), t.calls()[0], t.post("/calls/query")["calls"][0]):
        for part in ("inputs", "output", "attributes"):
            eq(row[part], payload, part)
            true(isinstance(row[part]["float"], float), "1.0 became 1")


@check(sdk=False)
def outputs_of_every_type(t):
    outputs = [None, 0, False, "", "text", [], {}, 1.5]
    t.complete(*({"output": output} for output in outputs))
    eq([c["output"] for c in t.calls()], outputs)


@check(sdk=False)
def refs_in_payloads_come_back(t):
    ref = t.ref("object", "thing:abc")
    far = "weave:///other-entity/other-project/object/thing:abc"
    id = t.complete({"inputs": {"a": ref, "b": [ref, {"c": far}], "d": f"see {ref}"}})[0]["id"]
    eq(t.call(id)["inputs"], {"a": ref, "b": [ref, {"c": far}], "d": f"see {ref}"})


@check(sdk=False)
def what_is_not_valid(t):
    good = {"project_id": t.project, "op_name": "op", "started_at": moment(0), "attributes": {}, "inputs": {}}
    for members in ({"op_name": None}, {"started_at": "yesterday"}, {"inputs": []}, {"attributes": "x"}):
        answer = t.raw("/call/start", {"start": {**good, **members}})
        true(answer.status in (400, 422), f"{members}: {answer.status}")
        true(any(name in answer.json() for name in ("reason", "detail")), answer.text)
    t.refused(400, "/call/start", {"start": {**good, "op_name": "x" * 129}})
    eq(t.call(new_id()), None)


@check(sdk=False)
def both_protocols_in_one_project(t):
    legacy = t.start()["id"]
    t.end(legacy, output="legacy")
    whole = t.complete({"output": "whole"})[0]["id"]
    eq({c["id"] for c in t.calls()}, {legacy, whole})


@check(sdk=False)
def projects_and_service(t):
    eq(send("GET", "/health").json(), {"status": "ok"})
    true("min_required_weave_python_version" in send("GET", "/server_info").json(), "server_info")
    (info,) = send("POST", "/service/projects_info", {"project_ids": [t.project]}).json()
    eq(info["external_project_id"], t.project)
    true("/" not in info["internal_project_id"], "an internal id has no slash")
    eq(send("POST", "/no/such/route", {}).status, 404)


@check(sdk=False)
def other_projects_are_apart(t):
    id = t.complete({})[0]["id"]
    elsewhere = send("POST", "/calls/stream_query", {"project_id": t.project + "-other"})
    eq(elsewhere.lines(), [])
    eq(send("POST", "/call/read", {"project_id": t.project + "-other", "id": id}).json()["call"], None)
