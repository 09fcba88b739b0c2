"""The only writer of executions and attempts: claims, decisions, results, always in batches.

Every function costs the same number of statements for one row as for a thousand. A claim is a
lease: what it guards is written only while its token still stands in the row.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from flows.connectors.base import Accepted, NotTaken, Refused, Unknown
from flows.models import (
    Attempt,
    CallbackDelivery,
    CallbackProfile,
    DeliveryState,
    Execution,
    ExecutionState,
    Receipt,
)

from . import outages, poll, receive, redact, result, rows
from .answers import answered
from .decide import decide
from .snapshots import Claimed, Sent, load, view, write_view
from .states import Decision

log = logging.getLogger(__name__)

FAILED_ROW_PAUSE = timedelta(minutes=1)
EXECUTION_FIELDS = (
    "state", "step", "wake_at", "lease_token", "lease_until", "revision", "delivered_twice",
)  # fmt: skip
END_FIELDS = ("sends", "outcome", "outcome_step", "outcome_channel", "reason", "ended_at")
ATTEMPT_FIELDS = (
    "state", "carrier_status", "carrier_failed", "tries", "message_id", "status_code",
    "error_code", "error_class", "reason", "accepted_at", "deadline_at", "settled_at",
    "request_log", "answer_log",
)  # fmt: skip


# --- Claim ---------------------------------------------------------------------------------------


def claim(*, limit: int, lease_s: float, now: datetime) -> list[Claimed]:
    """Lease up to `limit` executions that are due and nobody else's, with their snapshots."""
    if not _due(now).exists():  # keeps an idle engine from taking SQLite's write lock
        return []
    token = uuid.uuid4()
    with transaction.atomic():
        due = _due(now).select_for_update(skip_locked=True).order_by("wake_at")
        ids = list(due.values_list("pk", flat=True)[:limit])
        lease_until = now + timedelta(seconds=lease_s)
        Execution.objects.filter(pk__in=ids).update(lease_token=token, lease_until=lease_until)
    held = list(Execution.objects.filter(pk__in=ids, lease_token=token))
    claimed = load(held, now=now)
    readable = {one.row.pk for one in claimed}
    _postpone([row for row in held if row.pk not in readable], now=now)
    return claimed


def next_due_at() -> datetime | None:
    """When the engine has something to do next, as far as rows say."""
    times = (
        Execution.objects.filter(lease_until=None).aggregate(at=Min("wake_at"))["at"],
        Receipt.objects.filter(due_at__isnull=False).aggregate(at=Min("due_at"))["at"],
    )
    return min((at for at in times if at), default=None)


def _due(now: datetime) -> QuerySet[Execution]:
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return Execution.objects.filter(free, wake_at__lte=now)


# --- Decisions -----------------------------------------------------------------------------------


def decide_all(claimed: Sequence[Claimed], *, now: datetime) -> list[tuple[Claimed, Decision]]:
    """The decisions, already written into the rows in memory; nothing is stored yet.

    A row that cannot be decided is put off for a while and holds up no other.
    """
    outages.take_probes(claimed, now=now)
    decided, failed = [], []
    for one in claimed:
        try:
            decision = decide(one.snapshot, now)
            _write_decision(one, decision, now=now)
        except Exception:
            log.exception("engine.row_failed", extra={"execution_id": one.row.pk})
            failed.append(one.row)
        else:
            decided.append((one, decision))
    _postpone(failed, now=now)
    return decided


def _postpone(rows_: Sequence[Execution], *, now: datetime) -> None:
    if rows_:
        tokens = {row.lease_token for row in rows_}
        Execution.objects.filter(pk__in=[row.pk for row in rows_], lease_token__in=tokens).update(
            lease_token=None, lease_until=None, wake_at=now + FAILED_ROW_PAUSE
        )


