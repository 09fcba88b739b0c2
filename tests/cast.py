"""The cast: builders of the people, assets, flows and runs that tests play with. Asserts nothing.

Every function has a sensible default for all that a test does not care about. The fixtures made
from these stand in tests/conftest.py.
"""

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from flows.base62 import new_invocation_id
from flows.definition import Definition, Step
from flows.models import (
    Account,
    ApiKey,
    AssetStatus,
    CallbackProfile,
    Company,
    CompanyDocument,
    Connection,
    Execution,
    ExecutionState,
    Flow,
    Invitation,
    KeyKind,
    KycStatus,
    Membership,
    Outcome,
    Review,
    ReviewKind,
    Role,
    Sender,
    Template,
    TestRecipient,
    User,
    invitations,
    lifecycle,
    reviews,
)
from flows.placeholders import Channel
from flows.sample_pdf import sample_pdf

PASSWORD = "correct horse battery staple"
RECIPIENT = "919876540001"  # the Sandbox delivers to it
PARAMS = {"1": "Priya", "2": "58213", "3": "Friday"}
_numbers = itertools.count(1)


# --- Accounts and people --------------------------------------------------------------------------


def make_account(name: str = "Acme", **fields: Any) -> Account:
    """An account that is through with onboarding, but for senders and templates."""
    ready = {
        "kyc_status": KycStatus.APPROVED,
        "business_manager_id": "1234567890",
        "fallback_enabled_at": timezone.now(),
    }
    return Account.objects.create(name=name, **{**ready, **fields})


def make_bare_account(name: str = "Newcomer", **fields: Any) -> Account:
    """An account on its first day: nothing of the onboarding is done."""
    return Account.objects.create(name=name, **fields)


def make_person(account: Account | None, role: Role, *, name: str = "", **fields: Any) -> User:
    first = name or role.label
    email = f"{first.lower()}@{account.name.lower() if account else 'nowhere'}.example"
    user = User.objects.create_user(email, PASSWORD, first_name=first, **fields)
    if account:
        Membership.objects.create(account=account, user=user, role=role)
    return user


def make_invitation(
    account: Account, *, by: User, email: str = "new@person.example", role: Role = Role.MARKETER
) -> Invitation:
    """An invitation that nobody has used; its link is known to nobody."""
    return invitations.invite(account, [email], role, by=by)[0].invitation


def make_seat(account: Account, user: User, role: Role) -> Membership:
    """A place for somebody who is there already."""
    return Membership.objects.create(account=account, user=user, role=role)


def make_key(account: Account, kind: KeyKind = KeyKind.TEST, **fields: Any) -> tuple[ApiKey, str]:
    """An API key with its secret."""
    return ApiKey.issue(account, kind=kind, **{"name": f"{kind.label} key", **fields})


def make_company(account: Account, **fields: Any) -> Company:
    shared = {"legal_name": "Acme Retail Ltd", "address": "1 MG Road", "city": "Bengaluru"}
    return Company.objects.create(
        account=account, **{**shared, "postal_code": "560001", "country": "IN", **fields}
    )


def make_document(account: Account, *, content: bytes = b"", **fields: Any) -> CompanyDocument:
    """A proof of identity with its file; `content` instead of a small PDF."""
    name = f"test/{next(_numbers)}"
    storages["documents"].save(name, ContentFile(content or sample_pdf(["Proof"])))
    shared = {"kind": "identity", "file_name": "proof.pdf", "content_type": "application/pdf"}
    return CompanyDocument.objects.create(
        account=account, stored_name=name, **{**shared, "size": 600, "sha256": "0" * 64, **fields}
    )


def make_test_recipient(account: Account, **fields: Any) -> TestRecipient:
    number = f"9198765{next(_numbers) % 10_000:04}1"
    defaults = {"name": "Asha, office phone", "number": number}
    return TestRecipient.objects.create(account=account, **{**defaults, **fields})


# --- Assets ---------------------------------------------------------------------------------------


def make_connection(account: Account, connector: str = "sandbox", **fields: Any) -> Connection:
    """The account's connection of that connector, made when there is none."""
    connection, _ = Connection.objects.get_or_create(
        account=account, connector=connector, defaults={"name": connector.title(), **fields}
    )
    return connection


def make_sender(account: Account, channel: Channel, **fields: Any) -> Sender:
    whatsapp = {"identifier": "918047182200", "display_name": "Acme Retail", "generation": "V1"}
    defaults = whatsapp if channel is Channel.WHATSAPP else {"identifier": "ACMERT"}
    shared = {"status": AssetStatus.APPROVED, "connection": make_connection(account)}
    return Sender.objects.create(
        account=account, channel=channel, **{**defaults, **shared, **fields}
    )


