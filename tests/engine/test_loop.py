"""The lanes of the engine without end: nobody is held up, nothing that finished is forgotten."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from flows.engine.loop import DatabaseThread, Lane, check_leases


@dataclass
class Stage:
    """Jobs are numbers: how many seconds they take."""

    waiting: list[float]
    recorded: list[list[float]] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    most_at_once: int = 0
    under_way: int = 0

    def begin(self, limit: int) -> tuple[int, list[float]]:
        self.claims.append(limit)
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return len(taken), taken

    async def act(self, job: float) -> float:
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        await asyncio.sleep(job)
        self.under_way -= 1
        return job

    def record(self, done: list[float]) -> None:
        if self.faults:
            raise self.faults.pop()
        self.recorded.append(done)

    @property
    def all_recorded(self) -> list[float]:
        return [job for batch in self.recorded for job in batch]


def run_lane(stage: Stage, until: Callable[[], bool], *, capacity: int = 100) -> float:
    """Run until `until`, then stop the lane; returns the seconds that stopping took."""

    async def play() -> float:
        database, stop = DatabaseThread(), asyncio.Event()
        lane = Lane(
            "test",
            begin=stage.begin,
            act=stage.act,
            record=stage.record,
            next_due_at=lambda: None,
            capacity=capacity,
        )
        running = asyncio.create_task(lane.run(database, stop))
        async with asyncio.timeout(10):
            while not until():
                await asyncio.sleep(0.01)
            stop.set()
            started = time.monotonic()
            await running
        database.close()
        return time.monotonic() - started

    return asyncio.run(play())


@pytest.fixture(autouse=True)
def quick(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENGINE_POLL_S, settings.ENGINE_BATCH_SIZE = 0.02, 10
    monkeypatch.setattr("flows.engine.loop.FAULT_PAUSE_S", 0.02)


def test_slow_carrier_holds_up_nobody() -> None:
    stage = Stage([0.5, 0, 0, 0])
    run_lane(stage, until=lambda: len(stage.all_recorded) == 3)
    assert stage.all_recorded == [0, 0, 0, 0.5]


def test_work_that_arrives_while_others_are_under_way_is_claimed() -> None:
    stage = Stage([0.3])
    later = [0.0]

    def arrived() -> bool:
        if stage.under_way and later:
            stage.waiting.append(later.pop())
        return 0 in stage.all_recorded

    run_lane(stage, until=arrived)
    assert stage.all_recorded == [0, 0.3]


def test_stop_finishes_what_is_under_way_and_claims_nothing_more() -> None:
    stage = Stage([0.2, 0.2])
    claims_at_the_stop = []

    def is_time_to_stop() -> bool:
        claims_at_the_stop.append(len(stage.claims))
        return stage.under_way == 2

    assert run_lane(stage, until=is_time_to_stop) >= 0.1
    assert stage.all_recorded == [0.2, 0.2]
    assert len(stage.claims) <= claims_at_the_stop[-1] + 1  # one may have been on its way


def test_result_that_cannot_be_stored_is_kept_and_stored_later() -> None:
    stage = Stage([0, 0], faults=[DatabaseError("locked"), DatabaseError("locked")])
    run_lane(stage, until=lambda: bool(stage.recorded))
    assert stage.all_recorded == [0, 0]


def test_fault_in_one_turn_does_not_stop_the_lane() -> None:
    stage = Stage([0], faults=[RuntimeError("a bug")])
    run_lane(stage, until=lambda: bool(stage.recorded))
    assert stage.all_recorded == [0]


def test_never_more_at_once_than_there_is_room_for() -> None:
    stage = Stage([0.02] * 40)
    run_lane(stage, until=lambda: len(stage.all_recorded) == 40, capacity=7)
    assert stage.most_at_once == 7


def test_lease_must_outlive_what_it_guards(settings: LazySettings) -> None:
    check_leases()
    settings.CALLBACK_TIMEOUT_S = settings.ENGINE_LEASE_S
    with pytest.raises(ImproperlyConfigured, match="ENGINE_LEASE_S"):
        check_leases()
