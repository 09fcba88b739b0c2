"""The engine without end: lanes of claim → act → record, side by side on one asyncio loop.

All database work runs in one thread of its own; carriers and endpoints are spoken to concurrently,
and whatever is slow holds up nobody: what has finished is recorded, and more is claimed meanwhile.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Generic, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from flows.connectors.base import Http
from flows.connectors.http import Web
from flows.models import Connection, OutgoingMail

from . import callbacks, chores, mail, poll, run, store, template_lists
from .snapshots import Sent

Job = TypeVar("Job")
Done = TypeVar("Done")
Result = TypeVar("Result")

SHORTEST_PAUSE_S = 0.005
FAULT_PAUSE_S = 1.0
LEASE_MARGIN_S = 2
MAILS_AT_ONCE = 5
POLLS_AT_ONCE = 20  # they share their connections to a carrier with the sends, which come first
CHORES_EVERY_S = 1.0

log = logging.getLogger(__name__)


class Lane(Generic[Job, Done]):
    """One kind of work: what `begin` claims is acted on concurrently, and recorded in batches."""

    def __init__(
        self,
        name: str,
        *,
        begin: Callable[[int], tuple[int, list[Job]]],
        act: Callable[[Job], Awaitable[Done]],
        record: Callable[[list[Done]], None],
        next_due_at: Callable[[], datetime | None],
        capacity: int,
    ) -> None:
        self._name = name
        self._begin, self._act, self._record = begin, act, record
        self._next_due_at = next_due_at
        self._capacity = capacity
        self._under_way: set[asyncio.Task[None]] = set()
        self._finished: list[Done] = []
        self._something_finished = asyncio.Event()

    async def run(self, database: "DatabaseThread", stop: asyncio.Event) -> None:
        """Until `stop`; then what is under way is finished and recorded."""
        while not stop.is_set() or self._under_way or self._finished:
            try:
                touched = await self._turn(database, stop)
                if not touched:
                    await self._rest(await self._pause_s(database, stop), stop)
            except Exception as error:
                log.exception(
                    "engine.turn_failed", extra={"lane": self._name, "error": type(error).__name__}
                )
                await self._rest(FAULT_PAUSE_S, stop)

    async def _turn(self, database: "DatabaseThread", stop: asyncio.Event) -> int:
        recorded = await self._record_finished(database)
        free = self._capacity - len(self._under_way)
        if stop.is_set() or free <= 0:
            return recorded
        limit = min(free, settings.ENGINE_BATCH_SIZE)
        touched, jobs = await database.do(lambda: self._begin(limit))
        for job in jobs:
            task = asyncio.create_task(self._perform(job))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return recorded + touched

    async def _perform(self, job: Job) -> None:
        self._finished.append(await self._act(job))
        self._something_finished.set()

    async def _record_finished(self, database: "DatabaseThread") -> int:
        """What cannot be stored now stays finished and is stored at the next turn."""
        self._something_finished.clear()
        batch = self._finished[:]
        if batch:
            await database.do(lambda: self._record(batch))
            del self._finished[: len(batch)]
        return len(batch)

    async def _pause_s(self, database: "DatabaseThread", stop: asyncio.Event) -> float:
        """Until the next row is due, but never longer than one poll."""
        if stop.is_set() or len(self._under_way) >= self._capacity:
            return float(settings.ENGINE_POLL_S)
        due_at = await database.do(self._next_due_at)
        poll_s = float(settings.ENGINE_POLL_S)
        if due_at is None:
            return poll_s
        return min(max((due_at - timezone.now()).total_seconds(), SHORTEST_PAUSE_S), poll_s)

    async def _rest(self, pause_s: float, stop: asyncio.Event) -> None:
        """Up to `pause_s`; ends early when something finished, or when it is time to stop."""
        waits = [asyncio.create_task(self._something_finished.wait())]
        if not stop.is_set():
            waits.append(asyncio.create_task(stop.wait()))
        await asyncio.wait(waits, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


class DatabaseThread:
    """The one thread that talks to the database, with a connection that heals itself."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="engine-database")

    async def do(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, _with_database, work)

    def close(self) -> None:
        self._pool.submit(connection.close)
        self._pool.shutdown()


