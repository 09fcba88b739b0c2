"""Whatever is sent: an answer of the description, never a 500."""

import functools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.parameters import ParameterLocation

from flows.models import Execution, ExecutionState, Flow
from flows.openapi import document
from tests import cast

from .caller import Caller

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    missing_required_header,
    ignored_auth,
]
bounded = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def running(published_flow: Flow) -> Execution:
    return cast.make_execution(published_flow, state=ExecutionState.WAITING)


@pytest.fixture
def one_connection(db: None) -> Iterator[None]:
    """Requests stay inside the test's transaction, as those of Django's own test client do."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@functools.cache
def _handler() -> WSGIHandler:
    return WSGIHandler()


def application(environ: Any, start_response: Any) -> Any:
    """The whole project behind WSGI, set up at the first call and not at import."""
    return _handler()(environ, start_response)


schema = schemathesis.openapi.from_dict(document("http://127.0.0.1:8000"))
schema.app = application


@pytest.mark.usefixtures("one_connection")
@schema.parametrize()
@bounded
def test_any_call_is_answered_as_described(
    case: Any, live: Caller, published_flow: Flow, running: Execution
) -> None:
    """Calls whose path is in order are led to an account, a flow, an invocation that exist."""
    path = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    if path is None or path.mode.is_positive:
        case.path_parameters["sid"] = live.sid
        if "workflowId" in case.path_parameters:
            case.path_parameters["workflowId"] = str(published_flow.workflow_id)
        else:
            case.path_parameters["workflowInvocationId"] = running.public_id
    case.call_and_validate(headers=live.headers(), checks=CHECKS)


_keys = st.text(st.characters(), max_size=8) | st.sampled_from(
    [
        "requestId", "input", "send1", "send2", "send3", "recipient", "templateParams", "1", "2",
        "#verification_code#", "#param_url#", "\x00", "\ud800",
    ]
)  # fmt: skip
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["919876540001", "", "0", "\x00", "\ud800", "x" * 1025, "{{1}}"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=6),
    max_leaves=12,
)
_sends = st.fixed_dictionaries({}, optional={"recipient": _values, "templateParams": _values})
_bodies = _values | st.fixed_dictionaries(
    {},
    optional={
        "requestId": _values,
        "input": _values | st.fixed_dictionaries({"send1": _sends, "send2": _sends}),
    },
)


@bounded
@given(body=_bodies)
def test_any_json_is_accepted_or_rejected_in_words(
    body: Any, live: Caller, published_flow: Flow
) -> None:
    assert_answered(live.invoke(published_flow, json.dumps(body).encode()))


@bounded
@given(body=st.binary(max_size=200), content_type=st.text(st.characters(codec="latin-1")))
def test_any_bytes_are_rejected_in_words(
    body: bytes, content_type: str, live: Caller, published_flow: Flow
) -> None:
    assert_answered(live.invoke(published_flow, body, content_type=content_type))


@bounded
@given(
    sid=st.text(max_size=40),
    workflow_id=st.text(max_size=80),
    key=st.text(st.characters(codec="latin-1"), max_size=40),
    speed=st.text(st.characters(codec="latin-1"), max_size=5),
)
def test_any_path_and_headers_are_answered(
    sid: str, workflow_id: str, key: str, speed: str, db: None
) -> None:
    caller = Caller(quote(sid, safe="", errors="replace"), key, Client())
    path = quote(workflow_id, safe="", errors="replace")
    answer = caller.invoke(path, {}, x_test_speed=speed)
    assert answer.status_code in {400, 401}
    assert answer["Content-Type"] == "application/json"


def assert_answered(answer: Any) -> None:
    told = answer.json()
    if answer.status_code == 202:
        assert told["executionStatus"] == "ACCEPTED"
        return
    assert answer.status_code == 400
    assert told["executionStatus"] == "REJECTED"
    assert told["errors"]
    assert all(isinstance(error, str) and error for error in told["errors"])