def apply(
    decided: Sequence[tuple[Claimed, Decision]], *, now: datetime
) -> list[tuple[Claimed, Attempt]]:
    """Store what `decide_all` decided; returns the attempts that are now stored as "sending".

    An execution that a signal changed meanwhile, or whose lease was lost, is left for another
    turn: nothing of its decision is stored.
    """
    with transaction.atomic():
        revisions = _lock({c.row.pk: c.lease_token for c, _ in decided})
        kept = [(c, d) for c, d in decided if revisions.get(c.row.pk) == c.row.revision - 1]
        _release([c.row for c, _ in decided if c.row.pk in revisions], kept, now=now)
        _save_attempts(kept)
        ended = [(c, d) for c, d in kept if d.end]
        rows.update([c.row for c, d in kept if not d.end], EXECUTION_FIELDS)
        rows.update([c.row for c, _ in ended], EXECUTION_FIELDS + END_FIELDS)
        _mark_folded(kept, now=now)
        _owe_callbacks([c for c, _ in ended], now=now)
        _rewake([c.row.pk for c, d in kept if d.send_step is None], now=now)
        sending = {c.row.pk for c, _ in kept}
        outages.give_back([c for c, _ in decided if c.row.pk not in sending], now=now)
    return [(c, c.attempts[d.send_step]) for c, d in kept if d.send_step is not None]


def _lock(token_of: Mapping[int, uuid.UUID | None]) -> dict[int, int]:
    """The revisions of the executions whose lease is still ours, locked until the commit."""
    locked = Execution.objects.select_for_update().filter(pk__in=list(token_of)).order_by("pk")
    found = locked.values_list("pk", "lease_token", "revision")
    return {pk: revision for pk, token, revision in found if token and token == token_of[pk]}


def _release(
    leased: Sequence[Execution], kept: Sequence[tuple[Claimed, Decision]], *, now: datetime
) -> None:
    """Hand back the executions that changed since their snapshot: they are decided anew."""
    lost = {row.pk for row in leased} - {claimed.row.pk for claimed, _ in kept}
    if lost:
        log.info("engine.decided_anew", extra={"execution_ids": sorted(lost)})
        Execution.objects.filter(pk__in=lost).update(
            lease_token=None, lease_until=None, wake_at=now
        )


def _write_decision(claimed: Claimed, decision: Decision, *, now: datetime) -> None:
    """The decision in the rows in memory; the revision rises by one."""
    row = claimed.row
    row.state, row.step, row.wake_at = decision.state.value, decision.step, decision.wake_at
    row.delivered_twice = row.delivered_twice or decision.delivered_twice
    row.revision += 1
    if decision.send_step is None:
        row.lease_token = row.lease_until = None
    for changed in decision.attempts:
        if changed.step not in claimed.attempts:
            claimed.attempts[changed.step] = claimed.new_attempt(changed)
        write_view(claimed.attempts[changed.step], changed)
    if decision.end:
        row.outcome, row.reason = decision.end.outcome.value, decision.end.reason
        row.outcome_step, row.outcome_channel = decision.end.step, decision.end.channel
        row.ended_at = now
        _redact(claimed)


def _redact(claimed: Claimed) -> None:
    row = claimed.row
    params = [text for send in row.sends for text in send.get("params", {}).values()]
    for attempt in claimed.attempts.values():
        attempt.request_log = redact.log(attempt.request_log, params=params)
        attempt.answer_log = redact.log(attempt.answer_log, params=params)
    row.sends = redact.sends(row.sends)


def _save_attempts(kept: Sequence[tuple[Claimed, Decision]]) -> None:
    touched = [
        attempt
        for claimed, decision in kept
        for attempt in claimed.attempts.values()
        if decision.end or any(changed.step == attempt.step for changed in decision.attempts)
    ]
    rows.update([attempt for attempt in touched if attempt.pk], ATTEMPT_FIELDS)
    new = {a.client_message_id: a for a in touched if not a.pk}
    returned = rows.insert(list(new.values()), returning=["client_message_id", "id"])
    for client_message_id, pk in returned:
        new[uuid.UUID(str(client_message_id))].pk = pk


def _mark_folded(kept: Sequence[tuple[Claimed, Decision]], *, now: datetime) -> None:
    seen = [
        Receipt(pk=receipt_id, folded_at=now, was_late=was_late)
        for _, decision in kept
        for receipt_id, was_late in decision.late.items()
    ]
    rows.update(seen, ["folded_at", "was_late"])


