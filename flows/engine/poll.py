"""Asks carriers what became of messages whose receipts are missing; decides nothing.

The row says when (`Attempt.poll_at`): twice within its wait, on the execution's own clock. What a
carrier answers is stored like a receipt that it made by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone

from flows.connectors import registry
from flows.connectors.base import CarrierFault, Connector, Http, ReceiptEvent, ReceiptStatus
from flows.connectors.http import Web
from flows.models import Attempt, Connection
from flows.models.connections import view_of

from . import receive, rows
from .states import RANKS, Rank, Stage

ASKED_AFTER = (0.6, 0.9)  # parts of the wait: late enough for most receipts, early enough to matter
TIMEOUT_S = 15
EVENT_PREFIX = "poll:"  # of the key, so that an answer is never taken for the carrier's own report

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """One attempt to ask about now; its row already names the next time."""

    attempt: Attempt
    connector: Connector

    @property
    def connection(self) -> Connection:
        connection = self.attempt.connection
        assert connection is not None, "an attempt without a connection is never asked about"  # noqa: S101
        return connection


@dataclass(frozen=True)
class Told:
    """What a carrier said, at `at`; only what is new."""

    question: Question
    events: Sequence[ReceiptEvent]
    at: datetime


# --- When ----------------------------------------------------------------------------------------


def next_time(attempt: Attempt, *, after: datetime) -> datetime | None:
    """When to ask about it next; None when nobody can be asked, or not in time to matter."""
    start, deadline = attempt.accepted_at or attempt.created_at, attempt.deadline_at
    if _asked(attempt) is None or deadline is None:
        return None
    times = (start + part * (deadline - start) for part in ASKED_AFTER)
    return next((at for at in times if at > after), None)


def next_due_at() -> datetime | None:
    waiting = Attempt.objects.filter(poll_at__isnull=False)
    due_at: datetime | None = waiting.aggregate(at=Min("poll_at"))["at"]
    return due_at


def _due(now: datetime) -> QuerySet[Attempt]:
    return Attempt.objects.filter(poll_at__isnull=False, poll_at__lte=now)


def _asked(attempt: Attempt) -> Connector | None:
    """The connector that can be asked about this attempt."""
    connector = registry.load(tuple(settings.EXTRA_CONNECTORS)).get(attempt.connector)
    can_be = connector and connector.polls and attempt.connection_id and attempt.message_id
    return connector if can_be else None


# --- Claim → ask → record ------------------------------------------------------------------------


def begin(*, limit: int, now: datetime) -> tuple[int, list[Question]]:
    """Move the attempts that are due on to their next time; returns how many, and the questions.

    The next time is stored before anybody is asked: no two engines ask at once, and one that is
    killed loses this question only.
    """
    if not _due(now).exists():  # keeps an idle engine from taking SQLite's write lock
        return 0, []
    with transaction.atomic():
        locked = _due(now).select_for_update(skip_locked=True).order_by("poll_at")
        due = list(locked.defer("tries", "request_log", "answer_log")[:limit])
        for attempt in due:
            is_over = Stage(attempt.state).is_settled
            attempt.poll_at = None if is_over else next_time(attempt, after=now)
        rows.update(due, ["poll_at"])
    connections = Connection.objects.filter(deleted_at=None, down_since=None)
    reachable = connections.in_bulk({attempt.connection_id for attempt in due})
    questions = []
    for attempt in due:
        connector = _asked(attempt)
        if connector and attempt.connection_id in reachable and _still_matters(attempt, now):
            attempt.connection = reachable[attempt.connection_id]
            questions.append(Question(attempt, connector))
    return len(due), questions


def _still_matters(attempt: Attempt, now: datetime) -> bool:
    is_over = Stage(attempt.state).is_settled
    return not is_over and attempt.deadline_at is not None and now < attempt.deadline_at


async def perform(question: Question, web: Http, clock: Callable[[], datetime]) -> Told:
    """Ask about one message; whatever goes wrong is a line in the log and nothing else."""
    attempt = question.attempt
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said = await question.connector.poll(
                attempt.message_id, connection=view_of(question.connection), http=web
            )
        events = [_own(event, attempt) for event in said if _is_news(event, attempt)]
    except Exception as fault:  # noqa: BLE001 - a question that fails must not stop the others
        events = []
        why = fault.error_class.value if isinstance(fault, CarrierFault) else type(fault).__name__
        log.warning(
            "engine.poll_failed",
            extra={
                "attempt_id": attempt.pk,
                "connection_id": attempt.connection_id,
                "error": why,
            },
        )
    return Told(question, events, clock())


def _is_news(event: ReceiptEvent, attempt: Attempt) -> bool:
    """That a message is still on its way says nothing that is not known."""
    rank = RANKS.get(event.status, Rank.NONE)
    return event.status is ReceiptStatus.FAILED or rank > attempt.carrier_status


def _own(event: ReceiptEvent, attempt: Attempt) -> ReceiptEvent:
    """The answer as a receipt of this very attempt: it was asked about nothing else."""
    return replace(
        event,
        event_key=f"{EVENT_PREFIX}{event.event_key}",
        message_id=attempt.message_id,
        client_message_id=str(attempt.client_message_id),
    )


def record(told: Sequence[Told]) -> None:
    """Store what was answered; the receipts find their attempts at the next turn."""
    receipts = [
        receive.receipt_of(
            event,
            connector=one.question.attempt.connector,
            connection_id=one.question.connection.pk,
            received_at=one.at,
        )
        for one in told
        for event in one.events
    ]
    rows.insert(receipts, ignore_conflicts=True)


# --- One turn ------------------------------------------------------------------------------------


def turn(now: datetime | None = None, *, limit: int | None = None) -> int:
    """Ask what is due once, as if it were `now`; returns how many attempts it touched."""
    now = now or timezone.now()
    touched, questions = begin(limit=limit or settings.ENGINE_BATCH_SIZE, now=now)
    if questions:
        record(asyncio.run(_perform_all(questions, now)))
    return touched


async def _perform_all(questions: Sequence[Question], now: datetime) -> list[Told]:
    async with Web(allow_private=True) as web:
        return await asyncio.gather(*(perform(one, web, lambda: now) for one in questions))
