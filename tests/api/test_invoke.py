"""POST …/invoke: every row of the table in the product description, shape by shape."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flows.api import targets
from flows.models import (
    Account,
    ApiKey,
    Execution,
    ExecutionState,
    Flow,
    KeyKind,
    RejectedCall,
    TestRecipient,
    User,
    lifecycle,
)
from tests import cast

from .caller import TIMESTAMP, Caller, assert_rejected

RECIPIENT = cast.RECIPIENT
_WORK = {"SELECT", "INSERT", "UPDATE", "DELETE"}


@pytest.fixture
def body(published_flow: Flow) -> dict[str, Any]:
    return cast.make_invocation_body(published_flow, request_id="order-58213")


# --- Accepted -------------------------------------------------------------------------------------


def test_answer_has_the_documented_shape(
    live: Caller, published_flow: Flow, body: dict[str, Any]
) -> None:
    answer = live.invoke(published_flow, body)
    told = answer.json()
    assert answer.status_code == 202
    assert answer["Content-Type"] == "application/json"
    assert re.fullmatch("[0-9A-Za-z]{22}", told["workflowInvocationId"])
    assert re.fullmatch(TIMESTAMP, told["timestamp"])
    assert list(told.items()) == [
        ("requestId", "order-58213"),
        ("timestamp", told["timestamp"]),
        ("success", True),
        ("status", 202),
        ("message", "Request accepted, execution will start soon"),
        ("workflowInvocationId", told["workflowInvocationId"]),
        ("executionStatus", "ACCEPTED"),
    ]


def test_execution_is_stored_as_it_was_asked_for(
    live: Caller, account: Account, published_flow: Flow, body: dict[str, Any]
) -> None:
    told = live.invoke(published_flow, body).json()
    execution = Execution.objects.get()
    assert execution.public_id == told["workflowInvocationId"]
    assert execution.request_id == "order-58213"
    assert (execution.account, execution.flow) == (account, published_flow)
    assert execution.version == published_flow.live_version
    assert execution.kind == KeyKind.LIVE
    assert execution.state == ExecutionState.ACCEPTED
    assert execution.wake_at is not None
    assert execution.sends == [{"recipient": RECIPIENT, "params": cast.PARAMS}] * 2
    assert (execution.speed, execution.is_test_send) == (1, False)
    assert not RejectedCall.objects.exists()


def test_different_recipients_per_step_are_allowed(
    live: Caller, published_flow: Flow, body: dict[str, Any]
) -> None:
    body["input"]["send2"]["recipient"] = "6591234567"
    assert live.invoke(published_flow, body).status_code == 202
    recipients = [send["recipient"] for send in Execution.objects.get().sends]
    assert recipients == [RECIPIENT, "6591234567"]


@pytest.mark.parametrize(
    "content_type", ["application/JSON", "application/json; charset=utf-8", "Application/Json"]
)
def test_content_type_is_compared_without_case_and_parameters(
    live: Caller, published_flow: Flow, body: dict[str, Any], content_type: str
) -> None:
    answer = live.invoke(published_flow, body, content_type=content_type)
    assert answer.status_code == 202


def test_workflow_id_in_capitals_is_the_same_id(
    live: Caller, published_flow: Flow, body: dict[str, Any]
) -> None:
    shouted = str(published_flow.workflow_id).upper()
    assert live.invoke(shouted, body).status_code == 202


def test_callers_get_the_live_version_while_somebody_edits(
    live: Caller, published_flow: Flow, marketer: User, body: dict[str, Any]
) -> None:
    changed = published_flow.definition.remove_step(1)
    lifecycle.save_draft(published_flow, changed, by=marketer, revision=published_flow.revision)
    assert live.invoke(published_flow, body).status_code == 202


def test_it_costs_the_key_the_flow_and_one_short_transaction(
    live: Caller, published_flow: Flow, body: dict[str, Any]
) -> None:
    """No session, no person, no audit: the key, the flow, the insert. What the live version says
    is read by the first call of a process."""
    ApiKey.objects.update(last_used_at=timezone.now())
    first = cast.make_invocation_body(published_flow, request_id="order-58212")
    assert live.invoke(published_flow, first).status_code == 202
    with CaptureQueriesContext(connection) as queries:
        assert live.invoke(published_flow, body).status_code == 202
    verbs = [query["sql"].split()[0] for query in queries]
    assert [verb for verb in verbs if verb in _WORK] == ["SELECT", "SELECT", "INSERT"]


def test_neither_session_nor_cookie_is_made(
    live: Caller, published_flow: Flow, body: dict[str, Any]
) -> None:
    answer = live.invoke(published_flow, body)
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


def test_a_signed_in_person_is_nobody_to_the_api(
    as_admin: Client, account: Account, published_flow: Flow, body: dict[str, Any]
) -> None:
    answer = Caller(account.sid, None, as_admin).invoke(published_flow, body)
    assert answer.status_code == 401


# --- Flow is not there ----------------------------------------------------------------------------


def test_draft_is_not_published(live: Caller, published_flow: Flow, admin: User) -> None:
    body = cast.make_invocation_body(published_flow, request_id="r-1")
    lifecycle.unpublish(published_flow, by=admin)
    told = assert_rejected(
        live.invoke(published_flow, body),
        f"Workflow Instance [{published_flow.workflow_id}] is not published.",
    )
    assert told["requestId"] == "r-1"
    assert re.fullmatch("[0-9A-Za-z]{22}", told["workflowInvocationId"])
    call = RejectedCall.objects.get()
    assert call.flow == published_flow
    assert call.public_id == told["workflowInvocationId"]


def test_deleted_flow_does_not_exist(
    live: Caller, published_flow: Flow, admin: User, body: dict[str, Any]
) -> None:
    lifecycle.delete(published_flow, by=admin)
    assert_rejected(
        live.invoke(published_flow, body),
        f"Workflow Instance [{published_flow.workflow_id}] does not exist.",
    )


def test_foreign_flow_is_told_from_nothing(
    stranger: User, published_flow: Flow, body: dict[str, Any]
) -> None:
    theirs = stranger.memberships.get().account
    caller = Caller(theirs.sid, cast.make_key(theirs, KeyKind.LIVE)[1], Client())
    foreign = caller.invoke(published_flow, body)
    assert_rejected(foreign, f"Workflow Instance [{published_flow.workflow_id}] does not exist.")
    unknown_id = uuid4()
    assert_rejected(
        caller.invoke(unknown_id, body), f"Workflow Instance [{unknown_id}] does not exist."
    )


@pytest.mark.parametrize(
    ("workflow_id", "shown"),
    [
        ("not-a-uuid", "not-a-uuid"),
        ("%00", "?"),
        ("%0a%09", "??"),
        ("<b>", "<b>"),
        ("a" * 300, "a" * 64),
    ],
)
def test_an_id_that_is_none_does_not_exist(
    live: Caller, body: dict[str, Any], workflow_id: str, shown: str
) -> None:
    told = live.invoke(workflow_id, body)
    assert told.status_code == 400
    (error,) = told.json()["errors"]
    assert error.startswith(f"Workflow Instance [{shown[:4]}")
    assert error.endswith("] does not exist.")
    assert len(error) < 110


# --- Request id used before -----------------------------------------------------------------------


def test_second_call_names_the_first(
    live: Caller, published_flow: Flow, body: dict[str, Any]
) -> None:
    first = live.invoke(published_flow, body).json()["workflowInvocationId"]
    told = assert_rejected(
        live.invoke(published_flow, body), "Request ID [order-58213] has already been used."
    )
    assert told["workflowInvocationId"] == first
    assert told["requestId"] == "order-58213"
    assert Execution.objects.count() == 1
    assert RejectedCall.objects.get().public_id != first


def test_it_is_used_for_the_whole_account(
    live: Caller, account: Account, published_flow: Flow, admin: User
) -> None:
    other = cast.make_published_flow(account, by=admin, title="Another")
    body = cast.make_invocation_body(published_flow, request_id="r-1")
    assert live.invoke(published_flow, body).status_code == 202
    assert_rejected(live.invoke(other, body), "Request ID [r-1] has already been used.")


def test_another_account_may_use_the_same(
    live: Caller, published_flow: Flow, stranger: User, body: dict[str, Any]
) -> None:
    theirs = stranger.memberships.get().account
    flow = cast.make_published_flow(theirs, by=stranger)
    caller = Caller(theirs.sid, cast.make_key(theirs, KeyKind.LIVE)[1], Client())
    assert live.invoke(published_flow, body).status_code == 202
    assert caller.invoke(flow, body).status_code == 202


def test_a_rejected_call_does_not_use_it_up(
    live: Caller, published_flow: Flow, body: dict[str, Any]
) -> None:
    wrong = {**body, "input": {**body["input"], "send2": {"recipient": "+1"}}}
    assert live.invoke(published_flow, wrong).status_code == 400
    assert live.invoke(published_flow, body).status_code == 202


# --- Anything else wrong --------------------------------------------------------------------------


def test_every_fault_is_told_at_once_with_its_field(live: Caller, published_flow: Flow) -> None:
    body = {
        "requestId": "r-1",
        "input": {
            "send1": {"recipient": 919876540001, "templateParams": {"1": []}},
            "send2": {"recipient": "+919876540001", "templateParams": {"1": "a"}},
            "send3": {},
        },
    }
    answer = live.invoke(published_flow, body)
    errors = answer.json()["errors"]
    assert [error.partition(":")[0] for error in errors] == [
        "input.send3",
        "input.send1.recipient",
        "input.send1.templateParams.1",
        "input.send2.recipient",
        "input.send2.templateParams",
    ]
    assert_rejected(answer, *errors)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"0",
        b'"text"',
        b"\xff\xfe",
        b'{"requestId": NaN}',
        b'{"requestId": "a", "requestId": "b"}',
        b'{"requestId": "a\\u0000b", "input": {}}',
        b'{"requestId": "\\ud800", "input": {}}',
        b"[" * 30_000,
        b"1" * 10_000,
        b'{"requestId": 1e999}',
        b'{"requestId": {"a": 1}, "input": "x"}',
    ],
    ids=range(15),
)
def test_a_body_that_is_none_is_rejected_in_words(
    live: Caller, published_flow: Flow, body: bytes
) -> None:
    answer = live.invoke(published_flow, body)
    told = assert_rejected(answer, *answer.json()["errors"])
    assert told["requestId"] is None
    assert told["errors"]
    assert all(error[0].isalpha() and error.endswith((".", ")")) for error in told["errors"])


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        ("", "missing"),
        ("text/plain", "text/plain"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("multipart/form-data; boundary=x", "multipart/form-data"),
        ("application/json, application/json", "application/json, application/json"),
    ],
)
def test_other_content_types_are_rejected_and_the_request_id_echoed(
    live: Caller,
    published_flow: Flow,
    body: dict[str, Any],
    content_type: str,
    shown: str,
) -> None:
    answer = live.invoke(published_flow, body, content_type=content_type)
    told = assert_rejected(answer, f"Content-Type: Must be application/json, is {shown}.")
    assert told["requestId"] == "order-58213"


def test_body_of_exactly_64_kib_is_read_and_one_byte_more_is_not(
    live: Caller, published_flow: Flow, body: dict[str, Any]
) -> None:
    import json

    text = json.dumps(body).encode()
    full = text + b" " * (64 * 1024 - len(text))
    told = assert_rejected(
        live.invoke(published_flow, full + b" "), "The body is larger than 64 KiB."
    )
    assert told["requestId"] is None
    assert live.invoke(published_flow, full).status_code == 202


def test_the_call_is_kept_with_its_reasons(
    live: Caller, account: Account, published_flow: Flow
) -> None:
    told = live.invoke(published_flow, {"requestId": "r-1", "input": {}}).json()
    call = RejectedCall.objects.get()
    assert call.account == account
    assert call.api_key == ApiKey.objects.get()
    assert call.errors == told["errors"]
    assert call.workflow_id == str(published_flow.workflow_id)
    assert (call.request_id, call.status, call.caller_ip) == ("r-1", 400, "127.0.0.1")


# --- Team key -------------------------------------------------------------------------------------


def test_it_reaches_only_the_test_recipients(
    team: Caller, account: Account, published_flow: Flow, body: dict[str, Any]
) -> None:
    sentence = (
        "recipient: A team key sends only to the account's test recipients, and this number "
        "is not one of them."
    )
    assert_rejected(
        team.invoke(published_flow, body),
        f"input.send1.{sentence}",
        f"input.send2.{sentence}",
    )
    TestRecipient.objects.create(account=account, name="Office", number=RECIPIENT)
    assert team.invoke(published_flow, body).status_code == 202
    assert Execution.objects.get().kind == KeyKind.TEAM


def test_recipients_of_another_account_do_not_help(
    team: Caller, stranger: User, published_flow: Flow, body: dict[str, Any]
) -> None:
    theirs = stranger.memberships.get().account
    TestRecipient.objects.create(account=theirs, name="Office", number=RECIPIENT)
    assert team.invoke(published_flow, body).status_code == 400


# --- Test key -------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", ["1", "7", "60"])
def test_speed_is_kept(
    test: Caller, published_flow: Flow, body: dict[str, Any], speed: str
) -> None:
    assert test.invoke(published_flow, body, x_test_speed=speed).status_code == 202
    execution = Execution.objects.get()
    assert (execution.kind, execution.speed) == (KeyKind.TEST, int(speed))


@pytest.mark.parametrize("speed", ["0", "61", "", "2.5", "-1", "fast", "1e1", "٣", " ", "007"])
def test_other_speeds_are_rejected(
    test: Caller, published_flow: Flow, body: dict[str, Any], speed: str
) -> None:
    answer = test.invoke(published_flow, body, x_test_speed=speed)
    assert_rejected(answer, "x-test-speed: Must be a whole number from 1 to 60.")


@pytest.mark.parametrize("speed", ["60", "nonsense"])
def test_the_header_means_nothing_with_a_live_key(
    live: Caller, published_flow: Flow, body: dict[str, Any], speed: str
) -> None:
    assert live.invoke(published_flow, body, x_test_speed=speed).status_code == 202
    assert Execution.objects.get().speed == 1


def test_a_key_made_for_a_test_send_marks_its_executions(
    account: Account, published_flow: Flow, body: dict[str, Any]
) -> None:
    _, secret = cast.make_key(account, KeyKind.TEST, is_for_test_send=True)
    assert Caller(account.sid, secret, Client()).invoke(published_flow, body).status_code == 202
    assert Execution.objects.get().is_test_send


# --- Unpublished meanwhile ------------------------------------------------------------------------


def test_call_that_was_read_before_the_unpublish_is_turned_away_after_it(
    live: Caller, published_flow: Flow, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = targets.find

    def find_then_unpublish(account_id: int, workflow_id: str) -> targets.Target | None:
        target = found(account_id, workflow_id)
        Flow.objects.update(state="draft")
        return target

    monkeypatch.setattr(targets, "find", find_then_unpublish)
    answer = live.invoke(published_flow, body)
    wanted = f"Workflow Instance [{published_flow.workflow_id}] is not published."
    assert_rejected(answer, wanted)
    assert not Execution.objects.exists()
