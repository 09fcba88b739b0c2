"""Receipts of many threads: one commit for all, each told its own, on real connections."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from flows.connectors.base import ReceiptEvent, ReceiptStatus
from flows.engine import receive, rows
from flows.engine.gather import Gather
from flows.models import Connection, Receipt
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 20


def event(key: str, **fields: Any) -> ReceiptEvent:
    return ReceiptEvent(event_key=key, status=ReceiptStatus.SENT, message_id="m", **fields)


@pytest.fixture
def door() -> Connection:
    return cast.make_connection(cast.make_account())


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator["Held"]:
    """The first statement waits until all others have come."""
    made = Held()
    monkeypatch.setattr(rows, "insert", made)
    monkeypatch.setattr(receive, "_together", made.gather)
    yield made


class Held:
    """Stands in for rows.insert and notes what each statement inserts."""

    def __init__(self) -> None:
        self.insert = rows.insert
        self.statements: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.gather = Gather(receive._store, most=receive.CALLERS_AT_ONCE)

    def __call__(self, found: Sequence[Any], **options: Any) -> Any:
        assert not connection.in_atomic_block
        self.statements.append([receipt.event_key for receipt in found])
        self.begun.set()
        assert self.go_on.wait(PATIENCE_S)
        return self.insert(found, **options)

    def play(self, door: Connection, *calls: Sequence[ReceiptEvent]) -> list[Any]:
        """The first call is under way while the others come; how each ended."""

        def call(events: Sequence[ReceiptEvent]) -> int:
            try:
                return receive.receive(events, connector="sandbox", connection_id=door.pk)
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as pool:
            ends: list[Future[int]] = [pool.submit(call, calls[0])]
            assert self.begun.wait(PATIENCE_S)
            for number, events in enumerate(calls[1:], 1):
                ends.append(pool.submit(call, events))
                self._wait_for(number)
            self.go_on.set()
            return [end.exception(PATIENCE_S) or end.result() for end in ends]

    def _wait_for(self, number: int) -> None:
        tick = threading.Event()
        for _ in range(PATIENCE_S * 1000):
            if len(self.gather._waiting) == number:
                return
            tick.wait(0.001)
        raise AssertionError("it did not come in time")


def test_threads_that_come_together_share_one_statement(held: Held, door: Connection) -> None:
    ends = held.play(door, [event("a")], [event("b"), event("c")], [event("d")], [event("e")])
    assert ends == [1, 2, 1, 1]
    assert held.statements == [["a"], ["b", "c", "d", "e"]]
    assert set(Receipt.objects.values_list("event_key", flat=True)) == set("abcde")


def test_event_that_two_of_them_bring_is_new_to_one_only(held: Held, door: Connection) -> None:
    ends = held.play(door, [event("a")], [event("x"), event("a")], [event("x"), event("y")])
    assert ends == [1, 1, 1]
    assert sorted(Receipt.objects.values_list("event_key", flat=True)) == ["a", "x", "y"]


def test_row_that_breaks_the_statement_harms_nobody_else(held: Held, door: Connection) -> None:
    poison = event("p", client_message_id="not a uuid")
    first, second, broken, last = held.play(
        door, [event("a")], [event("b")], [poison], [event("c")]
    )
    assert (first, second, last) == (1, 1, 1)
    assert "not a uuid" in str(broken)
    assert sorted(Receipt.objects.values_list("event_key", flat=True)) == ["a", "b", "c"]


def test_leader_whose_database_fails_takes_nobody_along(
    held: Held, door: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, failed = held.insert, []

    def fail_together(found: Sequence[Any], **options: Any) -> Any:
        if len(found) > 1 or (found[0].event_key == "b" and failed):
            failed.append(threading.get_ident())
            raise OperationalError("the disk is full")
        return insert(found, **options)

    held.insert = fail_together  # type: ignore[assignment]
    first, leader, third, fourth = held.play(
        door, [event("a")], [event("b")], [event("c")], [event("d")]
    )
    assert (first, third, fourth) == (1, 1, 1)
    assert str(leader) == "the disk is full"
    assert len(failed) == 2
    assert sorted(Receipt.objects.values_list("event_key", flat=True)) == ["a", "c", "d"]


def test_inside_a_transaction_nothing_is_shared(door: Connection) -> None:
    """Somebody else's rows would come and go with it."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert receive.receive([event("a")], connector="sandbox", connection_id=door.pk) == 1
        raise ZeroDivisionError
    assert not Receipt.objects.exists()


def test_many_threads_and_repeated_events_store_each_once(door: Connection) -> None:
    start = threading.Barrier(8)

    def bring(thread: int) -> int:
        start.wait()
        try:
            return sum(
                receive.receive(
                    [event(f"own-{thread}-{number}"), event(f"shared-{number}")],
                    connector="sandbox",
                    connection_id=door.pk,
                )
                for number in range(25)
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        new = sum(pool.map(bring, range(8)))
    assert new == Receipt.objects.count() == 8 * 25 + 25
