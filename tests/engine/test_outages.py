"""Connections that are down, through the engine: skipped, tried again, counted, told of."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from flows.connectors.base import Accepted, SendResult
from flows.engine import run, store
from flows.engine.breaker import (
    FIRST_PAUSE_S,
    LIMIT,
)
from flows.models import Account, Connection, Execution, Flow, KeyKind, OutgoingMail, User, letters
from flows.placeholders import Channel
from tests import cast, running
from tests.engine import drive
from tests.engine.drive import START
from tests.engine.frail_connector import (
    BUSY,
    DOWN,
    LOST,
    NOT_THERE,
    OUR_OWN,
    WRONG_KEY,
    Frail,
)

ENGINES = 4


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def flow(frail_flow: Flow) -> Flow:
    return frail_flow


def send(flow: Flow, *, after_s: float = 0, kind: str = KeyKind.LIVE) -> Execution:
    execution = drive.accept(flow, "0001", "0001", at=at(after_s), kind=kind)
    run.until_idle(at(after_s))
    return execution


def break_down(flow: Flow, answer: SendResult = LOST) -> None:
    """Five sends at START that the carrier does not answer."""
    Frail.answer = answer
    for _ in range(LIMIT):
        send(flow)
    Frail.sent.clear()


def reasons(execution: Execution) -> list[str]:
    return [attempt.reason for attempt in drive.attempts(execution)]


def test_a_carrier_that_is_down_is_skipped_at_once_with_the_reason(
    flow: Flow, frail: Connection
) -> None:
    break_down(flow, DOWN)
    execution = send(flow, after_s=3)
    frail.refresh_from_db()
    assert frail.down_since is not None
    first, second = drive.attempts(execution)
    assert (first.state, first.error_class) == ("skipped", "carrier_down")
    assert first.reason == (
        f"Skipped: Kaleyra India has been down since {frail.down_since:%H:%M} UTC "
        "(the connection was refused), moved on to SMS"
    )
    assert second.state == "waiting"
    assert second.created_at == at(3)
    assert Frail.sent == []


@pytest.mark.parametrize("answer", [LOST, WRONG_KEY], ids=["lost", "wrong key"])
def test_lost_answers_and_refused_credentials_open_it(
    flow: Flow, frail: Connection, answer: SendResult
) -> None:
    break_down(flow, answer)
    frail.refresh_from_db()
    assert (frail.down_since, frail.probe_at) == (START, at(FIRST_PAUSE_S))


@pytest.mark.parametrize("answer", [NOT_THERE, BUSY, OUR_OWN], ids=["refused", "busy", "our own"])
def test_other_results_never_open_it(flow: Flow, frail: Connection, answer: SendResult) -> None:
    break_down(flow, answer)
    frail.refresh_from_db()
    assert (frail.failures, frail.down_since) == (0, None)


def test_what_was_to_be_tried_again_is_given_up_when_it_goes_down(flow: Flow) -> None:
    Frail.answer = DOWN
    waiting = drive.accept(flow, "0001", "0001", kind=KeyKind.LIVE)
    run.until_idle(START)
    break_down(flow)
    Frail.sent.clear()
    run.until_idle(at(2))
    assert reasons(waiting)[0].startswith("Not tried again: Kaleyra India has been down since")
    assert Frail.sent == []


def test_after_the_pause_one_message_tries_and_the_others_are_skipped(
    flow: Flow, frail: Connection
) -> None:
    break_down(flow)
    made = [drive.accept(flow, "0001", "0001", at=at(15), kind=KeyKind.LIVE) for _ in range(4)]
    run.until_idle(at(15))
    assert len(Frail.sent) == 1
    assert sorted(drive.attempts(one)[0].state for one in made) == ["skipped"] * 3 + ["unknown"]
    frail.refresh_from_db()
    assert frail.probe_at == at(15 + 30)


def test_sends_that_were_under_way_when_it_went_down_are_no_probes(
    flow: Flow, frail: Connection
) -> None:
    Frail.answer = LOST
    for _ in range(3 * LIMIT):
        drive.accept(flow, "0001", "0001", kind=KeyKind.LIVE)
    run.until_idle(START)
    frail.refresh_from_db()
    assert (frail.failures, frail.probe_at) == (LIMIT, at(FIRST_PAUSE_S))


def test_an_answer_to_the_probe_closes_it_for_all(flow: Flow, frail: Connection) -> None:
    break_down(flow)
    Frail.answer = NOT_THERE
    send(flow, after_s=15)
    frail.refresh_from_db()
    assert (frail.failures, frail.down_since, frail.probe_at) == (0, None, None)
    assert frail.last_error == "no answer within 20 s"
    Frail.answer = None
    send(flow, after_s=16)
    send(flow, after_s=16)
    assert len(Frail.sent) == 3


def test_two_engines_let_one_probe_through(flow: Flow) -> None:
    break_down(flow)
    for _ in range(2):
        drive.accept(flow, "0001", "0001", at=at(15), kind=KeyKind.LIVE)
    one = store.claim(limit=1, lease_s=60, now=at(15))
    other = store.claim(limit=1, lease_s=60, now=at(15))  # both have seen that a probe is due
    sending = [store.apply(store.decide_all(c, now=at(15)), now=at(15)) for c in (one, other)]
    connectors = [attempt.connector for jobs in sending for _, attempt in jobs]
    assert connectors == ["frail", "sandbox"]


@pytest.mark.django_db(transaction=True)
def test_of_many_engines_at_the_same_moment_one_tries(flow: Flow, frail: Connection) -> None:
    break_down(flow)
    for _ in range(ENGINES):
        drive.accept(flow, "0001", "0001", at=at(15), kind=KeyKind.LIVE)
    stale = [store.claim(limit=1, lease_s=60, now=at(15)) for _ in range(ENGINES)]
    sending: list[str] = []

    def turn(number: int) -> None:
        decided = store.decide_all(stale[number], now=at(15))
        sending.extend(attempt.connector for _, attempt in store.apply(decided, now=at(15)))

    running.at_once(*(partial(turn, number) for number in range(ENGINES)))
    assert sorted(sending) == ["frail"] + ["sandbox"] * (ENGINES - 1)


@pytest.mark.django_db(transaction=True)
def test_failures_that_engines_record_at_the_same_moment_are_all_counted(
    flow: Flow, frail: Connection
) -> None:
    for _ in range(LIMIT - 1):
        drive.accept(flow, "0001", "0001", kind=KeyKind.LIVE)
    jobs = run.begin(limit=10, now=START)[1]
    lost = [[store.Sent(job.claimed, job.attempt, LOST, START)] for job in jobs]
    running.at_once(*(partial(store.record, sent, now=START) for sent in lost))
    frail.refresh_from_db()
    assert (frail.failures, frail.down_since) == (LIMIT - 1, None)


def test_a_probe_whose_engine_died_is_free_again_when_its_time_is_over(
    flow: Flow, settings: Settings
) -> None:
    break_down(flow)
    drive.accept(flow, "0001", "0001", at=at(15), kind=KeyKind.LIVE)
    run.begin(limit=10, now=at(15))  # takes the probe, and is never heard of again
    lease_s = settings.ENGINE_LEASE_S / 2 + 5
    send(flow, after_s=15 + lease_s - 1)
    assert Frail.sent == []
    send(flow, after_s=15 + lease_s)
    assert len(Frail.sent) == 1


def test_a_probe_that_is_not_sent_after_all_is_given_back(flow: Flow, frail: Connection) -> None:
    break_down(flow)
    execution = drive.accept(flow, "0001", "0001", at=at(15), kind=KeyKind.LIVE)
    claimed = store.claim(limit=10, lease_s=60, now=at(15))
    decided = store.decide_all(claimed, now=at(15))
    Execution.objects.filter(pk=execution.pk).update(revision=99)  # a signal came meanwhile
    assert store.apply(decided, now=at(15)) == []
    frail.refresh_from_db()
    assert frail.probe_at == at(15)


def test_an_execution_that_sends_elsewhere_now_takes_no_probe(
    account: Account, admin: User, flow: Flow, frail: Connection
) -> None:
    """WhatsApp is its second step: the first one is still being waited for."""
    steps = tuple(cast.make_step(account, channel) for channel in (Channel.SMS, Channel.WHATSAPP))
    other = cast.make_published_flow(account, by=admin, title="SMS first", steps=steps)
    break_down(flow)
    drive.accept(other, "0005", "0001", at=at(15), kind=KeyKind.LIVE)
    run.until_idle(at(15))
    frail.refresh_from_db()
    assert (Frail.sent, frail.probe_at) == ([], at(FIRST_PAUSE_S))
    run.until_idle(at(75))  # its wait is over: now it is the one that tries
    assert len(Frail.sent) == 1


def test_a_retry_can_be_the_probe(flow: Flow, frail: Connection) -> None:
    break_down(flow)
    Frail.answer = BUSY
    send(flow, after_s=15)
    Connection.objects.update(probe_at=at(16))
    Frail.answer = None
    run.until_idle(at(16))
    frail.refresh_from_db()
    assert (len(Frail.sent), frail.down_since) == (2, None)


def test_a_test_key_never_meets_the_breaker(flow: Flow, frail: Connection) -> None:
    break_down(flow)
    execution = send(flow, after_s=3, kind=KeyKind.TEST)
    assert drive.attempts(execution)[0].state == "waiting"


def test_the_sandbox_is_never_down(account: Account, admin: User) -> None:
    flow = cast.make_published_flow(account, by=admin)
    for _ in range(LIMIT + 1):
        drive.accept(flow, "0008", "0001", kind=KeyKind.LIVE)
    run.until_idle(START)
    sandbox = Connection.objects.get()
    assert (sandbox.failures, sandbox.last_error) == (0, "")


def test_answers_after_the_lease_was_lost_count_as_well(flow: Flow, frail: Connection) -> None:
    break_down(flow)
    drive.accept(flow, "0001", "0001", at=at(15), kind=KeyKind.LIVE)
    _, (job,) = run.begin(limit=10, now=at(15))
    Execution.objects.update(lease_token=None)
    late = store.Sent(job.claimed, job.attempt, Accepted("m1", {}), at(17))
    store.record([late], now=at(17))
    frail.refresh_from_db()
    assert frail.down_since is None


# --- What it costs, and who is told ---------------------------------------------------------------


def test_healthy_traffic_does_not_write_the_connection(flow: Flow) -> None:
    send(flow)
    drive.accept(flow, "0001", "0001", at=at(1), kind=KeyKind.LIVE)
    _, jobs = run.begin(limit=10, now=at(1))
    results = [store.Sent(j.claimed, j.attempt, Accepted("m", {}), at(1)) for j in jobs]
    with CaptureQueriesContext(
        database,
    ) as asked:
        store.record(results, now=at(1))
    written = [q["sql"] for q in asked if q["sql"].startswith("UPDATE")]
    assert written
    assert not any("flows_connection" in sql for sql in written)


def test_trouble_costs_the_same_for_one_send_as_for_many(flow: Flow) -> None:
    def cost(count: int) -> int:
        Connection.objects.update(failures=0, down_since=None, probe_at=None)
        for _ in range(count):
            drive.accept(flow, "0001", "0001", kind=KeyKind.LIVE)
        _, jobs = run.begin(limit=100, now=START)
        results = [store.Sent(j.claimed, j.attempt, LOST, START) for j in jobs]
        with CaptureQueriesContext(database) as asked:
            store.record(results, now=START)
        return len(asked)

    Frail.answer = LOST
    assert cost(1) == cost(LIMIT - 1)


def test_a_probe_costs_the_same_for_one_execution_as_for_many(flow: Flow) -> None:
    def cost(count: int, after_s: float) -> int:
        for _ in range(count):
            drive.accept(flow, "0001", "0001", at=at(after_s), kind=KeyKind.LIVE)
        claimed = store.claim(limit=100, lease_s=60, now=at(after_s))
        with CaptureQueriesContext(database) as asked:
            store.decide_all(claimed, now=at(after_s))
        return len(asked)

    break_down(flow)
    assert cost(1, 100) == cost(20, 1000) > 0


def subjects() -> list[str]:
    return list(OutgoingMail.objects.order_by("pk").values_list("subject", flat=True))


def go_down(flow: Flow, after_s: float) -> None:
    Frail.answer = LOST
    for _ in range(LIMIT):
        send(flow, after_s=after_s)


def come_back(flow: Flow, after_s: float) -> None:
    Frail.answer = None
    send(flow, after_s=after_s)


def test_admins_get_one_letter_an_hour_however_often_it_goes_down(
    flow: Flow, admin: User, frail: Connection
) -> None:
    go_down(flow, 0)
    letter = OutgoingMail.objects.get()
    assert letter.to == admin.email
    assert "no answer within 20 s" in letter.text
    assert f"since {START:%H:%M} UTC" in letter.text
    assert letters.link(f"/a/{flow.account.sid}/connections/{frail.public_id}/") in letter.text
    come_back(flow, 100)
    go_down(flow, 1000)
    come_back(flow, 1100)
    assert subjects() == ["Kaleyra India is down", "Kaleyra India works again"]
    go_down(flow, 3700)
    assert subjects()[2:] == ["Kaleyra India is down"]


def test_who_was_told_that_it_is_down_is_told_that_it_works_again(
    flow: Flow, admin: User, frail: Connection
) -> None:
    go_down(flow, 0)
    come_back(flow, 100)
    letter = OutgoingMail.objects.get(subject="Kaleyra India works again")
    assert letter.to == admin.email
    assert f"before {at(3600):%H:%M} UTC" in letter.text


def test_an_outage_that_began_soon_after_a_letter_is_told_when_it_lasts(
    flow: Flow, admin: User, frail: Connection
) -> None:
    go_down(flow, 0)
    come_back(flow, 100)
    go_down(flow, 200)
    send(flow, after_s=400)  # a message tries it, in vain
    assert subjects()[2:] == []
    send(flow, after_s=3700)
    assert subjects()[2:] == ["Kaleyra India is down"]
    send(flow, after_s=9000)
    assert subjects()[2:] == ["Kaleyra India is down"]


def test_it_is_logged_when_it_goes_down_and_when_it_comes_back(
    flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="flows.engine.outages"):
        break_down(flow)
        Frail.answer = None
        send(flow, after_s=15)
    assert [record.message for record in caplog.records] == ["connection.down", "connection.up"]


def test_several_connections_go_down_each_on_its_own(
    account: Account, admin: User, frail: Connection
) -> None:
    other = Connection.objects.create(account=account, connector="frail", name="Other")
    steps = []
    for number, at_carrier in enumerate([frail, other]):
        sender = cast.make_sender(
            account, Channel.WHATSAPP, connection=at_carrier, identifier=f"91804718220{number}"
        )
        steps.append(cast.make_step(account, Channel.WHATSAPP, sender=str(sender.public_id)))
    flow = cast.make_published_flow(account, by=admin, steps=tuple(steps))
    Frail.answer = WRONG_KEY
    for _ in range(LIMIT):
        send(flow)
    skipped = reasons(send(flow, after_s=1))
    assert [reason.split(" has been")[0] for reason in skipped] == [
        "Skipped: Kaleyra India", "Skipped: Other",
    ]  # fmt: skip
