"""Asking for approval, and the answer: every verb is a guarded update with its audit entry.

The account is told in the same transaction, by the state of the thing itself and by e-mail. Who may
decide is not asked here (flows.access does). An account that has only Sandbox connections gets its
answer from the Sandbox: a name that contains “reject” is rejected, everything else approved.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from flows.connectors.sandbox import KEY as SANDBOX
from flows.placeholders import TemplateContent

from . import audit, letters, sandbox_texts
from .account import Account, KycStatus, held
from .asset import AssetStatus, Connection, Sender, Template, TemplateVersion
from .people import User
from .refusals import Refused
from .review import Decision, Review, ReviewKind

SANDBOX_THINKS = timedelta(seconds=3)
SANDBOX_REJECTS = "reject"
SANDBOX_REASON = "The Sandbox rejects every name that contains “reject”. Choose another name."
BATCH = 100
CHECKED_ALREADY = "This is being checked already."


class ReviewRefused(Refused):
    """The request, or the answer to it, was not taken."""


def lives_in_sandbox(account: Account) -> bool:
    """Nothing of this account can leave the building: all its connections are Sandboxes."""
    rows = Connection.objects.filter(account=account, deleted_at=None)
    return set(rows.values_list("connector", flat=True)) == {SANDBOX}


# --- Asking --------------------------------------------------------------------------------------


def submit_company(account: Account, *, by: User) -> Review:
    """Hand in the company details and documents; companies.submit has checked that they are there.

    What the Sandbox has approved already is now for people to look at, and stays good for the
    Sandbox meanwhile and whatever they say.
    """
    waits = Account.objects.filter(kyc_status__in=[KycStatus.TO_DO, KycStatus.REJECTED])
    with _once(), transaction.atomic():
        known = held(account)
        again = known.is_kyc_by_sandbox and known.kyc_status == KycStatus.APPROVED
        asked = Review.objects.filter(account=account, kind=ReviewKind.KYC, decision=Decision.OPEN)
        if again and asked.exists():  # seen here, not by the constraint: the account is held
            raise ReviewRefused(CHECKED_ALREADY)
        if not again:
            _move(waits, account, kyc_status=KycStatus.IN_REVIEW)
        sandboxed = not again and lives_in_sandbox(account)
        return _ask(account, ReviewKind.KYC, by=by, of=account, sandboxed=sandboxed)


def submit_sender(sender: Sender, *, by: User) -> Review:
    guard = Sender.objects.filter(
        deleted_at=None, status__in=[AssetStatus.DRAFT, AssetStatus.REJECTED]
    )
    sandboxed = sender.connection.connector == SANDBOX
    with _once(), transaction.atomic():
        _move(guard, sender, status=AssetStatus.PENDING, status_reason="")
        return _ask(
            sender.account, ReviewKind.SENDER, by=by, of=sender, sandboxed=sandboxed, sender=sender
        )


def submit_template(template: Template, *, by: User) -> Review:
    """Hand the text that its authors have written in as the template's next version.

    While a version is in force, it stays in force until the next one is approved. The same text
    may be handed in again when only the Sandbox has seen it and it is to go out at a real carrier.
    """
    never_approved = template.version == 0
    if not never_approved and template.draft is None and not needs_people(template):
        raise ReviewRefused("Nothing has changed since the version in force.")
    guard = Template.objects.filter(deleted_at=None, revision=template.revision)
    status = AssetStatus.PENDING if never_approved else template.status
    with _once(), transaction.atomic():
        _move(guard, template, status=status, status_reason="" if never_approved else None)
        if template.versions.filter(status=AssetStatus.PENDING).exists():
            raise ReviewRefused(CHECKED_ALREADY)
        version = TemplateVersion.objects.create(
            template=template,
            number=_next_number(template),
            content=template.draft or template.content.to_json(),
            samples=template.samples,
            submitted_by=by,
            submitted_at=timezone.now(),
        )
        return _ask(
            template.account,
            ReviewKind.TEMPLATE,
            by=by,
            of=template,
            sandboxed=lives_in_sandbox(template.account),
            template_version=version,
        )


def needs_people(template: Template) -> bool:
    """Only the Sandbox has approved its text, and by now the account has a real carrier."""
    if lives_in_sandbox(template.account):
        return False
    return bool(sandbox_texts.unseen([template]).obstacle(template, template.version))


def ask_for_fallback(account: Account, *, by: User) -> Review:
    if account.fallback_enabled_at:
        raise ReviewRefused("Fallback is enabled already.")
    with _once(), transaction.atomic():
        return _ask(
            account, ReviewKind.FALLBACK, by=by, of=account, sandboxed=lives_in_sandbox(account)
        )


def withdraw(review: Review, *, by: User) -> None:
    """Take a request back: what was handed in can be changed again."""
    with transaction.atomic():
        _decide(review, Decision.WITHDRAWN, by=by, reason="")
        _EFFECTS[ReviewKind(review.kind)](review, Decision.WITHDRAWN)
        _log(review, "withdraw", by=by)


# --- Answering -----------------------------------------------------------------------------------


def approve(review: Review, *, by: User | None) -> None:
    """`by` None: the Sandbox."""
    _answer(review, Decision.APPROVED, by=by, reason="")


def reject(review: Review, *, by: User | None, reason: str) -> None:
    if not reason.strip():
        raise ReviewRefused("Say why it is rejected, so that it can be put right.")
    _answer(review, Decision.REJECTED, by=by, reason=reason.strip()[:300])


def settle_due(now: datetime, *, limit: int = BATCH) -> int:
    """The Sandbox's answers that are due; returns how many it gave."""
    due = Review.objects.filter(decision=Decision.OPEN, settles_at__lte=now).select_related(
        "account__company", "sender", "template_version__template"
    )
    given = 0
    for review in due.order_by("settles_at")[:limit]:
        try:
            if SANDBOX_REJECTS in _name_of(review).lower():
                reject(review, by=None, reason=SANDBOX_REASON)
            else:
                approve(review, by=None)
        except ReviewRefused:  # somebody was faster
            continue
        given += 1
    return given


