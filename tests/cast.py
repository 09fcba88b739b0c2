"""The cast: builders of the people, assets, flows and runs that tests play with. Asserts nothing.

Every function has a sensible default for all that a test does not care about. The fixtures made
from these stand in tests/conftest.py.
"""

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from flows.base62 import new_invocation_id
from flows.definition import Definition, Step
from flows.models import (
    Account,
    ApiKey,
    AssetStatus,
    CallbackProfile,
    Connection,
    Execution,
    ExecutionState,
    Flow,
    KeyKind,
    KycStatus,
    Membership,
    Outcome,
    Role,
    Sender,
    Template,
    User,
    lifecycle,
)
from flows.placeholders import Channel

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


def make_key(account: Account, kind: KeyKind = KeyKind.TEST, **fields: Any) -> tuple[ApiKey, str]:
    """An API key with its secret."""
    return ApiKey.issue(account, kind=kind, **{"name": f"{kind.label} key", **fields})


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
