"""Numbers over calls and projects."""

import datetime

from conformance.harness import check, eq, has, true


def stamp(moment):
    return moment.isoformat().replace("+00:00", "Z")


@check(sdk=False)
def of_calls(t):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    start = now - datetime.timedelta(hours=2)
    calls = []
    for i in range(6):
        began = now - datetime.timedelta(minutes=30 + i)
        calls.append(
            {
                "started_at": stamp(began),
                "ended_at": stamp(began + datetime.timedelta(seconds=i + 1)),
                "exception": "x" if i == 0 else None,
                "summary": {
                    "usage": {"m": {"requests": 1, "prompt_tokens": 10, "completion_tokens": i, "total_tokens": 10 + i}}
                },
            }
        )
    t.complete(*calls)
    request = {
        "start": stamp(start),
        "end": stamp(now),
        "granularity": 3600,
        "call_metrics": [
            {"metric": "call_count", "aggregations": ["sum"]},
            {"metric": "error_count", "aggregations": ["sum"]},
            {"metric": "latency_ms", "aggregations": ["max", "avg"], "percentiles": [50]},
        ],
        "usage_metrics": [
            {"metric": "total_tokens", "aggregations": ["sum"]},
            {"metric": "input_tokens", "aggregations": ["sum"]},
        ],
    }
    stats = t.post("/calls/stats", request)
    has(stats, {"granularity": 3600, "timezone": "UTC"})
    total = lambda buckets, key: sum(bucket.get(key) or 0 for bucket in buckets)
    eq(total(stats["call_buckets"], "sum_call_count"), 6)
    eq(total(stats["call_buckets"], "sum_error_count"), 1)
    eq(max(bucket.get("max_latency_ms") or 0 for bucket in stats["call_buckets"]), 6000)
    eq(total(stats["usage_buckets"], "sum_total_tokens"), 75)
    eq(total(stats["usage_buckets"], "sum_input_tokens"), 60)
    eq({bucket["model"] for bucket in stats["usage_buckets"] if bucket.get("sum_total_tokens")}, {"m"})
    true(all("timestamp" in bucket for bucket in stats["call_buckets"]), "timestamps")
    filtered = t.post("/calls/stats", {**request, "filter": {"op_names": ["none"]}})
    eq(total(filtered["call_buckets"], "sum_call_count"), 0)
    far = {**request, "start": stamp(now - datetime.timedelta(days=40))}
    answer = t.raw("/calls/stats", far)
    true(answer.status in (400, 422), f"40 days: {answer.status}")


@check(sdk=False)
def of_projects(t):
    empty = t.post("/project/stats")
    eq(
        {
            name: empty[name]
            for name in (
                "trace_storage_size_bytes",
                "objects_storage_size_bytes",
                "tables_storage_size_bytes",
                "files_storage_size_bytes",
            )
        },
        {
            "trace_storage_size_bytes": 0,
            "objects_storage_size_bytes": 0,
            "tables_storage_size_bytes": 0,
            "files_storage_size_bytes": 0,
        },
    )
    t.complete({"inputs": {"x": "y" * 1000}})
    t.publish_raw("obj", {"x": "y" * 2000})
    t.post("/table/create", {"table": {"project_id": t.project, "rows": [{"x": "y" * 3000}]}})
    sizes = t.post("/project/stats")
    true(1000 <= sizes["trace_storage_size_bytes"] < 3000, f"{sizes}")
    true(2000 <= sizes["objects_storage_size_bytes"] < 3000, f"{sizes}")
    true(3000 <= sizes["tables_storage_size_bytes"] < 4000, f"{sizes}")
    none = {f"include_{kind}_storage_size": False for kind in ("trace", "object", "table", "file")}
    t.refused(400, "/project/stats", none)
