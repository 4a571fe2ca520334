"""The typed objects of the second version, and evaluation runs with their predictions and scores."""

from conformance.harness import check, eq, has, send, true


def made_and_read(t, kind, body):
    made = t.v2(f"/{kind}", body)
    eq((made["version_index"], len(made["digest"])), (0, 43))
    read = send("GET", f"/v2/{t.project}/{kind}/{made['object_id']}/versions/{made['digest']}").json()
    has(
        read,
        {
            "object_id": made["object_id"],
            "digest": made["digest"],
            "version_index": 0,
            "created_at": lambda s: isinstance(s, str),
        },
    )
    return made, read


def listed(t, kind, query=""):
    return t.v2_lines(f"/{kind}{query}")


@check(sdk=False)
def ops(t):
    made, read = made_and_read(t, "ops", {"name": "my_op", "source_code": "def my_op(x):\n    return x"})
    true("def my_op" in read["code"], f"{read}")
    again = t.v2("/ops", {"name": "my_op", "source_code": "def my_op(x):\n    return x + 1"})
    eq(again["version_index"], 1)
    eq({row["digest"] for row in listed(t, "ops")} >= {again["digest"]}, True)
    eq([o["object_id"] for o in t.objs(is_op=True, latest_only=True)], [made["object_id"]])
    eq(send("DELETE", f"/v2/{t.project}/ops/my_op?digests={made['digest']}").json()["num_deleted"], 1)
    eq(send("GET", f"/v2/{t.project}/ops/my_op/versions/{made['digest']}").status, 404)
    eq(send("DELETE", f"/v2/{t.project}/ops/my_op").json()["num_deleted"], 1)
    eq(send("DELETE", f"/v2/{t.project}/ops/my_op").status, 404)


@check(sdk=False)
def datasets(t):
    made, read = made_and_read(t, "datasets", {"name": "my data", "description": "about", "rows": [{"a": 1}, {"a": 2}]})
    has(read, {"name": "my data", "description": "about", "rows": lambda r: r.startswith(t.ref("table", ""))})
    digest = read["rows"].rsplit("/", 1)[1]
    eq([row["val"] for row in t.post("/table/query", {"digest": digest})["rows"]], [{"a": 1}, {"a": 2}])
    t.v2("/datasets", {"name": "second", "rows": [{"b": 1}]})
    eq(len(listed(t, "datasets")), 2)
    eq(len(listed(t, "datasets", "?limit=1")), 1)
    eq(len(listed(t, "datasets", "?limit=5&offset=1")), 1)
    eq(sorted(o["object_id"] for o in t.objs(base_object_classes=["Dataset"])), sorted([made["object_id"], "second"]))
    eq(send("DELETE", f"/v2/{t.project}/datasets/{made['object_id']}").json()["num_deleted"], 1)
    eq(len(listed(t, "datasets")), 1)


@check(sdk=False)
def scorers(t):
    made, read = made_and_read(
        t,
        "scorers",
        {"name": "my_scorer", "description": "about", "op_source_code": "def score(output):\n    return 1"},
    )
    has(made, {"scorer": lambda r: r.startswith(t.ref("object", made["object_id"] + ":"))})
    has(read, {"name": "my_scorer", "description": "about", "score_op": lambda r: isinstance(r, str)})
    eq(
        [o["leaf_object_class"] for o in t.objs(base_object_classes=["Scorer"])],
        ["Scorer"]
        if t.objs(base_object_classes=["Scorer"])[0]["leaf_object_class"] == "Scorer"
        else [t.objs(base_object_classes=["Scorer"])[0]["leaf_object_class"]],
    )


@check(sdk=False)
def models(t):
    made, read = made_and_read(
        t,
        "models",
        {
            "name": "MyModel",
            "description": "about",
            "source_code": "class MyModel(weave.Model):\n    pass",
            "attributes": {"temperature": 0.5},
        },
    )
    has(made, {"model_ref": lambda r: r.startswith(t.ref("object", made["object_id"] + ":"))})
    has(
        read,
        {
            "name": "MyModel",
            "description": "about",
            "source_code": lambda s: "class MyModel" in s,
            "attributes": {"temperature": 0.5},
        },
    )
    eq(len(t.objs(base_object_classes=["Model"])), 1)


def evaluation(t):
    dataset = t.v2("/datasets", {"name": "data", "rows": [{"x": 1}, {"x": 2}]})
    scorer = t.v2("/scorers", {"name": "exact", "op_source_code": "def score(output):\n    return 1"})
    model = t.v2("/models", {"name": "MyModel", "source_code": "class MyModel: pass"})
    made = t.v2(
        "/evaluations",
        {
            "name": "ev",
            "description": "about",
            "dataset": t.ref("object", f"{dataset['object_id']}:{dataset['digest']}"),
            "scorers": [scorer["scorer"]],
            "trials": 2,
            "evaluation_name": "run",
        },
    )
    return made, model["model_ref"], scorer["scorer"]


