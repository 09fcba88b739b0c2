"""GET an invocation, confirm it, cancel it: what is seen, by whom, and what a repeat answers."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator

from flows.connectors.sandbox import OUTCOMES
from flows.engine import run
from flows.models import Account, Execution, ExecutionState, Flow, KeyKind, Outcome, Signal, User
from flows.openapi import document
from tests import cast
from tests.engine import drive

from .caller import Caller, assert_rejected

UNKNOWN = "4xU9cYRHq2LmVtBDmNVR1D"


@pytest.fixture
def running(published_flow: Flow) -> Execution:
    return cast.make_execution(published_flow, state=ExecutionState.WAITING, request_id="r-1")


@pytest.fixture
def ended(published_flow: Flow) -> Execution:
    return cast.make_execution(published_flow, request_id="r-2")


def assert_fits(told: Any, schema: str) -> None:
    described = document("https://fallback.example")
    wanted = {**described, "$ref": f"#/components/schemas/{schema}"}
    assert [error.message for error in Draft202012Validator(wanted).iter_errors(told)] == []


# --- Show -----------------------------------------------------------------------------------------


def test_running_has_no_outcome_yet(live: Caller, running: Execution) -> None:
    answer = live.show(running.public_id)
    told = answer.json()
    assert answer.status_code == 200
    assert_fits(told, "Result")
    assert told["workflowInvocationId"] == running.public_id
    assert told["requestId"] == "r-1"
    assert (told["executionStatus"], told["outcome"]) == ("RUNNING", None)


def test_just_accepted_says_so(live: Caller, published_flow: Flow) -> None:
    execution = cast.make_execution(published_flow, state=ExecutionState.ACCEPTED)
    told = live.show(execution.public_id).json()
    assert (told["executionStatus"], told["result"]) == ("ACCEPTED", {})


def test_ended_tells_its_outcome(live: Caller, ended: Execution) -> None:
    told = live.show(ended.public_id).json()
    assert_fits(told, "Result")
    assert (told["executionStatus"], told["outcome"]) == ("COMPLETED", "delivered")


@pytest.mark.parametrize("invocation_id", [UNKNOWN, "short", "%00", "é" * 22, "x" * 300])
def test_unknown_is_404_in_the_rejected_shape(live: Caller, invocation_id: str) -> None:
    answer = live.show(invocation_id)
    (error,) = answer.json()["errors"]
    told = assert_rejected(answer, error, status=404)
    assert error.endswith("] does not exist.")
    assert (told["workflowInvocationId"], told["requestId"]) == (None, None)


def test_foreign_is_told_from_nothing(stranger: User, running: Execution) -> None:
    theirs = stranger.memberships.get().account
    caller = Caller(theirs.sid, cast.make_key(theirs, KeyKind.LIVE)[1], Client())
    for verb in ("confirm", "cancel"):
        assert caller.ask(running.public_id, verb).status_code == 404
    assert caller.show(running.public_id).status_code == 404


@pytest.mark.parametrize("kind", KeyKind.values)
def test_a_key_sees_its_own_kind_and_a_live_key_all(
    account: Account, published_flow: Flow, kind: str
) -> None:
    execution = cast.make_execution(published_flow, kind=kind)
    seeing = set()
    for own in KeyKind:
        caller = Caller(account.sid, cast.make_key(account, own)[1], Client())
        if caller.show(execution.public_id).status_code == 200:
            seeing.add(own)
    assert seeing == {KeyKind.LIVE, KeyKind(kind)}


# --- Stop -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
def test_the_wish_is_on_record_and_due_at_once(live: Caller, running: Execution, verb: str) -> None:
    answer = live.ask(running.public_id, verb)
    told = answer.json()
    assert answer.status_code == 202
    assert_fits(told, "Accepted")
    assert told["workflowInvocationId"] == running.public_id
    running.refresh_from_db()
    assert running.signal == Signal(verb)
    assert "Live key" in running.signal_by


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
def test_a_repeat_is_accepted_again(live: Caller, running: Execution, verb: str) -> None:
    assert live.ask(running.public_id, verb).status_code == 202
    assert live.ask(running.public_id, verb).status_code == 202


def test_a_repeat_after_the_end_is_accepted_too(live: Caller, published_flow: Flow) -> None:
    execution = cast.make_execution(published_flow, outcome=Outcome.CONFIRMED)
    told = live.ask(execution.public_id, "confirm")
    assert (told.status_code, told.json()["executionStatus"]) == (202, "COMPLETED")


def test_the_other_wish_comes_too_late(live: Caller, running: Execution) -> None:
    live.ask(running.public_id, "cancel")
    assert_rejected(
        live.ask(running.public_id, "confirm"),
        f"Workflow Invocation [{running.public_id}] is already being stopped.",
        status=409,
    )
    running.refresh_from_db()
    assert running.signal == Signal.CANCEL


def test_what_has_ended_cannot_be_stopped(live: Caller, ended: Execution) -> None:
    told = assert_rejected(
        live.ask(ended.public_id, "cancel"),
        f"Workflow Invocation [{ended.public_id}] has already ended: delivered.",
        status=409,
    )
    assert told["requestId"] == "r-2"
    ended.refresh_from_db()
    assert ended.outcome == Outcome.DELIVERED


def test_a_test_key_cannot_stop_a_real_message(test: Caller, running: Execution) -> None:
    assert test.ask(running.public_id, "cancel").status_code == 404
    running.refresh_from_db()
    assert running.signal == Signal.NONE


# --- With the engine ------------------------------------------------------------------------------


def test_a_confirmed_chain_ends_without_the_next_step(test: Caller, published_flow: Flow) -> None:
    """WhatsApp is silent, the person uses the code anyway, SMS stays at home."""
    body = cast.make_invocation_body(published_flow, "919876540005")
    invocation_id = test.invoke(published_flow, body).json()["workflowInvocationId"]
    run.until_idle(timezone.now())
    waiting = test.show(invocation_id).json()
    assert waiting["executionStatus"] == "RUNNING"
    assert waiting["result"]["channel1"]["statusCode"] == "PENDING"
    assert_fits(waiting, "Result")

    assert test.ask(invocation_id, "confirm").status_code == 202
    run.until_idle(timezone.now())
    told = test.show(invocation_id).json()
    assert_fits(told, "Result")
    assert (told["executionStatus"], told["outcome"]) == ("COMPLETED", "confirmed")
    assert list(told["result"]) == ["channel1"]


@pytest.mark.parametrize("tail", OUTCOMES)
def test_every_outcome_is_shown_as_described(test: Caller, published_flow: Flow, tail: str) -> None:
    execution = drive.run_flow(published_flow, tail, tail)
    told = test.show(execution.public_id).json()
    assert_fits(told, "Result")
    assert told["executionStatus"] == "COMPLETED"
    assert told["outcome"] == execution.outcome
    assert "PENDING" not in str(told["result"])
