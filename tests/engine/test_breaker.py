"""The rules of the circuit breaker alone; test_outages.py has them through the engine."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.connectors.base import Accepted, ErrorClass, NotTaken, Refused, SendResult
from flows.engine.breaker import (
    FIRST_PAUSE_S,
    LIMIT,
    LONGEST_PAUSE_S,
    Breaker,
    Heard,
    Sign,
    heard,
    pause_s,
)
from flows.models import Connection
from flows.models.outage_words import outage
from tests.engine.drive import START
from tests.engine.frail_connector import (
    BUSY,
    DOWN,
    LOST,
    NOT_THERE,
    OUR_OWN,
    WRONG_KEY,
)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def told(sign: Sign, after_s: float = 0, *, is_probe: bool = False) -> Heard:
    return Heard(at(after_s), sign, "it hangs" if sign is Sign.DEAD else "", is_probe)


def after_all(*told_: Heard) -> Breaker:
    state = Breaker()
    for what in told_:
        state = state.after(what)
    return state


def opened() -> Breaker:
    return after_all(*(told(Sign.DEAD, number) for number in range(LIMIT)))


# --- The rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "sign", "fault"),
    [
        (Accepted("m1"), Sign.ALIVE, ""),
        (NOT_THERE, Sign.ALIVE, ""),
        (OUR_OWN, Sign.NEITHER, ""),
        (WRONG_KEY, Sign.DEAD, "the token is no longer valid"),
        (Refused("credentials", ErrorClass.BLOCKED, "wrong key"), Sign.DEAD, "wrong key"),
        (Refused("131031", ErrorClass.BLOCKED, "blocked", {}), Sign.ALIVE, ""),
        (DOWN, Sign.DEAD, "the connection was refused"),
        (BUSY, Sign.NEITHER, "the carrier asks to send more slowly"),
        (NotTaken("x", ErrorClass.UNKNOWN, "strange"), Sign.NEITHER, "strange"),
        (LOST, Sign.DEAD, "no answer within 20 s"),
    ],
)
def test_what_a_result_says_of_its_connection(result: SendResult, sign: Sign, fault: str) -> None:
    codes = frozenset({"credentials", "190"})
    assert heard(result, at=START, credential_codes=codes) == Heard(START, sign, fault)


def test_the_fifth_failure_in_a_row_opens_it() -> None:
    assert not after_all(*(told(Sign.DEAD) for _ in range(LIMIT - 1))).is_open
    state = opened()
    assert state.is_open
    assert state.down_since == at(LIMIT - 1)
    assert state.probe_at == at(LIMIT - 1 + FIRST_PAUSE_S)
    assert state.last_error == "it hangs"


def test_an_answer_in_between_starts_the_count_anew_and_a_busy_carrier_does_not() -> None:
    four = [told(Sign.DEAD) for _ in range(LIMIT - 1)]
    assert not after_all(*four, told(Sign.ALIVE), *four).is_open
    assert after_all(*four, told(Sign.NEITHER), told(Sign.DEAD)).is_open


def test_every_failed_probe_doubles_the_pause_up_to_five_minutes() -> None:
    state, pauses = opened(), []
    for number in range(8):
        now = at(1000 * (number + 1))
        state = state.after(Heard(now, Sign.DEAD, "it hangs", is_probe=True))
        assert state.probe_at is not None
        pauses.append((state.probe_at - now).total_seconds())
    assert pauses == [30, 60, 120, 240, 300, 300, 300, 300]
    assert pause_s(LIMIT) == FIRST_PAUSE_S
    assert pause_s(10**9) == LONGEST_PAUSE_S


def test_stragglers_that_fail_while_it_is_down_neither_double_nor_put_off_the_probe() -> None:
    state = opened()
    after = state.after(told(Sign.DEAD, 9))
    assert (after.failures, after.probe_at) == (state.failures, state.probe_at)
    assert after.last_error_at == at(9)


def test_an_answer_closes_it_and_one_from_before_it_went_down_does_not() -> None:
    state = opened()
    assert state.after(told(Sign.ALIVE, 1)).is_open
    closed = state.after(told(Sign.ALIVE, 60))
    assert closed == Breaker(last_error="it hangs", last_error_at=state.last_error_at)


def test_a_busy_answer_to_a_probe_leaves_it_down_and_the_pause_as_it_is() -> None:
    state = opened().after(told(Sign.NEITHER, 20, is_probe=True))
    assert state.is_open
    assert state.probe_at == at(20 + FIRST_PAUSE_S)


def test_reason_names_the_day_only_when_it_was_long_ago() -> None:
    since = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)
    kaleyra = Connection(name="Kaleyra India", last_error="the connection was refused")
    assert outage(kaleyra, now=since) == ""
    kaleyra.down_since = since
    say = "Kaleyra India has been down since 14:02 UTC (the connection was refused)"
    assert outage(kaleyra, now=since) == say
    kaleyra.last_error = ""
    later = since + timedelta(days=2)
    assert outage(kaleyra, now=later) == "Kaleyra India has been down since 1 March, 14:02 UTC"


results = st.lists(st.tuples(st.sampled_from(Sign), st.booleans(), st.integers(0, 400)))


@given(results)
def test_whatever_comes_in_it_is_down_only_after_failures_in_a_row(
    steps: list[tuple[Sign, bool, int]],
) -> None:
    """An independent count: failures since the last answer; probes only while it is down."""
    state, now, in_a_row = Breaker(), START, 0
    for sign, is_probe, pause in steps:
        now += timedelta(seconds=pause)
        was = state
        fault = "it hangs" if sign is Sign.DEAD else ""
        state = state.after(Heard(now, sign, fault, is_probe and was.is_open))
        in_a_row = 0 if sign is Sign.ALIVE else in_a_row + (sign is Sign.DEAD)
        assert state.is_open == (in_a_row >= LIMIT)
        assert (state.down_since is None) == (state.probe_at is None)
        if state.is_open:
            assert state.probe_at is not None and state.down_since is not None
            assert state.failures >= LIMIT
            assert state.probe_at - now <= timedelta(seconds=LONGEST_PAUSE_S)
            if was.is_open:
                assert state.down_since == was.down_since
                assert state.probe_at >= (was.probe_at or now) or is_probe
        else:
            assert state.failures == in_a_row