@check(sdk=False)
def evaluations(t):
    made, _, scorer = evaluation(t)
    read = send("GET", f"/v2/{t.project}/evaluations/{made['object_id']}/versions/{made['digest']}").json()
    has(
        read,
        {
            "name": "ev",
            "description": "about",
            "scorers": [scorer],
            "trials": 2,
            "evaluation_name": "run",
            "dataset": lambda r: r.startswith(t.ref("object", "data:")),
        },
    )
    eq(made["evaluation_ref"], t.ref("object", f"{made['object_id']}:{made['digest']}"))
    eq(len(listed(t, "evaluations")), 1)


@check(sdk=False)
def kinds_that_are_refused(t):
    for path, body in (("scorers", {"name": "x"}), ("datasets", {"rows": "x"})):
        true(send("POST", f"/v2/{t.project}/{path}", body).status in (400, 422), path)
    eq(send("GET", f"/v2/{t.project}/datasets/none/versions/none").status, 404)
    eq(send("DELETE", f"/v2/{t.project}/datasets/none").status, 404)
    eq(listed(t, "models"), [])


@check(sdk=False)
def evaluation_runs(t):
    made, model, scorer = evaluation(t)
    run = t.v2("/evaluation_runs", {"evaluation": made["evaluation_ref"], "model": model})["evaluation_run_id"]
    read = lambda: send("GET", f"/v2/{t.project}/evaluation_runs/{run}").json()
    has(
        read(),
        {
            "evaluation_run_id": run,
            "evaluation": made["evaluation_ref"],
            "model": model,
            "finished_at": None,
            "status": "running",
        },
    )
    predictions = []
    for i in range(2):
        prediction = t.v2(
            "/predictions", {"model": model, "inputs": {"x": i}, "output": {"y": i * 2}, "evaluation_run_id": run}
        )["prediction_id"]
        predictions.append(prediction)
        score = t.v2(
            "/scores", {"prediction_id": prediction, "scorer": scorer, "value": i / 2, "evaluation_run_id": run}
        )["score_id"]
        eq(t.v2(f"/predictions/{prediction}/finish", {})["success"], True)
        has(
            send("GET", f"/v2/{t.project}/predictions/{prediction}").json(),
            {
                "prediction_id": prediction,
                "model": model,
                "inputs": {"x": i},
                "output": {"y": i * 2},
                "evaluation_run_id": run,
            },
        )
        has(
            send("GET", f"/v2/{t.project}/scores/{score}").json(),
            {"score_id": score, "scorer": scorer, "value": i / 2, "evaluation_run_id": run},
        )
    eq(t.v2(f"/evaluation_runs/{run}/finish", {"summary": {"mine": 1}})["success"], True)
    has(read(), {"status": "completed", "finished_at": lambda s: isinstance(s, str)})
    eq({row["prediction_id"] for row in t.v2_lines(f"/predictions?evaluation_run_id={run}")}, set(predictions))
    eq(len(t.v2_lines(f"/scores?evaluation_run_id={run}")), 2)
    eq([row["evaluation_run_id"] for row in t.v2_lines("/evaluation_runs")], [run])
    eq([row["evaluation_run_id"] for row in t.v2_lines(f"/evaluation_runs?evaluation_run_ids={run}")], [run])
    (root,) = t.calls(filter={"trace_roots_only": True})
    eq(root["id"], run)
    res = t.v2("/eval_results/query", {"evaluation_run_ids": [run]})
    eq(res["total_rows"], 2)
    eq(send("DELETE", f"/v2/{t.project}/evaluation_runs?evaluation_run_ids={run}").json()["num_deleted"] >= 1, True)
    eq(t.v2_lines("/evaluation_runs"), [])


@check(sdk=False)
def predictions_alone(t):
    _, model, scorer = evaluation(t)
    prediction = t.v2("/predictions", {"model": model, "inputs": {"x": 1}, "output": "text"})["prediction_id"]
    t.v2("/scores", {"prediction_id": prediction, "scorer": scorer, "value": 1})
    has(send("GET", f"/v2/{t.project}/predictions/{prediction}").json(), {"output": "text", "evaluation_run_id": None})
    eq(send("DELETE", f"/v2/{t.project}/predictions?prediction_ids={prediction}").json()["num_deleted"] >= 1, True)
    eq(send("GET", f"/v2/{t.project}/predictions/{prediction}").status, 404)