def make_template(account: Account, channel: Channel, **fields: Any) -> Template:
    whatsapp = {
        "name": "order_update",
        "kind": "text",
        "category": "utility",
        "body": "Hi {{1}}, your order *{{2}}* arrives by {{3}}.",
        "samples": PARAMS,
    }
    sms = {
        "name": "Order update",
        "kind": "TXN",
        "language": "",
        "body": "Hi {#var#}, order {#var#} arrives soon.",
        "samples": {"1": "Priya", "2": "58213"},
    }
    defaults = whatsapp if channel is Channel.WHATSAPP else sms
    status = {"status": AssetStatus.APPROVED}
    return Template.objects.create(
        account=account, channel=channel, **{**defaults, **status, **fields}
    )


def make_callback_profile(account: Account, **fields: Any) -> CallbackProfile:
    shared = {"title": "Order system", "url": "https://hooks.example.com/fallback"}
    return CallbackProfile.objects.create(account=account, **{**shared, **fields})


def make_review(account: Account, kind: str = ReviewKind.SENDER, *, by: User) -> Review:
    """An open request that people have to answer, with a new thing that it is about."""
    name = f"asked{next(_numbers)}"
    if kind == ReviewKind.SENDER:
        made = make_sender(account, Channel.SMS, identifier=name, status=AssetStatus.DRAFT)
        review = reviews.submit_sender(made, by=by)
    elif kind == ReviewKind.TEMPLATE:
        waits = {"status": AssetStatus.DRAFT, "version": 0, "name": name}
        review = reviews.submit_template(make_template(account, Channel.SMS, **waits), by=by)
    elif kind == ReviewKind.KYC:
        Account.objects.filter(pk=account.pk).update(kyc_status=KycStatus.TO_DO)
        review = reviews.submit_company(account, by=by)
    else:
        Account.objects.filter(pk=account.pk).update(fallback_enabled_at=None)
        account.refresh_from_db()
        review = reviews.ask_for_fallback(account, by=by)
    Review.objects.filter(pk=review.pk).update(settles_at=None)
    review.refresh_from_db()
    return review


# --- Flows ----------------------------------------------------------------------------------------


def make_step(account: Account, channel: Channel, **fields: Any) -> Step:
    """A complete step from the account's first approved sender and template of the channel."""
    kept = {"account": account, "channel": channel, "status": AssetStatus.APPROVED}
    sender = Sender.objects.filter(**kept).first() or make_sender(account, channel)
    template = Template.objects.filter(**kept).first() or make_template(account, channel)
    defaults = {"sender": str(sender.public_id), "template": str(template.public_id), "wait_s": 60}
    return Step(channel=channel, **{**defaults, **fields})


def make_definition(account: Account, title: str = "Order update", **fields: Any) -> Definition:
    """WhatsApp, then SMS; complete."""
    steps = (make_step(account, Channel.WHATSAPP), make_step(account, Channel.SMS))
    return Definition(**{"title": title, "steps": steps, **fields})


def make_flow(account: Account, *, by: User, title: str = "Order update", **fields: Any) -> Flow:
    """A draft; `fields` are those of the definition (steps, callback_profile)."""
    return lifecycle.create(account, make_definition(account, title, **fields), by=by)


def make_published_flow(
    account: Account, *, by: User, title: str = "Order update", **fields: Any
) -> Flow:
    flow = make_flow(account, by=by, title=title, **fields)
    lifecycle.publish(flow, by=by)
    return flow


# --- Calls and runs -------------------------------------------------------------------------------


def make_invocation_body(
    flow: Flow,
    recipient: str = RECIPIENT,
    *,
    request_id: str = "",
    params: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What a caller posts to run the flow; every step gets the same recipient and parameters."""
    version = flow.live_version
    assert version is not None, "only a published flow can be invoked"
    send = {"recipient": recipient, "templateParams": PARAMS if params is None else params}
    names = [f"send{number}" for number, _ in enumerate(version.pinned.steps, start=1)]
    return {
        "requestId": request_id or f"request-{next(_numbers)}",
        "input": {name: dict(send) for name in names},
    }


def make_execution(
    flow: Flow, *, recipient: str = RECIPIENT, created_at: datetime | None = None, **fields: Any
) -> Execution:
    """An execution that ended delivered by its first step, unless `fields` tell otherwise.

    With a `state` that has not ended it has no outcome and is due now.
    """
    version = flow.live_version
    assert version is not None, "only a published flow has executions"
    steps = version.pinned.steps
    created_at = created_at or timezone.now() - timedelta(minutes=5)
    progress: dict[str, Any] = {
        "state": ExecutionState.ENDED,
        "outcome": Outcome.DELIVERED,
        "outcome_step": 0,
        "outcome_channel": steps[0].channel,
        "reason": f"Delivered by {steps[0].channel.label}.",
        "ended_at": created_at + timedelta(seconds=4),
    }
    if fields.get("state", ExecutionState.ENDED) != ExecutionState.ENDED:
        progress = {"wake_at": created_at}
    shared = {
        "account": flow.account,
        "flow": flow,
        "version": version,
        "public_id": new_invocation_id(),
        "request_id": f"request-{next(_numbers)}",
        "kind": KeyKind.LIVE,
        "recipient": recipient,
        "sends": [{"recipient": recipient, "params": PARAMS} for _ in steps],
        "created_at": created_at,
    }
    return Execution.objects.create(**{**shared, **progress, **fields})