def _with_database(work: Callable[[], Result]) -> Result:
    close_old_connections()
    try:
        return work()
    except DatabaseError:
        close_old_connections()
        raise


def _execution_lane(web: Http) -> Lane[run.Job, Sent]:
    return Lane(
        "executions",
        begin=lambda limit: run.begin(limit=limit, now=timezone.now()),
        act=lambda job: run.perform(job, web, timezone.now),
        record=lambda sent: store.record(sent, now=timezone.now()),
        next_due_at=store.next_due_at,
        capacity=settings.ENGINE_BATCH_SIZE * 5,
    )


def _poll_lane(web: Http) -> Lane[poll.Question, poll.Told]:
    return Lane(
        "polls",
        begin=lambda limit: poll.begin(limit=limit, now=timezone.now()),
        act=lambda question: poll.perform(question, web, timezone.now),
        record=poll.record,
        next_due_at=poll.next_due_at,
        capacity=POLLS_AT_ONCE,
    )


def _callback_lane(web: Http) -> Lane[callbacks.Letter, callbacks.Posted]:
    return Lane(
        "callbacks",
        begin=lambda limit: callbacks.begin(limit=limit, now=timezone.now()),
        act=lambda letter: callbacks.perform(letter, web, timezone.now),
        record=lambda posted: callbacks.record(posted, now=timezone.now()),
        next_due_at=callbacks.next_due_at,
        capacity=settings.ENGINE_BATCH_SIZE,
    )


def _mail_lane() -> Lane[OutgoingMail, mail.Handed]:
    return Lane(
        "mails",
        begin=lambda limit: mail.begin(limit=limit, now=timezone.now()),
        act=mail.perform,
        record=lambda handed: mail.record(handed, now=timezone.now()),
        next_due_at=mail.next_due_at,
        capacity=MAILS_AT_ONCE,
    )


def _template_list_lane(web: Http) -> Lane[Connection, template_lists.Fetched]:
    return Lane(
        "template lists",
        begin=lambda limit: template_lists.begin(limit=limit, now=timezone.now()),
        act=lambda connection: template_lists.perform(connection, web),
        record=lambda fetched: template_lists.record(fetched, now=timezone.now()),
        next_due_at=template_lists.next_due_at,
        capacity=template_lists.AT_ONCE,
    )


async def _do_chores(database: DatabaseThread, stop: asyncio.Event) -> None:
    """Until `stop`; a chore that fails is tried again, and holds up nothing else."""
    while not stop.is_set():
        try:
            await database.do(chores.turn)
        except Exception as error:
            log.exception("engine.chores_failed", extra={"error": type(error).__name__})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), CHORES_EVERY_S)


async def run_until(stop: asyncio.Event) -> None:
    """Run the engine until `stop` is set; then finish and record what is under way."""
    check_leases()
    database = DatabaseThread()
    log.info("engine.started", extra={"batch_size": settings.ENGINE_BATCH_SIZE})
    try:
        async with (
            Web(allow_private=True) as carriers,
            Web(allow_private=settings.CALLBACK_ALLOW_PRIVATE) as endpoints,
            asyncio.TaskGroup() as lanes,
        ):
            lanes.create_task(_execution_lane(carriers).run(database, stop))
            lanes.create_task(_poll_lane(carriers).run(database, stop))
            lanes.create_task(_callback_lane(endpoints).run(database, stop))
            lanes.create_task(_mail_lane().run(database, stop))
            lanes.create_task(_template_list_lane(carriers).run(database, stop))
            lanes.create_task(_do_chores(database, stop))
    finally:
        database.close()
        log.info("engine.stopped")


def check_leases() -> None:
    """A lease must outlive what it guards, or a live engine would be taken for a dead one."""
    longest_s = max(run.send_timeout_s(), float(settings.CALLBACK_TIMEOUT_S))
    if longest_s + LEASE_MARGIN_S > settings.ENGINE_LEASE_S:
        raise ImproperlyConfigured(
            f"ENGINE_LEASE_S must exceed CALLBACK_TIMEOUT_S by at least {LEASE_MARGIN_S} s."
        )
