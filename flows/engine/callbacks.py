"""Posts results to callback profiles: claims what is due, posts it, stores every try.

Whether a delivery is owed is decided with the end of the execution (store.py), not here.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from flows.connectors.base import AnswerLost, Http, NotReached
from flows.connectors.http import Web
from flows.models import (
    CallbackDelivery,
    CallbackProfile,
    CallbackTry,
    DeliveryState,
    callback_deliveries,
    callback_profiles,
)

from . import posting, rows
from .result import nine_digits, payload, result_of

__all__ = ["nine_digits", "payload", "resend", "result_of", "turn"]

GONE = 410
PATIENCE = timedelta(days=5)
DELIVERY_FIELDS = (
    "state", "tries_made", "resends_made", "is_resend_due", "wake_at", "lease_token", "lease_until",
)  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Letter:
    """One delivery that is about to be posted."""

    delivery: CallbackDelivery

    @property
    def profile(self) -> CallbackProfile:
        return self.delivery.profile


@dataclass(frozen=True)
class Posted:
    """What came of one try; `status_code` is None when no answer came."""

    letter: Letter
    at: datetime
    status_code: int | None = None
    error: str = ""
    duration_ms: int = 0
    exchange: dict[str, Any] | None = None  # of a test event: what was sent and answered

    @property
    def succeeded(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass
class _Verdicts:
    """What a batch of tries says about their profiles, by primary key."""

    fine: set[int] = field(default_factory=set)
    failing: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)


def resend(delivery: CallbackDelivery, *, now: datetime | None = None) -> bool:
    """Have it tried again at once. False: it is being posted now, or its profile is off."""
    row = CallbackDelivery.objects.filter(pk=delivery.pk)
    return callback_deliveries.make_due(row, now=now or timezone.now()) == 1


# --- Claim → post → record -----------------------------------------------------------------------


def begin(*, limit: int, now: datetime) -> tuple[int, list[Letter]]:
    """Lease deliveries that are due; those whose profile is off are dropped."""
    if not _due(now).exists():
        return 0, []
    token = uuid.uuid4()
    with transaction.atomic():
        due = _due(now).select_for_update(skip_locked=True).order_by("wake_at")
        ids = list(due.values_list("pk", flat=True)[:limit])
        CallbackDelivery.objects.filter(pk__in=ids).update(
            lease_token=token, lease_until=now + timedelta(seconds=settings.ENGINE_LEASE_S)
        )
        CallbackDelivery.objects.filter(pk__in=ids).exclude(callback_deliveries.usable()).update(
            state=DeliveryState.DROPPED,
            wake_at=None,
            lease_token=None,
            lease_until=None,
            is_resend_due=False,
        )
    held = CallbackDelivery.objects.filter(pk__in=ids, lease_token=token)
    return len(ids), [Letter(delivery) for delivery in held.select_related("profile")]


def next_due_at() -> datetime | None:
    free = CallbackDelivery.objects.filter(lease_until=None)
    due_at: datetime | None = free.aggregate(at=Min("wake_at"))["at"]
    return due_at


def _due(now: datetime) -> QuerySet[CallbackDelivery]:
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return CallbackDelivery.objects.filter(free, wake_at__lte=now)


async def perform(letter: Letter, web: Http, clock: Callable[[], datetime]) -> Posted:
    """Post one letter; every failure is an answer of its own kind, never an exception."""
    started, at = time.monotonic(), clock()
    status_code, error, said, headers, body = None, "", b"", {}, b""
    try:
        body = posting.body_of(letter.delivery.payload, letter.profile.body_template)
        headers = _headers(letter, body, at)
        answer = await web.post(
            letter.profile.url, body=body, headers=headers, timeout_s=settings.CALLBACK_TIMEOUT_S
        )
        status_code, said = answer.status, answer.body
        error = "" if 200 <= answer.status < 300 else f"answered {answer.status}"
    except (NotReached, AnswerLost) as lost:
        error = str(lost)
    except Exception as fault:  # noqa: BLE001 - one bad profile must not stop the others
        error = f"could not be posted ({type(fault).__name__})"
    duration_ms = int((time.monotonic() - started) * 1000)
    exchange = None
    if letter.delivery.is_test:
        exchange = posting.exchange_of(headers, body, said, extra=letter.profile.headers)
    return Posted(letter, clock(), status_code, error, duration_ms, exchange)


def _headers(letter: Letter, body: bytes, at: datetime) -> dict[str, str]:
    profile = letter.profile
    return posting.headers_of(
        message_id=str(letter.delivery.public_id),
        secrets=profile.signing_secrets(at),
        body=body,
        at=at,
        extra=profile.headers,
        basic_auth=profile.basic_auth,
    )


def record(posted: Sequence[Posted], *, now: datetime) -> None:
    """Store the tries, when the next one is, and what they say about their profiles."""
    if not posted:
        return
    with transaction.atomic():
        kept = _still_ours(posted)
        tries = [_write_try(one) for one in kept]
        rows.update([one.letter.delivery for one in kept], DELIVERY_FIELDS)
        rows.insert(tries)
        _judge_profiles(kept, now=now)
    for one in kept:
        _log_try(one)


def _still_ours(posted: Sequence[Posted]) -> list[Posted]:
    tokens = {one.letter.delivery.pk: one.letter.delivery.lease_token for one in posted}
    locked = CallbackDelivery.objects.select_for_update().filter(pk__in=tokens).order_by("pk")
    held = {pk for pk, token in locked.values_list("pk", "lease_token") if token == tokens[pk]}
    return [one for one in posted if one.letter.delivery.pk in held]


def _write_try(posted: Posted) -> CallbackTry:
    """The delivery as this try leaves it, in memory, and the row of the try."""
    delivery = posted.letter.delivery
    by_hand = delivery.is_resend_due
    delivery.tries_made += 1
    delivery.resends_made += by_hand
    delivery.is_resend_due = False
    delivery.lease_token = delivery.lease_until = delivery.wake_at = None
    if posted.succeeded:
        delivery.state = DeliveryState.DELIVERED
    else:
        failed_tries = max(delivery.tries_made - delivery.resends_made, 1)
        if posted.status_code != GONE and not delivery.is_test:
            delivery.wake_at = posting.next_try_at(failed_tries, now=posted.at)
        delivery.state = DeliveryState.PENDING if delivery.wake_at else DeliveryState.FAILED
    return CallbackTry(
        delivery=delivery,
        number=delivery.tries_made,
        at=posted.at,
        status_code=posted.status_code,
        duration_ms=posted.duration_ms,
        error=posted.error[:200],
        next_retry_at=delivery.wake_at,
        by_hand=by_hand,
        exchange=posted.exchange,
    )


def _log_try(posted: Posted) -> None:
    log.info(
        "callback.delivered" if posted.succeeded else "callback.failed",
        extra={
            "delivery_id": str(posted.letter.delivery.public_id),
            "status_code": posted.status_code,
            "duration_ms": posted.duration_ms,
        },
    )


# --- Profiles that fail --------------------------------------------------------------------------


def _judge_profiles(posted: Sequence[Posted], *, now: datetime) -> None:
    """What somebody tries out says nothing about how results arrive, so it does not count."""
    verdicts = _Verdicts()
    for one in (one for one in posted if not one.letter.delivery.is_test):
        group = verdicts.fine if one.succeeded else verdicts.failing
        group.add(one.letter.profile.pk)
        if one.status_code == GONE:
            verdicts.gone.add(one.letter.profile.pk)
    profiles = CallbackProfile.objects.all()
    profiles.filter(pk__in=verdicts.fine).exclude(failing_since=None).update(failing_since=None)
    failing = profiles.filter(pk__in=verdicts.failing - verdicts.fine)
    failing.filter(failing_since=None).update(failing_since=now)
    _disable(profiles.filter(pk__in=verdicts.gone), "The endpoint answered 410 Gone.")
    worn_out = failing.filter(failing_since__lte=now - PATIENCE)
    _disable(worn_out, "Every try of the last five days failed.")


def _disable(profiles: QuerySet[CallbackProfile], reason: str) -> None:
    for profile in profiles.filter(enabled=True).select_related("account"):
        if callback_profiles.give_up(profile, reason=reason):
            log.warning("callback.profile_disabled", extra={"profile_id": profile.public_id})


# --- One turn ------------------------------------------------------------------------------------


def turn(now: datetime | None = None, *, limit: int | None = None) -> int:
    """Post what is due once, as if it were `now`; returns how many deliveries it touched."""
    now = now or timezone.now()
    touched, letters = begin(limit=limit or settings.ENGINE_BATCH_SIZE, now=now)
    if letters:
        record(asyncio.run(_perform_all(letters, now)), now=now)
    return touched


async def _perform_all(letters: Sequence[Letter], now: datetime) -> list[Posted]:
    async with Web(allow_private=settings.CALLBACK_ALLOW_PRIVATE) as web:
        return await asyncio.gather(*(perform(one, web, lambda: now) for one in letters))
