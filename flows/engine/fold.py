"""What receipts and deadlines make of the attempts of an execution; pure.

The end depends on when receipts came, never on when the engine looks at them.
"""

from dataclasses import replace
from datetime import datetime

from flows.connectors.base import ErrorClass, ReceiptStatus
from flows.definition import Channel, PinnedStep

from .changes import SUCCESS, bare, blamed, settled, tried
from .states import (
    RANKS,
    SATISFIES,
    AttemptView,
    Rank,
    ReceiptView,
    Snapshot,
    Stage,
    StatusCode,
)


def fold_all(snapshot: Snapshot, now: datetime) -> tuple[dict[int, AttemptView], dict[int, bool]]:
    """Every attempt after its receipts, in the order they came in, and after its deadline; and
    for every receipt whether it came too late."""
    attempts: dict[int, AttemptView] = {}
    late: dict[int, bool] = {}
    in_order = sorted(snapshot.receipts, key=lambda r: (r.received_at, r.id))
    for seen in snapshot.attempts:
        step = snapshot.steps[seen.step]
        attempt = _satisfied(_recovered(seen), step, at=now)
        for receipt in (r for r in in_order if r.step == seen.step):
            if attempt.deadline_at < receipt.received_at:
                attempt = _timed_out(attempt, step)
            late[receipt.id] = attempt.state.is_settled and attempt.state is not Stage.SUCCEEDED
            attempt = _fold(attempt, receipt, step)
        attempts[seen.step] = _timed_out(attempt, step) if attempt.deadline_at <= now else attempt
    return attempts, late


def _recovered(attempt: AttemptView) -> AttemptView:
    """An attempt that is still "sending" when it is due has lost its engine: never sent again."""
    if attempt.state is not Stage.SENDING:
        return attempt
    reason = "The engine stopped while sending"
    attempt = tried(attempt, "unknown", attempt.created_at, reason=reason)
    return replace(attempt, state=Stage.UNKNOWN)


def _fold(attempt: AttemptView, receipt: ReceiptView, step: PinnedStep) -> AttemptView:
    rank = max(attempt.carrier_status, RANKS.get(receipt.status, Rank.NONE))
    failed = receipt.status is ReceiptStatus.FAILED
    attempt = replace(attempt, carrier_status=rank, carrier_failed=attempt.carrier_failed or failed)
    if attempt.state.is_settled:
        return attempt
    if failed and rank < Rank.DELIVERED:
        return _failed_receipt(attempt, receipt)
    if attempt.state is Stage.RETRYING and rank > Rank.NONE:
        # It was taken after all, whatever the answer said: to send it again would be twice.
        attempt = replace(blamed(attempt, "", ""), state=Stage.WAITING)
    return _satisfied(attempt, step, at=receipt.received_at)


def _failed_receipt(attempt: AttemptView, receipt: ReceiptView) -> AttemptView:
    why = receipt.reason or ErrorClass(receipt.error_class or ErrorClass.UNKNOWN).sentence
    is_sms = attempt.channel is Channel.SMS
    attempt = blamed(attempt, receipt.error_code, receipt.error_class or ErrorClass.UNKNOWN)
    return settled(
        attempt,
        Stage.FAILED,
        StatusCode.UNDELIVERED if is_sms else StatusCode.FAILED,
        reason=f"The carrier could not deliver it: {bare(why)}",
        at=receipt.received_at,
    )


def _satisfied(attempt: AttemptView, step: PinnedStep, *, at: datetime) -> AttemptView:
    if attempt.state.is_settled or attempt.carrier_status < SATISFIES[step.counts_as]:
        return attempt
    status_code, reason = SUCCESS[attempt.carrier_status]
    return settled(attempt, Stage.SUCCEEDED, status_code, reason=reason, at=at)


def _timed_out(attempt: AttemptView, step: PinnedStep) -> AttemptView:
    """The attempt given up at its deadline; a receipt on the dot would have been in time."""
    if attempt.state.is_settled:
        return attempt
    at = attempt.deadline_at
    if attempt.state is Stage.RETRYING:
        last = attempt.tries[-1]
        reason = f"The carrier did not take it within {step.wait_s} s: {last['reason']}"
        return settled(attempt, Stage.FAILED, StatusCode.NOT_SENT, reason=reason, at=at)
    reason = _silence(attempt, step)
    return settled(attempt, Stage.TIMED_OUT, StatusCode.TIMEOUT, reason=reason, at=at)


def _silence(attempt: AttemptView, step: PinnedStep) -> str:
    within = f"within {step.wait_s} s"
    if attempt.carrier_status is Rank.DELIVERED:
        return f"Delivered, but not read {within}"
    if attempt.carrier_status is Rank.SENT:
        return f"Sent on by the carrier, but no final receipt {within}"
    if attempt.state is Stage.UNKNOWN:
        return f"The carrier's answer was lost and no receipt came {within}"
    return f"No receipt {within}"
