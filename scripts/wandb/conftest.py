"""Stands in for weave/conftest.py: the same fixtures, with a server that is already there instead of one in the process."""

import os
import uuid

import pytest
from weave.trace import autopatch, weave_client, weave_init
from weave.trace.client_context import context_state
from weave.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer


class FlushingClient(weave_client.WeaveClient):
    """Every public method ends with a flush, as in W&B's own conftest."""

    def __getattribute__(self, name):
        own = super()
        attribute = own.__getattribute__(name)
        if not callable(attribute) or name.startswith("_") or name == "flush":
            return attribute

        def flushed(*args, **kwargs):
            result = attribute(*args, **kwargs)
            own.__getattribute__("_flush")()
            return result

        return flushed


@pytest.fixture
def client():
    server = RemoteHTTPTraceServer(os.environ["WF_TRACE_SERVER_URL"])
    # Tests count the calls of their project: each has its own. Whether it exists is a question for wandb.ai.
    project = f"test-{uuid.uuid4().hex[:12]}"
    opened = FlushingClient("shawn", project, server, ensure_project_exists=False)
    initialized = weave_init.InitializedClient(opened)
    autopatch.autopatch()
    yield opened
    initialized.reset()


@pytest.fixture
def strict_op_saving():
    with context_state.strict_op_saving(True):
        yield


@pytest.fixture(scope="session")
def vcr_config():
    # Answers of models are replayed; what goes to the trace server is sent.
    return {"ignore_localhost": True}
