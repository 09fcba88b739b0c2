"""The engine's door: what is accepted is on disk, and a requestId counts once, whatever races."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from flows.engine import invoke
from flows.models import Account, Execution, Flow, FlowState, Role, User
from tests import cast
from tests.engine import drive

SERVER = {"host": "127.0.0.1", "port": 5432, "user": "postgres"}


def test_accepted_call_is_an_execution_that_is_due(published_flow: Flow) -> None:
    (answer,) = invoke.invoke([drive.call(published_flow, "0001", "0002")], now=drive.START)
    execution = Execution.objects.get()
    assert answer == invoke.Accepted(execution.public_id, drive.START)
    assert (execution.state, execution.wake_at) == ("accepted", drive.START)
    assert execution.version == published_flow.live_version
    assert [send["recipient"] for send in execution.sends] == ["919876540001", "919876540002"]
    assert execution.recipient == "919876540001"


def test_used_request_id_answers_with_the_first_call_s_id(published_flow: Flow) -> None:
    first, second = (
        invoke.invoke([drive.call(published_flow, "0001", "0001", request_id="r1")])[0]
        for _ in range(2)
    )
    assert isinstance(first, invoke.Accepted)
    assert second == invoke.Duplicate(first.public_id)


def test_answers_come_in_the_order_of_the_calls(published_flow: Flow, stranger: User) -> None:
    foreign = drive.call(published_flow, "0001", "0001")
    foreign = invoke.Call(**{**vars(foreign), "account_id": Account.objects.get(name="Globex").pk})
    unknown = drive.call(published_flow, "0001", "0001")
    unknown = invoke.Call(**{**vars(unknown), "flow_id": 0})
    once = drive.call(published_flow, "0001", "0001", request_id="once")
    again = drive.call(published_flow, "0001", "0001", request_id="once")
    answers = invoke.invoke([foreign, once, unknown, again])
    assert [type(answer).__name__ for answer in answers] == [
        "NotFound", "Accepted", "NotFound", "Duplicate",
    ]  # fmt: skip


def test_unpublished_and_deleted_flows_are_turned_away_and_use_no_request_id_up(
    published_flow: Flow,
) -> None:
    call = drive.call(published_flow, "0001", "0001", request_id="kept")
    Flow.objects.update(state=FlowState.DRAFT)
    assert invoke.invoke([call]) == [invoke.NotPublished()]
    Flow.objects.update(state=FlowState.PUBLISHED, deleted_at=drive.START)
    assert invoke.invoke([call]) == [invoke.NotFound()]
    Flow.objects.update(deleted_at=None)
    assert isinstance(invoke.invoke([call])[0], invoke.Accepted)


def test_request_ids_of_two_accounts_do_not_meet(published_flow: Flow) -> None:
    other = cast.make_account("Globex")
    theirs = cast.make_published_flow(other, by=cast.make_person(other, Role.ADMIN))
    answers = invoke.invoke(
        [drive.call(flow, "0001", "0001", request_id="same") for flow in (published_flow, theirs)]
    )
    assert [type(answer) for answer in answers] == [invoke.Accepted, invoke.Accepted]


# --- 200 at the same moment -----------------------------------------------------------------------


def race(call: invoke.Call, callers: int = 200, threads: int = 20) -> list[invoke.Answer]:
    """The answers to calls that all start at once with one requestId."""
    start = threading.Barrier(threads)

    def one_thread(_: int) -> list[invoke.Answer]:
        start.wait()
        try:
            return [
                invoke.invoke_one(invoke.Call(**{**vars(call), "public_id": uuid.uuid4().hex[:22]}))
                for _ in range(callers // threads)
            ]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return [answer for batch in pool.map(one_thread, range(threads)) for answer in batch]


def check_race(flow: Flow) -> None:
    answers = race(drive.call(flow, "0001", "0001", request_id="wanted"))
    accepted = [answer for answer in answers if isinstance(answer, invoke.Accepted)]
    duplicates = [answer for answer in answers if isinstance(answer, invoke.Duplicate)]
    assert (len(accepted), len(duplicates)) == (1, 199)
    assert {duplicate.public_id for duplicate in duplicates} == {accepted[0].public_id}
    assert Execution.objects.filter(request_id="wanted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_200_simultaneous_calls_with_one_request_id_are_accepted_once() -> None:
    account = cast.make_account()
    check_race(cast.make_published_flow(account, by=cast.make_person(account, Role.ADMIN)))


# --- One statement --------------------------------------------------------------------------------


def test_call_that_is_accepted_costs_one_statement(published_flow: Flow) -> None:
    calls = [drive.call(published_flow, "0001", "0001") for _ in range(50)]
    with CaptureQueriesContext(connection) as queries:
        answers = invoke.invoke(calls)
    assert all(isinstance(answer, invoke.Accepted) for answer in answers)
    assert len(queries) == 1


def test_call_whose_first_answer_was_lost_is_still_accepted(published_flow: Flow) -> None:
    """The database took it, but said so to nobody, so it is tried once more."""
    call = drive.call(published_flow, "0001", "0001")
    first, again = invoke.invoke([call])[0], invoke.invoke([call])[0]
    assert isinstance(first, invoke.Accepted)
    assert isinstance(again, invoke.Accepted)
    assert Execution.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_threads_that_call_at_once_are_each_told_their_own() -> None:
    account = cast.make_account()
    flow = cast.make_published_flow(account, by=cast.make_person(account, Role.ADMIN))
    calls = [drive.call(flow, "0001", "0001") for _ in range(60)]
    start = threading.Barrier(12)

    def some(mine: list[invoke.Call]) -> list[invoke.Answer]:
        start.wait()
        try:
            return [invoke.invoke_one(call) for call in mine]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        told = [a for answers in pool.map(some, [calls[n::12] for n in range(12)]) for a in answers]
    expected = {call.public_id for call in calls}
    assert {a.public_id for a in told if isinstance(a, invoke.Accepted)} == expected
    assert set(Execution.objects.values_list("public_id", flat=True)) == expected