def label_of(review: Review) -> str:
    """What the request is about, in a few words."""
    if review.sender:
        return review.sender.label
    if review.template_version:
        template = review.template_version.template
        return f"{template.name}, version {review.template_version.number}"
    return review.account.name


def _name_of(review: Review) -> str:
    if review.sender:
        return f"{review.sender.identifier} {review.sender.display_name}"
    if review.template_version:
        return review.template_version.template.name
    company = getattr(review.account, "company", None)
    return company.legal_name if company and review.kind == ReviewKind.KYC else ""


def _answer(review: Review, decision: Decision, *, by: User | None, reason: str) -> None:
    with transaction.atomic():
        _decide(review, decision, by=by, reason=reason)
        _EFFECTS[ReviewKind(review.kind)](review, decision)
        _log(review, "approve" if decision == Decision.APPROVED else "reject", by=by)
        if by is not None:  # who plays with the Sandbox is looking at the page
            letters.review_decided(review, label_of(review))


def _decide(review: Review, decision: Decision, *, by: User | None, reason: str) -> None:
    changed = Review.objects.filter(pk=review.pk, decision=Decision.OPEN).update(
        decision=decision, decided_by=by, decided_at=timezone.now(), reason=reason
    )
    if not changed:
        raise ReviewRefused("Somebody has answered this request already.")
    review.refresh_from_db(fields=["decision", "decided_by", "decided_at", "reason"])


# --- What an answer does -------------------------------------------------------------------------


def _to_company(review: Review, decision: Decision) -> None:
    status = {
        Decision.APPROVED: KycStatus.APPROVED,
        Decision.REJECTED: KycStatus.REJECTED,
        Decision.WITHDRAWN: KycStatus.TO_DO,
    }[decision]
    account = Account.objects.filter(pk=review.account_id)
    if decision != Decision.APPROVED:  # what the Sandbox has approved, it has approved
        account = account.filter(is_kyc_by_sandbox=False)
    account.update(
        kyc_status=status,
        is_kyc_by_sandbox=decision == Decision.APPROVED and review.decided_by_id is None,
    )


