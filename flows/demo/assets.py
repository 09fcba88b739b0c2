"""The demo's Sandbox connection, senders and callback profile; see templates.py for the texts."""

from typing import Any

from django.utils import timezone

from flows.models import (
    Account,
    AssetStatus,
    CallbackProfile,
    ChannelChoice,
    Connection,
    Generation,
    Review,
    ReviewKind,
    Sender,
    User,
)

from .templates import seed_templates

WHATSAPP_NUMBER, SMS_SENDER = "918047182200", "ACMERT"
MEDIA_URL = "https://media.acme.example/festival.jpg"
CALLBACK_URL = "http://127.0.0.1:9009/callbacks"


def seed_assets(account: Account, *, by: User) -> CallbackProfile:
    """Approved senders and templates of every kind of variable, and where results go."""
    connection, _ = Connection.objects.get_or_create(
        account=account, connector="sandbox", defaults={"name": "Sandbox"}
    )
    for channel, identifier, fields in _SENDERS:
        sender, is_new = Sender.objects.get_or_create(
            account=account,
            channel=channel,
            identifier=identifier,
            defaults={"connection": connection, "status": AssetStatus.APPROVED, **fields},
        )
        if is_new and sender.status == AssetStatus.PENDING:  # something for the support desk
            Review.objects.create(
                account=account,
                kind=ReviewKind.SENDER,
                sender=sender,
                asked_by=by,
                asked_at=timezone.now(),
            )
    seed_templates(account, by=by)
    profile, is_new = CallbackProfile.objects.get_or_create(
        account=account, title="Order system", deleted_at=None, defaults={"url": CALLBACK_URL}
    )
    if is_new:
        profile.headers = {"X-Shop": "acme-retail"}
        profile.save()
    return profile


_SENDERS: tuple[tuple[ChannelChoice, str, dict[str, Any]], ...] = (
    (
        ChannelChoice.WHATSAPP,
        WHATSAPP_NUMBER,
        {"display_name": "Acme Retail", "generation": Generation.V1},
    ),
    (
        ChannelChoice.WHATSAPP,
        "918047182299",
        {"display_name": "Acme Care", "generation": Generation.V2},
    ),
    (
        ChannelChoice.SMS,
        SMS_SENDER,
        {"display_name": "Acme Retail", "country": "IN", "dlt_entity_id": "1101456700000041234"},
    ),
    (
        ChannelChoice.SMS,
        "ACMEMK",
        {
            "display_name": "Acme offers",
            "country": "IN",
            "dlt_entity_id": "1101456700000041234",
            "status": AssetStatus.PENDING,
        },
    ),
)