def _owe_callbacks(ended: Sequence[Claimed], *, now: datetime) -> None:
    """One delivery per ended execution whose flow version names a profile that still exists."""
    wanted = {c.version.callback_profile_id for c in ended if c.version.callback_profile_id}
    if not wanted:
        return
    enabled = dict(
        CallbackProfile.objects.filter(pk__in=wanted, deleted_at=None).values_list("pk", "enabled")
    )
    owed = []
    for claimed in ended:
        profile_id = claimed.version.callback_profile_id
        if profile_id in enabled:
            is_due = enabled[profile_id]
            owed.append(
                CallbackDelivery(
                    execution=claimed.row,
                    profile_id=profile_id,
                    payload=result.payload(claimed.row, list(claimed.attempts.values())),
                    state=DeliveryState.PENDING if is_due else DeliveryState.DROPPED,
                    wake_at=now if is_due else None,
                    created_at=now,
                )
            )
    rows.insert(owed)


def _rewake(execution_ids: Sequence[int], *, now: datetime) -> None:
    """Make due again what a receipt or signal reached while its lease kept the engine away."""
    unfolded = Receipt.objects.filter(attempt__execution=OuterRef("pk"), folded_at=None)
    signalled = ~Q(signal="") & ~Q(state=ExecutionState.ENDED)
    Execution.objects.filter(Exists(unfolded) | signalled, pk__in=execution_ids).update(wake_at=now)


# --- Results -------------------------------------------------------------------------------------


def record(sent: Sequence[Sent], *, now: datetime) -> None:
    """Store what carriers answered and release the leases."""
    if not sent:
        return
    with transaction.atomic():
        revisions = _lock({s.claimed.row.pk: s.claimed.lease_token for s in sent})
        kept = [s for s in sent if s.claimed.row.pk in revisions]
        for one in kept:
            _write_answer(one, revision=revisions[one.claimed.row.pk] + 1)
        rows.update([s.attempt for s in kept], (*ATTEMPT_FIELDS, "poll_at"))
        rows.update([s.claimed.row for s in kept], EXECUTION_FIELDS)
        _record_late([s for s in sent if s.claimed.row.pk not in revisions])
        accepted = [s.result.message_id for s in sent if isinstance(s.result, Accepted)]
        receive.hurry(accepted, now=now)
        rows.insert(_planned(kept), ignore_conflicts=True)
        _rewake([s.claimed.row.pk for s in kept], now=now)
        outages.record(sent, now=now)


def _write_answer(sent: Sent, *, revision: int) -> None:
    row, attempt = sent.claimed.row, sent.attempt
    step = sent.claimed.version.definition.steps[attempt.step]
    after, wake_at = answered(view(attempt), sent.result, step=step, speed=row.speed, at=sent.at)
    write_view(attempt, after)
    match sent.result:
        case Accepted() | Refused() | NotTaken():
            attempt.answer_log = sent.result.raw
        case Unknown():
            attempt.answer_log = None
    is_over = after.state.is_settled or step.counts_as == "accepted"
    attempt.poll_at = None if is_over else poll.next_time(attempt, after=sent.at)
    row.state, row.wake_at, row.revision = ExecutionState.WAITING, wake_at, revision
    row.lease_token = row.lease_until = None


def _record_late(sent: Sequence[Sent]) -> None:
    """Answers that came after the lease was lost: only the carrier's id is of use, for receipts."""
    for one in sent:
        log.warning("engine.answer_too_late", extra={"execution_id": one.claimed.row.pk})
        if isinstance(one.result, Accepted):
            one.attempt.message_id = one.result.message_id
            Attempt.objects.filter(pk=one.attempt.pk, message_id="").update(
                message_id=one.result.message_id,
                poll_at=poll.next_time(one.attempt, after=one.at),
            )


def _planned(sent: Sequence[Sent]) -> list[Receipt]:
    """The receipts that the Sandbox will give, in the inbox until they are due."""
    return [
        receive.receipt_of(
            planned.event,
            connector=one.attempt.connector,
            connection_id=one.attempt.connection_id,
            received_at=one.at + timedelta(seconds=planned.delay_s / one.claimed.row.speed),
        )
        for one in sent
        if isinstance(one.result, Accepted | Unknown)
        for planned in one.result.planned
    ]
