"""The self-test of a connection: does a receipt come from outside to the engine? Rows only.

A receipt as the carrier would make it, for a message that never was, is called in at our own public
address (own_door.py makes the call). `settle` is the engine's part: it saw the receipt.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from flows.connectors.base import ExampleHook

from . import audit
from .asset import Connection
from .connections import known_connector, view_of
from .execution import Receipt
from .people import User
from .refusals import Refused

log = logging.getLogger(__name__)

PREFIX = "self-test-"  # of the message ids that no carrier has given
PATIENCE = timedelta(seconds=20)  # for the call and for the engine together
FORGOTTEN_AFTER = timedelta(minutes=10)

NOT_ACCEPTED = (
    "Our own door did not accept the signature. Check that the secrets of this connection are "
    "filled in. A proxy in front of this installation must pass address, headers and body on as "
    "they are."
)
NOT_STORED = (
    "Something took the receipt, but it did not arrive here. Check that HOOKS_BASE_URL is the "
    "address of this very installation, with the same database."
)
NOT_SEEN = (
    "The receipt is stored, but the engine has not looked at it. Ask who runs this installation "
    "whether the engine is running."
)


class SelfTestRefused(Refused):
    """The receipt path was not tried."""


class StepState(StrEnum):
    DONE = "completed"
    RUNNING = "running"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True)
class TestStep:
    """One of the three things that the test proves, in their order."""

    words: str
    state: StepState


ADDRESS_ANSWERS, ENGINE_HAS_SEEN_IT = "The address answers", "The engine has seen it"
SIGNED = "The signature is accepted and the receipt stored"
HAS_KEY = "The key in the address is accepted and the receipt stored"


@dataclass(frozen=True)
class Started:
    """What is to be called, and the id of the message that it speaks of."""

    message_id: str
    hook: ExampleHook


def begin(connection: Connection, *, by: User) -> Started:
    """Note that it is under way; the caller makes the call and notes the answer."""
    connector = known_connector(connection)
    if connector is None or not connector.has_hooks:
        raise SelfTestRefused("No carrier reports receipts to this connection.")
    message_id, now = PREFIX + secrets.token_urlsafe(24), timezone.now()
    try:
        hook = connector.example(message_id=message_id, connection=view_of(connection))
    except Exception as fault:
        log.error("connection.no_example", extra={"connection_id": connection.pk})
        raise SelfTestRefused("The connector could not make a receipt to try with.") from fault
    if not hook.url.startswith(f"{settings.HOOKS_BASE_URL}/hooks/"):
        raise SelfTestRefused("The test would call another address than our own.")
    is_over = Q(self_test_key="") | Q(self_tested_at=None) | Q(self_tested_at__lte=now - PATIENCE)
    with transaction.atomic():
        mine = Connection.objects.filter(is_over, pk=connection.pk, deleted_at=None)
        if not mine.update(self_test_key=message_id, self_tested_at=now, self_test_error=""):
            raise SelfTestRefused("The receipt path is being tried already. Wait for the result.")
        _forget(connection)
        audit.record_sitting(
            connection.account,
            "connection.self_test",
            by=by,
            of=connection,
            label=connection.name,
        )
    return Started(message_id, hook)


def note_answer(connection: Connection, started: Started, fault: str) -> None:
    """`fault` says why the address did not answer well; without one the receipt must be there."""
    if not fault and not _receipts(connection, started.message_id).exists():
        connection.refresh_from_db(fields=["self_test_key"])
        if connection.self_test_key != started.message_id:
            return  # the engine was faster, and has settled it
        fault = NOT_STORED
    if fault:
        _end(connection, started.message_id, fault=fault)


def settle(now: datetime) -> int:
    """The engine's part, a chore: end the tests whose receipts it has looked for."""
    under_way = Connection.objects.exclude(self_test_key="").order_by("self_tested_at")[:50]
    return sum(_settle(connection, now=now) for connection in under_way)


def _settle(connection: Connection, *, now: datetime) -> int:
    found = _receipts(connection, connection.self_test_key)
    if found.filter(Q(match_tries__gt=0) | Q(due_at=None)).exists():
        return _end(connection, connection.self_test_key, fault="")
    started_at = connection.self_tested_at
    if started_at is None or now - started_at > FORGOTTEN_AFTER:
        return _end(connection, connection.self_test_key, fault=NOT_STORED)
    return 0


def _end(connection: Connection, message_id: str, *, fault: str) -> int:
    with transaction.atomic():
        rows = Connection.objects.filter(pk=connection.pk, self_test_key=message_id)
        ended = rows.update(
            self_test_key="", self_tested_at=timezone.now(), self_test_error=fault[:300]
        )
        _forget(connection)
    return ended


def _receipts(connection: Connection, message_id: str) -> "QuerySet[Receipt]":
    return Receipt.objects.filter(connection=connection, attempt=None, message_id=message_id)


def _forget(connection: Connection) -> None:
    """The receipts of tests are of no use to anybody afterwards."""
    Receipt.objects.filter(
        connection=connection, attempt=None, message_id__startswith=PREFIX
    ).delete()


# --- For pages ------------------------------------------------------------------------------------


def is_under_way(connection: Connection, *, now: datetime) -> bool:
    started_at = connection.self_tested_at
    return bool(connection.self_test_key and started_at and now - started_at < PATIENCE)


def fault_of(connection: Connection, *, now: datetime) -> str:
    """Why the last test failed, as sentences; empty when it did not, or is under way."""
    if not connection.self_test_key:
        return connection.self_test_error
    if is_under_way(connection, now=now):
        return ""
    is_here = _receipts(connection, connection.self_test_key).exists()
    return NOT_SEEN if is_here else NOT_STORED


def steps_of(connection: Connection, *, now: datetime) -> list[TestStep]:
    """What the last test has proved so far; nothing where there was none."""
    if connection.self_tested_at is None:
        return []
    states = _states(connection, now=now)
    connector = known_connector(connection)
    accepted = HAS_KEY if connector and connector.has_key_in_url else SIGNED
    words = (ADDRESS_ANSWERS, accepted, ENGINE_HAS_SEEN_IT)
    return [TestStep(said, state) for said, state in zip(words, states, strict=False)]


def _states(connection: Connection, *, now: datetime) -> list[StepState]:
    fault = fault_of(connection, now=now)
    if not connection.self_test_key and not fault:
        return _proved(3)
    if fault:
        return _proved(_proved_before(fault), StepState.FAILED)
    is_here = _receipts(connection, connection.self_test_key).exists()
    return _proved(2 if is_here else 0, StepState.RUNNING)


def _proved_before(fault: str) -> int:
    return {NOT_ACCEPTED: 1, NOT_STORED: 1, NOT_SEEN: 2}.get(fault, 0)


def _proved(steps: int, then: StepState = StepState.WAITING) -> list[StepState]:
    return [StepState.DONE] * steps + [then] + [StepState.WAITING] * 3
