"""What the areas share: a registry of checks, a project of its own for each, plain HTTP beside the SDK, comparisons that tell."""

from __future__ import annotations

import asyncio
import base64
import datetime
import inspect
import json
import os
import time
import traceback
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable

import weave
from weave.trace.context.weave_client_context import set_weave_client_global
from weave.trace.weave_client import WeaveClient

BASE = os.environ["WF_TRACE_SERVER_URL"].rstrip("/")
KEY = os.environ["WANDB_API_KEY"]
SDK = tuple(int(part) for part in weave.__version__.split(".")[:3] if part.isdigit())
NEWEST = SDK >= (0, 53)

_AUTH = "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_MISSING = object()


@dataclass
class Check:
    area: str
    name: str
    run: Callable[[Any], Any]
    uses_sdk: bool


CHECKS: list[Check] = []


def check(run: Callable | None = None, *, since: tuple[int, ...] = (0,), sdk: bool = True) -> Any:
    """Registers `run(t)` under its name. `since`: SDKs that are older have no such feature. `sdk`: False = HTTP only."""

    def register(f: Callable) -> Callable:
        if SDK >= since:
            CHECKS.append(Check(f.__module__.rsplit(".", 1)[-1], f.__name__, f, sdk))
        return f

    return register if run is None else register(run)


@dataclass
class Answer:
    status: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.text.split("\n") if line]


