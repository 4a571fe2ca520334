"""Evaluations as users run them: models, scorers, summaries, the calls they leave; and the imperative logger."""

import asyncio

import weave
from conformance.harness import check, eq, has, near, true


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


ROWS = [{"question": "1+1", "expected": 2}, {"question": "2+2", "expected": 4}, {"question": "3+3", "expected": 7}]


class Answers(weave.Model):
    bonus: int = 0

    @weave.op
    def predict(self, question: str) -> int:
        return sum(int(part) for part in question.split("+")) + self.bonus


@weave.op
def exact(expected: int, output: int) -> dict:
    return {"correct": expected == output, "off_by": abs(expected - output)}


class Close(weave.Scorer):
    within: int = 1

    @weave.op
    def score(self, *, output: int, expected: int) -> bool:
        return abs(output - expected) <= self.within

    @weave.op
    def summarize(self, score_rows: list) -> dict:
        return {"close": sum(1 for row in score_rows if row)}


def names(rows):
    return [
        row["summary"]["weave"]["trace_name"]
        if "trace_name" in row["summary"]["weave"]
        else row["op_name"].split("/op/")[-1].split(":")[0]
        for row in rows
    ]


def op_of(row):
    return row["op_name"].split("/op/")[-1].split(":")[0]


@check
def a_model_and_scorers(t):
    evaluation = weave.Evaluation(name="sums", dataset=ROWS, scorers=[exact, Close()])
    result = asyncio.run(evaluation.evaluate(Answers(bonus=0)))
    has(result, {"exact": {"correct": {"true_count": 2, "true_fraction": 2 / 3}}, "Close": {"close": 3}})
    near(result["exact"]["off_by"]["mean"], 1 / 3, "mean")
    t.flush()
    rows = t.calls()
    (root,) = [row for row in rows if row["parent_id"] is None]
    eq(op_of(root), "Evaluation.evaluate")
    has(root["output"], {"exact": {"correct": {"true_count": 2}}})
    true(root["inputs"]["self"].startswith(t.ref("object", "sums:")), root["inputs"]["self"])
    true(root["inputs"]["model"].startswith(t.ref("object", "Answers:")), root["inputs"]["model"])
    trials = [row for row in rows if op_of(row) == "Evaluation.predict_and_score"]
    eq(len(trials), 3)
    eq({row["parent_id"] for row in trials}, {root["id"]})
    eq({row["trace_id"] for row in rows}, {root["trace_id"]})
    for trial in trials:
        children = [op_of(row) for row in rows if row["parent_id"] == trial["id"]]
        eq(sorted(children), ["Answers.predict", "Close.score", "exact"])
        has(
            trial["output"],
            {"scores": {"exact": {}, "Close": lambda v: isinstance(v, bool)}, "output": lambda v: isinstance(v, int)},
        )
        true("/attr/rows/id/" in trial["inputs"]["example"], trial["inputs"]["example"])
    eq(len([row for row in rows if op_of(row) == "Evaluation.summarize"]), 1)
    eq(len(t.calls(filter={"trace_roots_only": True, "op_names": [t.ref("op", "Evaluation.evaluate:*")]})), 1)
    eq(sorted(o["object_id"] for o in t.objs(base_object_classes=["Evaluation"])), ["sums"])
    eq(sorted(o["leaf_object_class"] for o in t.objs(base_object_classes=["Scorer"])), ["Close"])


@check
def scores_are_feedback(t):
    evaluation = weave.Evaluation(dataset=ROWS, scorers=[exact])
    asyncio.run(evaluation.evaluate(Answers()))
    t.flush()
    predictions = [row for row in t.calls(include_feedback=True) if op_of(row) == "Answers.predict"]
    for row in predictions:
        (feedback,) = row["summary"]["weave"]["feedback"]
        has(
            feedback,
            {
                "feedback_type": "wandb.runnable.exact",
                "payload": {"output": {"correct": lambda v: isinstance(v, bool)}},
            },
        )
    wrong = {
        "$expr": {
            "$eq": [{"$getField": "feedback.[wandb.runnable.exact].payload.output.correct"}, {"$literal": "false"}]
        }
    }
    eq(len(t.calls(query=wrong)), 1)