def _to_fallback(review: Review, decision: Decision) -> None:
    if decision == Decision.APPROVED:
        Account.objects.filter(pk=review.account_id, fallback_enabled_at=None).update(
            fallback_enabled_at=timezone.now()
        )


def _to_sender(review: Review, decision: Decision) -> None:
    pending = Sender.objects.filter(reviews=review, status=AssetStatus.PENDING)
    pending.update(status=_STATUS[decision], status_reason=review.reason)


def _to_template(review: Review, decision: Decision) -> None:
    version = review.template_version
    if version is None:
        return
    # What was taken back can be handed in again under a new number, so it keeps its row.
    TemplateVersion.objects.filter(pk=version.pk).update(
        status=_STATUS[decision], status_reason=review.reason, decided_at=review.decided_at
    )
    template = Template.objects.select_for_update().get(pk=version.template_id)
    if decision == Decision.APPROVED:
        content = TemplateContent.from_json(version.content)
        template.hold(content)
        template.version = version.number
        template.draft = None if template.draft in (None, version.content) else template.draft
        if template.status != AssetStatus.PAUSED:
            template.status, template.status_reason = AssetStatus.APPROVED, ""
        template.save()
    elif template.version == 0:
        template.status, template.status_reason = _STATUS[decision], review.reason
        template.save(update_fields=["status", "status_reason"])


_STATUS = {
    Decision.APPROVED: AssetStatus.APPROVED,
    Decision.REJECTED: AssetStatus.REJECTED,
    Decision.WITHDRAWN: AssetStatus.DRAFT,
}
_EFFECTS: dict[ReviewKind, Callable[[Review, Decision], None]] = {
    ReviewKind.KYC: _to_company,
    ReviewKind.FALLBACK: _to_fallback,
    ReviewKind.SENDER: _to_sender,
    ReviewKind.TEMPLATE: _to_template,
}


# --- Shared --------------------------------------------------------------------------------------


@contextmanager
def _once() -> Iterator[None]:
    """Of two requests at the same moment the database lets one through."""
    try:
        yield
    except IntegrityError as error:
        raise ReviewRefused(CHECKED_ALREADY) from error


def _move(guard: "QuerySet[Any]", row: Any, **to: Any) -> None:
    kept = {name: value for name, value in to.items() if value is not None}
    if not guard.filter(pk=row.pk).update(**kept):
        raise ReviewRefused("This was changed meanwhile. Look again, then hand it in.")
    row.refresh_from_db(fields=list(kept))


def _ask(
    account: Account, kind: ReviewKind, *, by: User, of: Any, sandboxed: bool, **about: Any
) -> Review:
    now = timezone.now()
    review = Review.objects.create(
        account=account,
        kind=kind,
        asked_by=by,
        asked_at=now,
        settles_at=now + SANDBOX_THINKS if sandboxed else None,
        **about,
    )
    _log(review, "submit", by=by)
    return review


def _next_number(template: Template) -> int:
    numbers = template.versions.order_by("-number").values_list("number", flat=True)
    return max(template.version, *numbers[:1], 0) + 1


_NOUN = {
    ReviewKind.KYC: "company",
    ReviewKind.FALLBACK: "fallback",
    ReviewKind.SENDER: "sender",
    ReviewKind.TEMPLATE: "template",
}


def _log(review: Review, verb: str, *, by: User | None) -> None:
    version = review.template_version
    of = review.sender or (version.template if version else None) or review.account
    after = {"version": version.number} if version else {}
    audit.record(
        review.account,
        f"{_NOUN[ReviewKind(review.kind)]}.{verb}",
        by=by,
        of=of,
        label=label_of(review),
        after={**after, **({"reason": review.reason} if review.reason else {})} or None,
    )
