"""The engine's turns: match receipts, claim, decide, send, record. No state but what rows hold.

`turn` makes one turn at a given time, for tests and demo data; loop.py makes them without end.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from flows.connectors import registry
from flows.connectors.base import ConnectionView, ErrorClass, Http, Refused, SendResult, Unknown
from flows.connectors.http import Web
from flows.models import Attempt
from flows.models.connections import view_of
from flows.placeholders import ParameterError

from . import receive, store
from .snapshots import Claimed, Sent
from .storable import storable_result

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One attempt that is stored as "sending" and now goes to its carrier."""

    claimed: Claimed
    attempt: Attempt


def send_timeout_s() -> float:
    """How long a carrier may take: well under the lease, so that a lease outlives its send."""
    return float(settings.ENGINE_LEASE_S) / 2


def begin(*, limit: int, now: datetime) -> tuple[int, list[Job]]:
    """Everything of a turn before the sends; returns how many rows it touched, and the sends."""
    # All that are new, so that no step times out unheard. What nobody has claimed so far is looked
    # for again a few at a time: a flood of one account's strays must not hold up the others.
    touched = found = receive.match(limit=limit, now=now)
    while found:
        found = receive.match(limit=limit, now=now, only_new=True)
        touched += found
    claimed = store.claim(limit=limit, lease_s=settings.ENGINE_LEASE_S, now=now)
    decided = store.decide_all(claimed, now=now)
    jobs = [Job(*sending) for sending in store.apply(decided, now=now)] if decided else []
    return touched + len(claimed), jobs


async def perform(job: Job, web: Http, clock: Callable[[], datetime]) -> Sent:
    """Hand one message to its carrier; whatever goes wrong after that is an unknown answer."""
    result = storable_result(await _send(job, web))
    return Sent(job.claimed, job.attempt, result, clock())


async def _send(job: Job, web: Http) -> SendResult:
    connection = job.attempt.connection
    try:
        message = job.claimed.message(job.attempt)
        connector = registry.find(job.attempt.connector, extra=settings.EXTRA_CONNECTORS)
        seen = view_of(connection) if connection else ConnectionView()
    except ParameterError as error:
        return Refused("parameters", ErrorClass.TEMPLATE_PROBLEM, str(error))
    except Exception as error:  # noqa: BLE001 - nothing was sent, so the next step can take over
        _log_fault(job, error)
        return Refused("not-made", ErrorClass.UNKNOWN, "the message could not be made")
    try:
        async with asyncio.timeout(send_timeout_s()):
            return await connector.send(message, connection=seen, http=web)
    except TimeoutError:
        return Unknown("the carrier did not answer in time")
    except Exception as error:  # noqa: BLE001 - a connector's fault must not stop the others
        _log_fault(job, error)
        return Unknown("the connector failed")


def _log_fault(job: Job, error: Exception) -> None:
    log.error(
        "engine.connector_failed",
        extra={"attempt_id": job.attempt.pk, "error": type(error).__name__},
    )


def turn(now: datetime | None = None, *, limit: int | None = None) -> int:
    """One whole turn as if it were `now`; returns how many rows it touched."""
    now = now or timezone.now()
    touched, jobs = begin(limit=limit or settings.ENGINE_BATCH_SIZE, now=now)
    if jobs:
        store.record(asyncio.run(_perform_all(jobs, now)), now=now)
    return touched


def until_idle(now: datetime | None = None) -> int:
    """Turns until nothing is due at `now`; returns how many rows were touched in all."""
    now = now or timezone.now()
    total = 0
    while touched := turn(now):
        total += touched
    return total


async def _perform_all(jobs: Sequence[Job], now: datetime) -> list[Sent]:
    async with Web(allow_private=True) as web:
        return await asyncio.gather(*(perform(job, web, lambda: now) for job in jobs))