@check
def functions_as_models(t):
    @weave.op
    async def answer(question):
        await asyncio.sleep(0)
        return 2

    dataset = weave.Dataset(name="rows", rows=ROWS)
    evaluation = weave.Evaluation(dataset=dataset, scorers=[exact], trials=2)
    result = asyncio.run(evaluation.evaluate(answer))
    eq(result["exact"]["correct"]["true_count"], 2)
    t.flush()
    eq(len([row for row in t.calls() if op_of(row) == "Evaluation.predict_and_score"]), 6)


@check
def models_that_fail(t):
    @weave.op
    def answer(question):
        if question == "2+2":
            raise ValueError("no idea")
        return 2

    asyncio.run(weave.Evaluation(dataset=ROWS, scorers=[exact]).evaluate(answer))
    t.flush()
    rows = t.calls()
    eq(
        sorted(row["summary"]["weave"]["status"] for row in rows if op_of(row) == "answer"),
        ["error", "success", "success"],
    )
    (root,) = [row for row in rows if row["parent_id"] is None]
    eq(root["summary"]["weave"]["status"], "descendant_error")


@check
def display_names_of_evaluations(t):
    evaluation = weave.Evaluation(dataset=ROWS[:1], scorers=[exact], evaluation_name="my run")
    asyncio.run(evaluation.evaluate(Answers()))
    asyncio.run(evaluation.evaluate(Answers(), __weave={"display_name": "other"}))
    t.flush()
    eq([row["display_name"] for row in t.calls(filter={"trace_roots_only": True})], ["my run", "other"])


@check
def evaluations_come_back(t):
    evaluation = weave.Evaluation(
        name="ev", dataset=weave.Dataset(name="rows", rows=ROWS), scorers=[exact, Close(within=2)], trials=3
    )
    ref = weave.publish(evaluation)
    (stored,) = t.objs(base_object_classes=["Evaluation"])
    has(
        stored["val"],
        {
            "name": "ev",
            "trials": 3,
            "dataset": lambda r: r.startswith(t.ref("object", "rows:")),
            "scorers": [lambda r: "/op/exact:" in r, lambda r: "/object/Close:" in r],
        },
    )
    eq(len(weave.ref(stored["val"]["dataset"]).get().rows), 3)
    scorer = weave.ref(stored["val"]["scorers"][1]).get()
    eq((scorer.within, scorer.score(output=5, expected=3)), (2, True))
    eq(t.post("/refs/read_batch", {"refs": [uri(ref) + "/attr/trials", uri(ref)]})["vals"], [3, stored["val"]])


@check
def summaries_of_usage(t):
    class Tokens(weave.Model):
        @weave.op
        def predict(self, question):
            return {"answer": 1, "usage": {"prompt_tokens": 3, "completion_tokens": 2}, "model": "m"}

    @weave.op
    def score(output):
        return output["answer"]

    asyncio.run(weave.Evaluation(dataset=ROWS, scorers=[score]).evaluate(Tokens()))
    t.flush()
    (root,) = t.calls(filter={"trace_roots_only": True})
    has(root["summary"]["usage"]["m"], {"requests": 3, "prompt_tokens": 9, "completion_tokens": 6})
    eq(root["summary"]["status_counts"]["error"], 0)


@check
def the_logger(t):
    logger = weave.EvaluationLogger(model="my_model", dataset="my_data")
    for i in range(3):
        prediction = logger.log_prediction(inputs={"x": i}, output=i * 2)
        prediction.log_score("correct", i != 1)
        prediction.log_score("points", i / 10)
        prediction.finish()
    logger.log_summary({"mine": 5})
    t.flush()
    rows = t.calls()
    (root,) = [row for row in rows if row["parent_id"] is None]
    eq(op_of(root), "Evaluation.evaluate")
    has(root["output"], {"correct": {"true_count": 2}})
    output = root["output"].get("output", root["output"])
    eq(output.get("mine", root["output"].get("mine")), 5)
    trials = [row for row in rows if op_of(row) == "Evaluation.predict_and_score"]
    eq([row["output"]["output"] for row in trials], [0, 2, 4])
    eq([row["output"]["scores"]["correct"] for row in trials], [True, False, True])
    eq(root["summary"]["weave"]["status"], "success")
    for trial in trials:
        children = sorted(op_of(row) for row in rows if row["parent_id"] == trial["id"])
        eq(len(children), 3, str(children))
    predicts = [
        row
        for row in t.calls(include_feedback=True)
        if op_of(row).endswith(".predict") or "predict" in op_of(row).lower() and "score" not in op_of(row)
    ]
    eq(len(predicts), 3)
    eq([len(row["summary"]["weave"]["feedback"]) for row in predicts], [2, 2, 2])


