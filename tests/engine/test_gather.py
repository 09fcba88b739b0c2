"""Threads that come together share one act, and each gets its own answer or its own fault."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.gather import Gather

PATIENCE_S = 20


class Stage:
    """An act that notes its turns and can be held up at the first one."""

    def __init__(self, act: Callable[[Sequence[int]], Sequence[int]] | None = None) -> None:
        self.turns: list[list[int]] = []
        self.threads: list[int] = []
        self.under_way, self.go_on = threading.Event(), threading.Event()
        self._act = act or (lambda wishes: [wish * 10 for wish in wishes])

    def __call__(self, wishes: Sequence[int]) -> Sequence[int]:
        self.turns.append(list(wishes))
        self.threads.append(threading.get_ident())
        self.under_way.set()
        assert self.go_on.wait(PATIENCE_S)
        return self._act(wishes)


def together(stage: Stage, wishes: Sequence[int], *, most: int = 100) -> list[Any]:
    """The first wish leads; the others come one by one while it is under way. Answers or faults."""
    gather: Gather[int, int] = Gather(stage, most=most)
    with ThreadPoolExecutor(len(wishes)) as pool:
        calls: list[Future[int]] = [pool.submit(gather, wishes[0])]
        assert stage.under_way.wait(PATIENCE_S)
        for number, wish in enumerate(wishes[1:], 1):
            calls.append(pool.submit(gather, wish))
            wait_until(lambda number=number: len(gather._waiting) == number)
        stage.go_on.set()
        ends = [call.exception(PATIENCE_S) or call.result() for call in calls]
    assert not gather._waiting
    assert not gather._has_leader
    return ends


def wait_until(happened: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(PATIENCE_S * 1000):
        if happened():
            return
        tick.wait(0.001)
    raise AssertionError("it did not happen in time")


def test_one_alone_is_done_at_once_in_its_own_thread() -> None:
    stage = Stage()
    stage.go_on.set()
    assert Gather(stage, most=10)(4) == 40
    assert (stage.turns, stage.threads) == ([[4]], [threading.get_ident()])


def test_those_who_come_during_a_turn_share_the_next_one() -> None:
    stage = Stage()
    assert together(stage, [1, 2, 3, 4]) == [10, 20, 30, 40]
    assert stage.turns == [[1], [2, 3, 4]]
    assert len(set(stage.threads)) == 2, "the second turn has a leader of its own"


def test_a_turn_is_bounded_and_goes_on_in_the_order_of_coming() -> None:
    stage = Stage()
    assert together(stage, [1, 2, 3, 4, 5, 6], most=2) == [10, 20, 30, 40, 50, 60]
    assert stage.turns == [[1], [2, 3], [4, 5], [6]]


def test_one_that_breaks_the_others_harms_nobody_but_itself() -> None:
    def break_at_three(wishes: Sequence[int]) -> list[int]:
        if 3 in wishes:
            raise ValueError("three")
        return [wish * 10 for wish in wishes]

    first, second, third, fourth = together(Stage(break_at_three), [1, 2, 3, 4])
    assert (first, second, fourth) == (10, 20, 40)
    assert str(third) == "three"


def test_leader_that_fails_alone_meets_its_fault_once_and_hands_the_lead_on() -> None:
    def break_at_one(wishes: Sequence[int]) -> list[int]:
        if 1 in wishes:
            raise ValueError("one")
        return [wish * 10 for wish in wishes]

    stage = Stage(break_at_one)
    first, second, third = together(stage, [1, 2, 3])
    assert (str(first), second, third) == ("one", 20, 30)
    assert stage.turns == [[1], [2, 3]]


class Killed(BaseException):
    """What no code expects."""


def test_leader_that_is_torn_out_of_its_turn_leaves_nobody_behind() -> None:
    torn: list[list[int]] = []

    def tear_once(wishes: Sequence[int]) -> list[int]:
        if 2 in wishes and not torn:
            torn.append(list(wishes))
            raise Killed
        return [wish * 10 for wish in wishes]

    first, second, third, fourth = together(Stage(tear_once), [1, 2, 3, 4])
    assert torn == [[2, 3, 4]]
    assert (first, third, fourth) == (10, 30, 40)
    assert isinstance(second, Killed)


def test_each_thread_meets_a_fault_of_its_own() -> None:
    def fail(wishes: Sequence[int]) -> list[int]:
        raise ConnectionError(str(wishes))

    faults = together(Stage(fail), [1, 2, 3])
    assert [str(fault) for fault in faults] == ["[1]", "[2]", "[3]"]
    assert len({id(fault) for fault in faults}) == 3


def test_wrong_number_of_answers_is_a_fault_and_nobodys_answer() -> None:
    faults = together(Stage(lambda wishes: [0, 0, 0]), [1, 2, 3])
    assert [type(fault) for fault in faults] == [ValueError, ValueError, ValueError]


@given(
    wishes=st.lists(st.integers(), min_size=1, max_size=30),
    most=st.integers(min_value=1, max_value=8),
    broken=st.sets(st.integers(min_value=0, max_value=30)),
)
def test_whoever_comes_whenever_gets_what_it_would_get_alone(
    wishes: list[int], most: int, broken: set[int]
) -> None:
    def act(numbered: Sequence[tuple[int, int]]) -> list[int]:
        assert len(numbered) <= most
        if any(number in broken for number, _ in numbered):
            raise ValueError
        return [number * 1000 + wish for number, wish in numbered]

    gather: Gather[tuple[int, int], int] = Gather(act, most=most)
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(gather, numbered) for numbered in enumerate(wishes)]
    for number, call in enumerate(calls):
        if number in broken:
            assert isinstance(call.exception(PATIENCE_S), ValueError)
        else:
            assert call.result() == number * 1000 + wishes[number]


def test_waiting_thread_that_is_interrupted_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C reaches the main thread while it waits its turn, even as it is made the leader."""
    stage = Stage()
    gather: Gather[int, int] = Gather(stage, most=10)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(gather, 1)
        assert stage.under_way.wait(PATIENCE_S)
        wait = threading.Event.wait

        def interrupted(event: threading.Event, timeout: float | None = None) -> bool:
            if threading.current_thread() is threading.main_thread() and timeout is None:
                stage.go_on.set()
                wait(event, PATIENCE_S)  # until it is called: it leads now
                raise KeyboardInterrupt
            return wait(event, timeout)

        monkeypatch.setattr(threading.Event, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            gather(2)
        monkeypatch.undo()
        third = pool.submit(gather, 3)
        assert (first.result(PATIENCE_S), third.result(PATIENCE_S)) == (10, 30)
    assert [2] not in stage.turns