def send(method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body, default=_plain).encode()
    request = urllib.request.Request(
        BASE + path,
        data=data,
        method=method,
        headers={"authorization": _AUTH, "content-type": "application/json", **(headers or {})},
    )
    try:
        with _OPENER.open(request, timeout=60) as answer:
            return Answer(answer.status, answer.read().decode("utf-8", "surrogateescape"))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode("utf-8", "replace"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(f"{type(value)} in a request")


@dataclass
class Test:
    """One check's project. `post`, `lines`, `get` … speak plain HTTP; `client` is the SDK's."""

    project: str
    client: Any = None
    _calls: int = field(default=0)

    @property
    def entity(self) -> str:
        return self.project.split("/")[0]

    @property
    def name(self) -> str:
        return self.project.split("/")[1]

    def flush(self) -> None:
        self.client.flush()

    def raw(self, path: str, body: dict, method: str = "POST") -> Answer:
        """Any status. `project_id` is added to a body that has none."""
        return send(method, path, {"project_id": self.project, **body})

    def post(self, path: str, body: dict | None = None, method: str = "POST") -> Any:
        return _ok(f"{method} {path}", self.raw(path, body or {}, method)).json()

    def lines(self, path: str, body: dict | None = None) -> list[Any]:
        return _ok(path, self.raw(path, body or {})).lines()

    def v2(self, path: str, body: Any = None, method: str = "POST") -> Any:
        return _ok(f"{method} {path}", send(method, f"/v2/{self.project}{path}", body)).json()

    def v2_lines(self, path: str) -> list[Any]:
        return _ok(path, send("GET", f"/v2/{self.project}{path}")).lines()

    def refused(self, status: int, path: str, body: dict, method: str = "POST") -> str:
        """The answer's text. Fails when the status is another one."""
        answer = self.raw(path, body, method)
        if answer.status != status:
            raise AssertionError(f"{method} {path}: {answer.status} instead of {status}: {answer.text[:300]}")
        return answer.text

    def calls(self, **query: Any) -> list[dict]:
        return self.lines("/calls/stream_query", query)

    def count(self, **query: Any) -> int:
        return self.post("/calls/query_stats", query)["count"]

    def call(self, id: str, **more: Any) -> dict | None:
        return self.post("/call/read", {"id": id, **more})["call"]

    def objs(self, **filter: Any) -> list[dict]:
        return self.post("/objs/query", {"filter": filter} if filter else {})["objs"]

    def start(self, **members: Any) -> dict:
        """A call's start, by the legacy route. Answers what was sent, ids included."""
        self._calls += 1
        start = {
            "project_id": self.project,
            "id": new_id(),
            "trace_id": new_id(),
            "op_name": "op",
            "started_at": moment(self._calls),
            "attributes": {},
            "inputs": {},
            **members,
        }
        self.post("/call/start", {"start": start})
        return start

    def end(self, id: str, **members: Any) -> dict:
        end = {"project_id": self.project, "id": id, "ended_at": moment(self._calls + 1), "summary": {}, **members}
        self.post("/call/end", {"end": end})
        return end

    def complete(self, *calls: dict) -> list[dict]:
        """Whole calls in one request; missing members are made up."""
        made = []
        for members in calls:
            self._calls += 1
            made.append(
                {
                    "project_id": self.project,
                    "id": new_id(),
                    "trace_id": new_id(),
                    "op_name": "op",
                    "started_at": moment(self._calls),
                    "ended_at": moment(self._calls + 1),
                    "attributes": {},
                    "inputs": {},
                    "output": None,
                    "summary": {},
                    **members,
                }
            )
        self.v2("/calls/complete", {"batch": made})
        return made

    def publish_raw(self, name: str, val: Any, **members: Any) -> str:
        return self.post(
            "/obj/create", {"obj": {"project_id": self.project, "object_id": name, "val": val, **members}}
        )["digest"]

    def ref(self, kind: str, rest: str) -> str:
        return f"weave:///{self.project}/{kind}/{rest}"


def _ok(what: str, answer: Answer) -> Answer:
    if answer.status != 200:
        raise AssertionError(f"{what}: {answer.status} {answer.text[:400]}")
    return answer


_T0 = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def moment(seconds: float) -> str:
    return (_T0 + datetime.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


_last = 0


def new_id() -> str:
    """UUIDv7: ids that are made later sort later."""
    global _last
    _last = max(_last + 1, time.time_ns() // 1000)
    ms, rest = divmod(_last, 1000)
    random = uuid.uuid4().int & ((1 << 62) - 1)
    return str(uuid.UUID(int=(ms << 80) | (0x7 << 76) | (rest << 66) | (0b10 << 62) | random & ((1 << 62) - 1) | 0))


def eq(got: Any, expected: Any, what: str = "") -> None:
    if got != expected:
        raise AssertionError(f"{what + ': ' if what else ''}expected {_short(expected)}, got {_short(got)}")


def has(got: Any, expected: Any, path: str = "$") -> None:
    """Every member of `expected` is in `got`, at any depth; lists have the same length."""
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            raise AssertionError(f"{path}: expected an object, got {_short(got)}")
        for key, value in expected.items():
            if key not in got:
                raise AssertionError(f"{path}.{key}: missing; there are {sorted(got)}")
            has(got[key], value, f"{path}.{key}")
    elif isinstance(expected, list):
        if not isinstance(got, list) or len(got) != len(expected):
            raise AssertionError(f"{path}: expected {_short(expected)}, got {_short(got)}")
        for index, value in enumerate(expected):
            has(got[index], value, f"{path}[{index}]")
    elif callable(expected):
        if not expected(got):
            raise AssertionError(f"{path}: {_short(got)} does not fit")
    else:
        eq(got, expected, path)


def true(value: Any, what: str) -> None:
    if not value:
        raise AssertionError(what)


def near(got: float, expected: float, what: str = "") -> None:
    # The tolerance: prices may be kept as 32 bits.
    if got is None or abs(got - expected) > 1e-6 * max(1.0, abs(expected)):
        raise AssertionError(f"{what}: expected {expected}, got {got}")


def raises(kind: type | tuple, f: Callable, *args: Any) -> Exception:
    try:
        value = f(*args)
    except kind as error:
        return error
    raise AssertionError(f"no {kind}; got {_short(value)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 700 else text[:700] + "…"


def run_all(prefix: str, wanted: dict[str, str]) -> int:
    """`wanted`: area → part of the checks' names, "" = all. Prints a JSON line per check and answers how many failed."""
    failed = 0
    for number, item in enumerate(CHECKS):
        if not item.uses_sdk and os.environ.get("CHECKS") == "sdk":
            continue
        if item.area not in wanted or wanted[item.area] not in item.name:
            continue
        began = time.monotonic()
        error = _run_one(f"{prefix}-{item.area}-{number}".replace("_", "-"), item)
        failed += error is not None
        line = {
            "area": item.area,
            "check": item.name,
            "ok": error is None,
            "ms": round((time.monotonic() - began) * 1000),
        }
        print(json.dumps(line if error is None else {**line, "error": error}), flush=True)
    print(json.dumps({"end": failed}), flush=True)
    return failed


def _run_one(project: str, item: Check) -> str | None:
    test = Test(project)
    try:
        if item.uses_sdk:
            test.client = _client(project)
        result = item.run(test)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except BaseException as error:  # noqa: BLE001  a check may fail in any way
        if isinstance(error, KeyboardInterrupt):
            raise
        where = traceback.extract_tb(error.__traceback__)
        own = [f"{frame.name}:{frame.lineno}" for frame in where if "conformance" in frame.filename]
        return f"{type(error).__name__}: {str(error)[:900]} ({' < '.join(reversed(own[1:]))})"
    finally:
        if test.client is not None:
            try:
                test.client.flush()
            except BaseException:  # noqa: BLE001  the check has said what is wrong
                pass
    return None


_server: Any = None


def _client(project: str) -> Any:
    """The first by `weave.init`, the others on its connection: that saves a second each."""
    global _server
    entity, name = project.split("/")
    if _server is None:
        _server = weave.init(project).server
        for get in ("get_call_processor", "get_feedback_processor"):
            if hasattr(_server, get):
                # Instead of a second, for which every flush would have to wait.
                getattr(_server, get)().min_batch_interval = 0.02
    client = WeaveClient(entity, name, _server, ensure_project_exists=False)
    set_weave_client_global(None)  # it takes a client only where there is none
    set_weave_client_global(client)
    return client