@check
def the_logger_with_names(t):
    logger = weave.EvaluationLogger(
        name="named run", model={"name": "gpt", "temperature": 0.5}, dataset=[{"x": 1}, {"x": 2}]
    )
    prediction = logger.log_prediction(inputs={"x": 1}, output="a")
    prediction.log_score("s", 1)
    logger.log_summary()
    t.flush()
    (root,) = t.calls(filter={"trace_roots_only": True})
    eq(root["display_name"], "named run")
    has(root["output"], {"s": {"mean": 1}})


@check(since=(0, 53))
def the_logger_as_a_context(t):
    logger = weave.EvaluationLogger(model="m", dataset="d")
    with logger.log_prediction(inputs={"x": 1}) as prediction:
        prediction.output = "late"
        with prediction.log_score("judge") as score:
            score.value = 0.75
    logger.log_summary({})
    t.flush()
    (trial,) = [row for row in t.calls() if op_of(row) == "Evaluation.predict_and_score"]
    eq(trial["output"]["output"], "late")
    eq(trial["output"]["scores"]["judge"], 0.75)


@check(since=(0, 53))
def the_logger_fails(t):
    logger = weave.EvaluationLogger(model="m", dataset="d")
    logger.log_prediction(inputs={"x": 1}, output=1)
    logger.fail(ValueError("stopped"))
    t.flush()
    (root,) = t.calls(filter={"trace_roots_only": True})
    eq(root["summary"]["weave"]["status"], "error")
    true("stopped" in root["exception"], root["exception"])


@check(since=(0, 53))
def reading_evaluations(t):
    evaluation = weave.Evaluation(name="ev", dataset=ROWS, scorers=[exact])
    asyncio.run(evaluation.evaluate(Answers()))
    t.flush()
    (call,) = (
        evaluation.get_evaluate_calls().values()
        if isinstance(evaluation.get_evaluate_calls(), dict)
        else evaluation.get_evaluate_calls()
    )
    eq(call.func_name, "Evaluation.evaluate")
    scores = evaluation.get_scores()
    (by_trace,) = scores.values()
    eq(sorted(by_trace), ["exact"])
    eq(len(by_trace["exact"]), 3)


@check(since=(0, 53), sdk=True)
def results_of_evaluations(t):
    evaluation = weave.Evaluation(name="ev", dataset=ROWS, scorers=[exact])
    for bonus in (0, 1):
        asyncio.run(evaluation.evaluate(Answers(bonus=bonus)))
    t.flush()
    roots = [row["id"] for row in t.calls(filter={"trace_roots_only": True})]
    res = t.v2(
        "/eval_results/query",
        {
            "evaluation_call_ids": roots,
            "include_raw_data_rows": True,
            "resolve_row_refs": True,
            "include_summary": True,
        },
    )
    eq((res["total_rows"], len(res["rows"])), (3, 3))
    for row in res["rows"]:
        eq({e["evaluation_call_id"] for e in row["evaluations"]}, set(roots))
        true(row["raw_data_row"]["question"] in ("1+1", "2+2", "3+3"), f"{row['raw_data_row']}")
        for e in row["evaluations"]:
            (trial,) = e["trials"]
            true(isinstance(trial["model_output"], int), f"{trial}")
            has(trial["scores"], {"exact": {"correct": lambda v: isinstance(v, bool)}})
    eq(len(t.v2("/eval_results/query", {"evaluation_call_ids": roots, "limit": 2})["rows"]), 2)
