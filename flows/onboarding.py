"""What an account still needs before it can create flows: computed from its rows, never ticked.

The rows and their order are product.md section 3. Three queries once everything is there.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from flows.definition import Catalog
from flows.models import (
    Account,
    AssetStatus,
    Company,
    CompanyDocument,
    Connection,
    Decision,
    KycStatus,
    Membership,
    Review,
    ReviewKind,
    Role,
    companies,
    reviews,
)
from flows.models.catalog import catalog_of
from flows.placeholders import Channel

ADMIN, MARKETER = "an admin of this account", "an admin or a marketer of this account"
SUPPORT, SANDBOX = "support", "the Sandbox, in a few seconds"
STUCK_AFTER = timedelta(minutes=1)  # then nobody waits for the Sandbox any more


@dataclass(frozen=True)
class Task:
    """One row of the list. `state`: completed, to_do, in_review or blocked (see `who`)."""

    title: str
    state: str
    sentence: str
    who: str = ""  # who must act next; empty when nothing is left to do
    verb: str = ""  # the words of the link
    url: str = ""
    needs: Role = Role.ADMIN  # to follow the link
    awaits_people: bool = False  # somebody of support, or an admin, has to decide

    @property
    def is_completed(self) -> bool:
        return self.state == "completed"


@dataclass(frozen=True)
class Onboarding:
    """The list with what stands around it. `token` changes with every word of it."""

    account: Account
    tasks: Sequence[Task]

    @property
    def is_ready(self) -> bool:
        return is_ready(self.tasks)

    @property
    def left(self) -> int:
        return sum(not task.is_completed for task in self.tasks)

    @property
    def first(self) -> Task | None:
        """What to do first, when somebody of the account can do it."""
        return next((task for task in self.tasks if task.state in {"to_do", "blocked"}), None)

    @property
    def is_sandbox_thinking(self) -> bool:
        return any(task.who == SANDBOX for task in self.tasks)

    @cached_property
    def has_connection(self) -> bool:
        return Connection.objects.filter(account=self.account, deleted_at=None).exists()

    @cached_property
    def can_fill_in(self) -> bool:
        """Whether samples would help, and may be used."""
        is_open = any(task.state in {"to_do", "blocked"} for task in self.tasks)
        return is_open and reviews.lives_in_sandbox(self.account)

    @cached_property
    def admins(self) -> str:
        rows = Membership.objects.filter(account=self.account, role=Role.ADMIN)
        names = [str(row.user) for row in rows.select_related("user")[:3]]
        return " or ".join(names) or "an admin"

    @cached_property
    def is_checked_for_real(self) -> bool:
        """The Sandbox has approved the company, and people are asked as well."""
        asked = Review.objects.filter(account=self.account, kind=ReviewKind.KYC)
        return asked.filter(decision=Decision.OPEN).exists()

    @property
    def self_approves(self) -> bool:
        return bool(settings.FALLBACK_SELF_APPROVE)

    @property
    def token(self) -> str:
        return hashlib.sha256(repr(self.tasks).encode()).hexdigest()[:16]


def look(account: Account, catalog: Catalog | None = None) -> Onboarding:
    return Onboarding(account, tasks(account, catalog))


def tasks(account: Account, catalog: Catalog | None = None) -> list[Task]:
    catalog = catalog or catalog_of(account)
    desk = _Desk(account, catalog)
    return [
        _kyc(desk),
        _business_manager(desk),
        _whatsapp_number(desk),
        _template(desk, Channel.WHATSAPP),
        _sms_sender(desk),
        _template(desk, Channel.SMS),
        _fallback_feature(desk),
    ]


def is_ready(tasks: Iterable[Task]) -> bool:
    return all(task.is_completed for task in tasks)


def open_request_for_fallback(account: Account) -> Review | None:
    rows = Review.objects.filter(account=account, kind=ReviewKind.FALLBACK)
    return rows.filter(decision=Decision.OPEN).first()


# --- What the rows are made from -----------------------------------------------------------------


class _Asset(NamedTuple):
    """A sender or a template: what it is called, its status, its id."""

    name: str
    status: str
    id: str


class _Desk:
    """The account, its assets, and, once something is unfinished, what is being checked."""

    def __init__(self, account: Account, catalog: Catalog) -> None:
        self.account, self.catalog = account, catalog

    @cached_property
    def _open(self) -> list[Review]:
        rows = Review.objects.filter(account=self.account, decision=Decision.OPEN)
        return list(rows.select_related("sender", "template_version__template"))

    def in_review(self, task: Task, kind: ReviewKind, thing_id: str = "") -> Task:
        """The task while it waits for an answer, by whoever has to give it."""
        asked = [r for r in self._open if r.kind == kind and _thing_id(r) in {"", thing_id}]
        settles_at = asked[0].settles_at if asked else None
        if settles_at is None:
            who = ADMIN if settings.FALLBACK_SELF_APPROVE else SUPPORT
            return replace(task, state="in_review", who=who, awaits_people=True)
        if timezone.now() - settles_at > STUCK_AFTER:
            who = "whoever runs this installation: its engine does not answer"
            return replace(task, state="in_review", who=who)
        return replace(task, state="in_review", who=SANDBOX, verb="", url="")  # soon over

    def url(self, name: str, *args: object) -> str:
        try:
            return reverse(name, args=[self.account.sid, *args])
        except NoReverseMatch:
            return ""


def _thing_id(review: Review) -> str:
    if review.sender:
        return str(review.sender.public_id)
    version = review.template_version
    return str(version.template.public_id) if version else ""


# --- The rows ------------------------------------------------------------------------------------


def _kyc(desk: _Desk) -> Task:
    account = desk.account
    see = desk.url("company-detail")
    task = Task("Know your customer (KYC)", "to_do", "", ADMIN, url=see)
    if account.kyc_status == KycStatus.APPROVED:
        by = " by the Sandbox" if account.is_kyc_by_sandbox else ""
        sentence = f"Company details and documents are approved{by}."
        return replace(task, state="completed", sentence=sentence, who="", verb="See them")
    if account.kyc_status == KycStatus.IN_REVIEW:
        sentence = "Company details and documents are being checked."
        return desk.in_review(replace(task, sentence=sentence, verb="See it"), ReviewKind.KYC)
    if account.kyc_status == KycStatus.REJECTED:
        answered = companies.checking_of(account).answered
        reason = f": {answered.reason}" if answered and answered.reason else "."
        return replace(
            task, state="blocked", sentence=f"They were rejected{reason}", verb="Put it right"
        )
    if not Company.objects.filter(account=account).exists():
        sentence, verb, url = "Tell who the company is.", "Add company details", "company-edit"
    elif not CompanyDocument.objects.filter(account=account).exists():
        sentence, verb, url = "Prove it with a document.", "Upload a document", "document-create"
    else:
        sentence, verb, url = "Everything is there to be checked.", "Hand it in", "company-detail"
    return replace(task, sentence=sentence, verb=verb, url=desk.url(url))


def _business_manager(desk: _Desk) -> Task:
    title, number = "WhatsApp: Business Manager ID", desk.account.business_manager_id
    url = desk.url("business-manager-edit")
    if number:
        return Task(title, "completed", f"Business Manager {number}.", verb="Change", url=url)
    sentence = "Create a Business Manager at Meta and give its ID."
    return Task(title, "to_do", sentence, ADMIN, "Enter the ID", url)


def _whatsapp_number(desk: _Desk) -> Task:
    title, new = "WhatsApp: number", desk.url("sender-create")
    todo = Task(
        title, "to_do", "Register a WhatsApp number of generation V1.", ADMIN,
        "Register a number", f"{new}?channel=whatsapp" if new else "",
    )  # fmt: skip
    senders = [s for s in desk.catalog.senders.values() if s.channel is Channel.WHATSAPP]
    usable = [_Asset(s.label, s.status, s.id) for s in senders if s.generation == "V1"]
    if senders and not usable:
        sentence = "Register a number of generation V1: flows cannot use V2 numbers."
        return replace(todo, state="blocked", sentence=sentence)
    return _asset(desk, usable, todo=todo, kind=ReviewKind.SENDER)


def _sms_sender(desk: _Desk) -> Task:
    new = desk.url("sender-create")
    todo = Task(
        "SMS: Sender ID", "to_do", "Register the name that an SMS comes from.", ADMIN,
        "Register a Sender ID", f"{new}?channel=sms" if new else "",
    )  # fmt: skip
    senders = [s for s in desk.catalog.senders.values() if s.channel is Channel.SMS]
    found = [_Asset(s.label, s.status, s.id) for s in senders]
    return _asset(desk, found, todo=todo, kind=ReviewKind.SENDER)


def _template(desk: _Desk, channel: Channel) -> Task:
    """Any kind the channel may use in a flow; WhatsApp: text or authentication."""
    facts = [t for t in desk.catalog.templates.values() if t.content.channel is channel]
    if channel is Channel.WHATSAPP:
        facts = [t for t in facts if t.content.kind in {"text", "authentication"}]
    found = [_Asset(t.content.name, t.status, t.id) for t in facts]
    new = desk.url("template-create")
    todo = Task(
        f"{channel.label}: template",
        "to_do",
        f"Write the text of {'a WhatsApp' if channel is Channel.WHATSAPP else 'an SMS'} message.",
        MARKETER,
        "Write a template",
        f"{new}?channel={channel.value}" if new else "",
        needs=Role.MARKETER,
    )
    return _asset(desk, found, todo=todo, kind=ReviewKind.TEMPLATE)


def _asset(desk: _Desk, assets: Sequence[_Asset], *, todo: Task, kind: ReviewKind) -> Task:
    """The task as the assets stand: the best of them counts; `todo` while there are none."""
    approved = [asset.name for asset in assets if asset.status == AssetStatus.APPROVED]
    if approved:
        more = f" and {len(approved) - 1} more are" if len(approved) > 1 else " is"
        return Task(todo.title, "completed", f"{approved[0]}{more} approved.")
    for status, state, words, verb in _UNFINISHED:
        for name, _, thing_id in (asset for asset in assets if asset.status == status):
            page = "template-detail" if kind == ReviewKind.TEMPLATE else "sender-detail"
            task = replace(
                todo,
                state=state,
                sentence=f"{name} {words}",
                verb=verb,
                url=desk.url(page, thing_id),
            )
            return desk.in_review(task, kind, thing_id) if state == "in_review" else task
    return todo


_UNFINISHED = (
    (AssetStatus.PENDING, "in_review", "is being checked.", "See it"),
    (AssetStatus.DRAFT, "to_do", "is not handed in yet.", "Hand it in"),
    (AssetStatus.REJECTED, "blocked", "was rejected.", "See why"),
    (AssetStatus.PAUSED, "blocked", "is paused.", "See it"),
    (AssetStatus.DISABLED, "blocked", "is disabled. Add another one.", "See it"),
)


def _fallback_feature(desk: _Desk) -> Task:
    account = desk.account
    ask = desk.url("fallback-request")
    task = Task("Fallback for this account", "to_do", "", ADMIN, url=ask)
    if account.fallback_enabled_at:
        sentence = "Fallback is enabled."
        return replace(task, state="completed", sentence=sentence, who="", url="")
    if open_request_for_fallback(account):
        sentence, url = "You have asked for it.", desk.url("fallback-withdraw")
        asked = replace(task, sentence=sentence, verb="Withdraw", url=url)
        return desk.in_review(asked, ReviewKind.FALLBACK)
    last = Review.objects.filter(account=account, kind=ReviewKind.FALLBACK).order_by("-id").first()
    if last and last.decision == Decision.REJECTED:
        said = f"Support has not enabled it: {last.reason}"
        return replace(task, state="blocked", sentence=said, verb="Ask again")
    sentence = "Have the Fallback feature enabled."
    return replace(task, sentence=sentence, verb="Ask support to enable it")
