"""Receipt health: the numbers and the verdict alone, and the chore that computes them from rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import chores, health
from flows.engine.health_numbers import ENOUGH, Heard, Verdict, numbers, percentile, verdict
from flows.models import Account, Attempt, Connection, Flow, OutgoingMail, Receipt, User
from flows.models.self_tests import PREFIX
from tests import cast

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


# --- Numbers --------------------------------------------------------------------------------------


def heard(delay_s: float | None, *, age_s: float = 600) -> Heard:
    at = ago(age_s)
    came = None if delay_s is None else at + timedelta(seconds=delay_s)
    return Heard(at, came, None, came)


@given(st.lists(st.floats(0, 1000), min_size=1), st.sampled_from([1, 50, 95, 100]))
def test_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[float], share: int
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= share * len(values)
    below = [value for value in values if value < found]
    assert len(below) * 100 < share * len(values)


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile([], 95) is None


@pytest.mark.parametrize(
    ("sends", "with_receipt", "silent", "expected"),
    [
        (0, 0, 0, Verdict.UNKNOWN),
        (19, 0, 19, Verdict.UNKNOWN),
        (20, 0, 20, Verdict.NONE),
        (500, 480, 20, Verdict.NONE),  # it worked until a moment ago
        (500, 490, 10, Verdict.GOOD),
        (20, 9, 0, Verdict.FEW),
        (20, 10, 0, Verdict.GOOD),
    ],
)
def test_verdict(sends: int, with_receipt: int, silent: int, expected: Verdict) -> None:
    assert verdict(sends, with_receipt=with_receipt, silent=silent) is expected


delays = st.lists(st.one_of(st.none(), st.floats(-5, 900)), max_size=60)


@given(delays)
def test_numbers_hold_together(given_delays: list[float | None]) -> None:
    found = numbers([heard(delay) for delay in given_delays])
    assert found["sends"] == len(given_delays)
    assert found["with_receipt"] == sum(delay is not None for delay in given_delays)
    assert found["silent"] + found["with_receipt"] <= found["sends"]
    assert (found["last_receipt_at"] is None) == (found["with_receipt"] == 0)
    if found["with_receipt"]:
        assert 0 <= found["median_s"] <= found["p95_s"]
    if found["silent"] >= ENOUGH:
        assert found["verdict"] == "none"


def test_delays_are_counted_from_the_acceptance_to_the_first_and_to_the_delivered_receipt() -> None:
    at = ago(600)
    sends = [
        Heard(at, at + timedelta(seconds=first), at + timedelta(seconds=first + 10))
        for first in range(1, 21)
    ]
    found = numbers(sends)
    assert (found["median_s"], found["p95_s"]) == (10, 19)
    assert (found["delivered_median_s"], found["delivered_p95_s"], found["slow_s"]) == (20, 29, 29)


def test_trouble_that_is_over_is_forgotten_with_the_newest_hundred_sends() -> None:
    bad, good = [heard(None)] * 400, heard(2)
    assert numbers([good] * 49 + bad)["verdict"] == "few"
    assert numbers([good] * 50 + bad)["verdict"] == "good"


def test_a_few_deliveries_are_no_ground_for_advice_about_waits() -> None:
    at = ago(600)
    found = numbers([Heard(at, at, at + timedelta(seconds=50))] * (ENOUGH - 1))
    assert (found["delivered_p95_s"], found["slow_s"]) == (50, None)


# --- The chore ------------------------------------------------------------------------------------


@pytest.fixture
def flow(frail_flow: Flow) -> Flow:
    return frail_flow


def make_attempt(flow: Flow, frail: Connection, age_s: float = 600, **fields: Any) -> Attempt:
    """A send of so long ago that was accepted at once."""
    shared = {"channel": "whatsapp", "connector": "frail", "sender": "1", "recipient": "2"}
    return Attempt.objects.create(
        execution=cast.make_execution(flow),
        step=0,
        connection=frail,
        created_at=ago(age_s),
        **{**shared, "accepted_at": ago(age_s), **fields},
    )


def make_receipt(
    attempt: Attempt | None, frail: Connection, *, age_s: float = 590, **fields: Any
) -> Receipt:
    key = f"key-{Receipt.objects.count()}"
    shared = {"connector": "frail", "event_key": key, "status": "delivered", "raw": {}}
    return Receipt.objects.create(
        attempt=attempt, connection=frail, received_at=ago(age_s), **{**shared, **fields}
    )


def looked(frail: Connection) -> dict[str, Any]:
    health.look(NOW)
    frail.refresh_from_db()
    assert frail.health_at == NOW
    return dict(frail.health)


def test_it_counts_sends_and_their_receipts(flow: Flow, frail: Connection) -> None:
    make_attempt(flow, frail)
    attempt = make_attempt(flow, frail)
    make_receipt(attempt, frail, age_s=598, status="sent")
    make_receipt(attempt, frail, age_s=595)
    make_receipt(attempt, frail, age_s=500, status="read")
    found = looked(frail)
    assert (found["sends"], found["with_receipt"], found["silent"]) == (2, 1, 0)
    assert (found["median_s"], found["delivered_median_s"]) == (2, 5)
    assert found["last_receipt_at"] == ago(500).isoformat()


def test_what_is_too_young_too_old_refused_or_polled_does_not_count(
    flow: Flow, frail: Connection
) -> None:
    make_attempt(flow, frail, 59)
    make_attempt(flow, frail, 24 * 3600 + 1)
    make_attempt(flow, frail, accepted_at=None)
    polled = make_attempt(flow, frail)
    make_receipt(polled, frail, event_key="poll:1")
    found = looked(frail)
    assert (found["sends"], found["with_receipt"]) == (1, 0)


def test_young_sends_do_not_push_the_others_out_of_the_sample(
    flow: Flow, frail: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SAMPLE", 3)
    for _ in range(4):
        make_attempt(flow, frail)
    for _ in range(5):
        make_attempt(flow, frail, 10)
    assert looked(frail)["sends"] == 3


def test_unmatched_receipts_are_those_that_were_looked_for_in_vain(
    flow: Flow, frail: Connection
) -> None:
    make_receipt(None, frail, match_tries=1)
    make_receipt(None, frail, match_tries=0)
    make_receipt(None, frail, match_tries=4, age_s=24 * 3600 + 1)
    make_receipt(None, frail, match_tries=1, message_id=f"{PREFIX}abc")
    make_receipt(make_attempt(flow, frail), frail, match_tries=1)
    assert looked(frail)["unmatched"] == 1


def test_the_last_receipt_is_remembered_when_nothing_is_sent_any_more(frail: Connection) -> None:
    Connection.objects.update(health={"last_receipt_at": "2026-02-01T00:00:00+00:00"})
    assert looked(frail)["last_receipt_at"] == "2026-02-01T00:00:00+00:00"


def test_the_last_receipt_may_be_of_a_send_that_is_too_young_to_count(
    flow: Flow, frail: Connection
) -> None:
    make_receipt(make_attempt(flow, frail), frail, age_s=500)
    make_receipt(make_attempt(flow, frail, 10), frail, age_s=5)
    make_receipt(make_attempt(flow, frail, 10), frail, age_s=1, event_key="poll:1")
    assert looked(frail)["last_receipt_at"] == ago(5).isoformat()


def test_it_is_logged_when_receipts_stop_and_when_they_come_again(
    flow: Flow, frail: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    silent = [make_attempt(flow, frail) for _ in range(ENOUGH)]
    with caplog.at_level("INFO", logger="flows.engine.health"):
        health.look(NOW)
        health.look(NOW + timedelta(minutes=2))
        for attempt in silent:
            make_receipt(attempt, frail)
        health.look(NOW + timedelta(minutes=4))
    said: Any = caplog.records
    told = [(line.msg, line.levelname, line.verdict, line.connection) for line in said]
    public_id = str(frail.public_id)
    assert told == [
        ("connection.receipts", "WARNING", "none", public_id),
        ("connection.receipts", "INFO", "good", public_id),
    ]


def test_admins_get_one_letter_each_time_that_receipts_stop(
    flow: Flow, frail: Connection, admin: User
) -> None:
    def look(after_min: int) -> list[str]:
        health.look(NOW + timedelta(minutes=after_min))
        return list(OutgoingMail.objects.values_list("subject", flat=True))

    subject = "Receipts of Kaleyra India do not arrive"
    attempts = [make_attempt(flow, frail) for _ in range(ENOUGH)]
    assert look(0) == [subject]
    letter = OutgoingMail.objects.get()
    assert letter.to == admin.email
    assert f"last {ENOUGH} messages" in letter.text
    assert str(frail.public_id) in letter.text
    assert len(look(2)) == len(look(90)) == 1  # it is the same silence
    for attempt in attempts:
        make_receipt(attempt, frail)
    assert len(look(100)) == 1
    Receipt.objects.all().delete()
    assert look(110) == [subject, subject]
    for attempt in attempts:
        make_receipt(attempt, frail)
    look(120)
    Receipt.objects.all().delete()
    assert len(look(130)) == 2  # too soon after the last letter
    assert len(look(180)) == 3  # it lasts


def test_once_a_minute_is_enough_and_who_waited_longest_comes_first(
    account: Account, frail: Connection
) -> None:
    other = Connection.objects.create(account=account, connector="frail", name="Other")
    cast.make_connection(account)  # the Sandbox is not measured
    gone = Connection.objects.create(
        account=account, connector="frail", name="Gone", deleted_at=NOW
    )
    frail.health_at, other.health_at = ago(61), ago(90)
    frail.save()
    other.save()
    assert [health.look(NOW) for _ in range(3)] == [1, 1, 0]
    assert health.look(NOW + timedelta(seconds=59)) == 0
    gone.refresh_from_db()
    assert gone.health_at is None


def test_the_cost_does_not_grow_with_the_sends(flow: Flow, frail: Connection) -> None:
    def cost(count: int) -> int:
        for _ in range(count):
            make_receipt(make_attempt(flow, frail), frail)
        Connection.objects.update(health_at=None)
        with CaptureQueriesContext(database) as asked:
            health.look(NOW)
        return len(asked)

    assert cost(1) == cost(20)


def test_it_is_one_of_the_chores(flow: Flow, frail: Connection) -> None:
    for _ in range(ENOUGH):
        make_attempt(flow, frail)
    chores.turn(NOW)
    frail.refresh_from_db()
    assert frail.health["verdict"] == "none"


def test_a_connection_whose_connector_is_gone_holds_up_nobody(
    account: Account, frail: Connection
) -> None:
    Connection.objects.create(account=account, connector="gone", name="Gone")
    assert looked(frail)["sends"] == 0
