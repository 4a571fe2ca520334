"""Prices of models and what calls cost by them."""

import datetime

import weave
from conformance.harness import check, eq, has, near, new_id, true


@check
def prices_by_the_client(t):
    client = t.client
    eq(list(client.query_costs()), [])
    made = t.post(
        "/cost/create",
        {
            "costs": {
                "one": {"prompt_token_cost": 5, "completion_token_cost": 10},
                "two": {"prompt_token_cost": 15, "completion_token_cost": 20, "provider_id": "josiah"},
                "three": {
                    "prompt_token_cost": 25,
                    "completion_token_cost": 30,
                    "effective_date": "2021-04-22T00:00:00Z",
                },
                "four": {
                    "prompt_token_cost": 35,
                    "completion_token_cost": 40,
                    "completion_token_cost_unit": "doubleoons",
                },
            }
        },
    )["ids"]
    eq([pair[1] for pair in made], ["one", "two", "three", "four"])
    ids = {name: id for id, name in made}
    eq(len(client.query_costs()), 4)
    (third,) = client.query_costs(ids["three"])
    eq(third.llm_id, "three")
    (second,) = client.query_costs(llm_ids=["two"])
    eq((second.llm_id, second.provider_id), ("two", "josiah"))
    units = {cost.llm_id: cost.completion_token_cost_unit for cost in client.query_costs(llm_ids=["one", "four"])}
    eq(units, {"one": "USD", "four": "doubleoons"})
    added = client.add_cost("three", 500, 1000, datetime.datetime(1998, 10, 3))
    last = added.ids[0][0]
    eq({cost.effective_date.year for cost in client.query_costs(llm_ids=["three"])}, {2021, 1998})
    eq(len(client.query_costs(llm_ids=["three"], limit=1)), 1)
    eq(len(client.query_costs(llm_ids=["three"], offset=1)), 1)
    client.purge_costs(ids["one"])
    eq(len(client.query_costs()), 4)
    client.purge_costs(ids["one"])
    eq(len(client.query_costs()), 4)
    client.purge_costs([id for id, _ in made])
    eq([cost.id for cost in client.query_costs()], [last])
    client.purge_costs(last)
    eq(len(client.query_costs()), 0)


@check(sdk=False)
def prices(t):
    ids = t.post(
        "/cost/create",
        {
            "costs": {
                "m": {"prompt_token_cost": 0.001, "completion_token_cost": 0.002},
                "n": {"prompt_token_cost": 2, "completion_token_cost": 3},
            }
        },
    )["ids"]
    above = {"$expr": {"$gt": [{"$getField": "completion_token_cost"}, {"$literal": 1}]}}
    (row,) = t.post("/cost/query", {"query": above})["results"]
    has(
        row,
        {
            "id": ids[1][0],
            "llm_id": "n",
            "prompt_token_cost": 2,
            "completion_token_cost": 3,
            "prompt_token_cost_unit": "USD",
            "completion_token_cost_unit": "USD",
            "provider_id": "default",
            "effective_date": lambda s: isinstance(s, str),
        },
    )
    one = {"$expr": {"$eq": [{"$literal": "1"}, {"$literal": "1"}]}}
    eq(len(t.post("/cost/query", {"query": one, "limit": 100, "offset": 0})["results"]), 2)
    rows = t.post("/cost/query", {"sort_by": [{"field": "llm_id", "direction": "desc"}]})["results"]
    eq([row["llm_id"] for row in rows], ["n", "m"])
    only = t.post("/cost/query", {"fields": ["llm_id"], "sort_by": [{"field": "llm_id", "direction": "asc"}]})[
        "results"
    ]
    eq([row["llm_id"] for row in only], ["m", "n"])
    true(all(row.get("prompt_token_cost") is None for row in only), f"{only}")
    t.refused(400, "/cost/purge", {"query": {"$expr": {"$eq": [{"$getField": "llm_id"}, {"$literal": "m"}]}}})
    eq(t.post("/cost/purge", {"query": {"$expr": {"$eq": [{"$getField": "id"}, {"$literal": ids[0][0]}]}}}), {})
    eq([row["llm_id"] for row in t.post("/cost/query")["results"]], ["n"])


def used(t, model, **usage):
    return t.complete({"summary": {"usage": {model: {"requests": 1, **usage}}}})[0]["id"]


@check(sdk=False)
def what_a_call_costs(t):
    t.post(
        "/cost/create",
        {
            "costs": {
                "test-llm": {
                    "prompt_token_cost": 0.001,
                    "completion_token_cost": 0.002,
                    "provider_id": "test-provider",
                    "effective_date": "2024-01-01T00:00:00Z",
                }
            }
        },
    )
    id = used(t, "test-llm", prompt_tokens=100, completion_tokens=50, total_tokens=150)
    for row in (
        t.calls(include_costs=True)[0],
        t.call(id, include_costs=True),
        t.post("/calls/query", {"include_costs": True})["calls"][0],
    ):
        has(row["summary"]["usage"]["test-llm"], {"prompt_tokens": 100, "completion_tokens": 50})
        cost = row["summary"]["weave"]["costs"]["test-llm"]
        has(
            cost,
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "requests": 1,
                "provider_id": "test-provider",
                "pricing_level": "project",
                "prompt_token_cost_unit": "USD",
                "completion_token_cost_unit": "USD",
            },
        )
        near(cost["prompt_token_cost"], 0.001)
        near(cost["prompt_tokens_total_cost"], 0.1, "prompt")
        near(cost["completion_tokens_total_cost"], 0.1, "completion")
        true(all(cost[name] is not None for name in ("pricing_level_id", "created_at", "effective_date")), f"{cost}")
    true("costs" not in t.calls()[0]["summary"]["weave"], "costs come on request only")


@check(sdk=False)
def no_price_no_costs(t):
    used(t, f"nobody-sells-{new_id()}", prompt_tokens=1)
    t.complete({})
    t.start()
    for row in t.calls(include_costs=True):
        true("costs" not in row["summary"]["weave"], f"{row['summary']}")


@check(sdk=False)
def input_and_output_tokens(t):
    t.post(
        "/cost/create",
        {
            "costs": {
                "m": {"prompt_token_cost": 1, "completion_token_cost": 2, "effective_date": "2024-01-01T00:00:00Z"}
            }
        },
    )
    used(t, "m", input_tokens=10, output_tokens=3)
    cost = t.calls(include_costs=True)[0]["summary"]["weave"]["costs"]["m"]
    near(cost["prompt_tokens_total_cost"], 10, "prompt")
    near(cost["completion_tokens_total_cost"], 6, "completion")


@check(sdk=False)
def the_price_at_the_time(t):
    price = lambda p, date: t.post(
        "/cost/create", {"costs": {"m": {"prompt_token_cost": p, "completion_token_cost": 0, "effective_date": date}}}
    )
    price(1, "2020-01-01T00:00:00Z")
    price(2, "2024-01-01T00:00:00Z")
    price(3, "2099-01-01T00:00:00Z")
    used(t, "m", prompt_tokens=10)
    t.complete(
        {
            "started_at": "2022-01-01T00:00:00Z",
            "ended_at": "2022-01-01T00:00:01Z",
            "summary": {"usage": {"m": {"prompt_tokens": 10}}},
        }
    )
    costs = [row["summary"]["weave"]["costs"]["m"]["prompt_tokens_total_cost"] for row in t.calls(include_costs=True)]
    eq(sorted(costs), [10, 20])


@check(sdk=False)
def well_known_models(t):
    used(t, "gpt-4o-2024-08-06", prompt_tokens=1000, completion_tokens=1000)
    cost = t.calls(include_costs=True)[0]["summary"]["weave"]["costs"]["gpt-4o-2024-08-06"]
    has(cost, {"pricing_level": "default"})
    true(0 < cost["prompt_tokens_total_cost"] < cost["completion_tokens_total_cost"] < 1, f"{cost}")


@check(sdk=False)
def columns_with_costs(t):
    t.post(
        "/cost/create",
        {
            "costs": {
                "m": {"prompt_token_cost": 1, "completion_token_cost": 1, "effective_date": "2024-01-01T00:00:00Z"}
            }
        },
    )
    used(t, "m", prompt_tokens=10)
    for columns in (["id", "summary"], ["id"], ["id", "summary.weave.trace_name"]):
        (row,) = t.calls(columns=columns, include_costs=True)
        near(row["summary"]["weave"]["costs"]["m"]["prompt_tokens_total_cost"], 10, str(columns))
        eq(row["inputs"], {})
    (row,) = t.calls(columns=["id", "summary"])
    true("costs" not in row["summary"]["weave"], "costs come on request only")


@check(sdk=False)
def order_with_costs(t):
    for name in ("beta", "alpha"):
        t.complete(
            {
                "op_name": name,
                "display_name": name,
                "inputs": {"x": len(name)},
                "attributes": {"deep": {"n": len(name)}},
                "summary": {"usage": {"m": {"prompt_tokens": 1}}},
            }
        )
    for field in (
        "display_name",
        "inputs.x",
        "attributes.deep.n",
        "summary.weave.trace_name",
        "summary.weave.status",
        "summary.mine",
        "started_at",
    ):
        for direction in ("asc", "desc"):
            rows = t.calls(
                sort_by=[{"field": field, "direction": direction}], columns=["id", "display_name"], include_costs=True
            )
            plain = t.calls(sort_by=[{"field": field, "direction": direction}], columns=["id", "display_name"])
            eq([row["id"] for row in rows], [row["id"] for row in plain], f"{field} {direction}")


@check
def costs_by_the_client(t):
    @weave.op
    def op():
        return {"usage": {"prompt_tokens": 10, "completion_tokens": 20}, "model": "my-model"}

    t.client.add_cost("my-model", 0.5, 2, datetime.datetime(2024, 1, 1))
    op()
    t.flush()
    (call,) = t.client.get_calls(include_costs=True)
    cost = call.summary["weave"]["costs"]["my-model"]
    near(cost["prompt_tokens_total_cost"], 5, "prompt")
    near(cost["completion_tokens_total_cost"], 40, "completion")


@check(sdk=False)
def usage_of_calls(t):
    root, child, trace = new_id(), new_id(), new_id()
    t.complete(
        {"id": root, "trace_id": trace},
        {
            "id": child,
            "trace_id": trace,
            "parent_id": root,
            "summary": {
                "usage": {"m": {"requests": 1, "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}
            },
        },
    )
    usage = t.post("/trace/usage", {"filter": {"trace_ids": [trace]}})["call_usage"]
    has(usage[child]["m"], {"requests": 1, "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15})
    has(usage[root]["m"], {"prompt_tokens": 10})
    usage = t.post("/calls/usage", {"call_ids": [root]})
    has(usage["call_usage"][root]["m"], {"prompt_tokens": 10, "completion_tokens": 5})
