"""The demo's Sandbox connection, senders, templates and callback profile."""

from typing import Any

from flows.models import (
    Account,
    AssetStatus,
    CallbackProfile,
    Category,
    ChannelChoice,
    Connection,
    Generation,
    HeaderKind,
    Sender,
    Template,
    TemplateKind,
    User,
)

WHATSAPP_NUMBER, SMS_SENDER = "918047182200", "ACMERT"
MEDIA_URL = "https://media.acme.example/festival.jpg"
CALLBACK_URL = "http://127.0.0.1:9009/callbacks"

_WHATSAPP: dict[str, Any] = {
    "channel": ChannelChoice.WHATSAPP,
    "kind": TemplateKind.TEXT,
    "category": Category.UTILITY,
    "language": "en",
}
_SMS: dict[str, Any] = {"channel": ChannelChoice.SMS, "kind": TemplateKind.TXN, "language": ""}

TEMPLATES: tuple[dict[str, Any], ...] = (
    _WHATSAPP
    | {
        "name": "order_update",
        "body": "Hi {{1}}, your order *{{2}}* is on its way and arrives {{3}}.",
        "footer": "Acme Retail",
        "buttons": [
            {"kind": "url", "text": "Track order", "value": "https://acme.example/orders"},
            {"kind": "quick_reply", "text": "Call me"},
        ],
        "samples": {"1": "Priya", "2": "A-58213", "3": "on Friday"},
    },
    _WHATSAPP
    | {
        "name": "delivery_slot",
        "header_kind": HeaderKind.TEXT,
        "header_text": "Order {{1}}",
        "body": "Hello {{name}}, our driver comes _{{day}}_ between {{slot}}.",
        "buttons": [
            {"kind": "url", "text": "Change slot", "value": "https://acme.example/slot/{{1}}"}
        ],
        "samples": {
            "#param_header#": "A-58213",
            "#param_url#": "A-58213",
            "name": "Priya",
            "day": "tomorrow",
            "slot": "10:00 and 12:00",
        },
    },
    _WHATSAPP
    | {
        "name": "login_code",
        "kind": TemplateKind.AUTHENTICATION,
        "category": Category.AUTHENTICATION,
        "body": "*{{1}}* is your verification code. For your security, do not share it.",
        "samples": {"#verification_code#": "481623"},
    },
    _WHATSAPP
    | {
        "name": "festival_offer",
        "category": Category.MARKETING,
        "header_kind": HeaderKind.IMAGE,
        "body": "{{1}}, the festival sale is on: *{{2}}* off everything until {{3}}.",
        "footer": "Reply STOP to opt out",
        "samples": {"1": "Priya", "2": "20%", "3": "Sunday"},
    },
    _WHATSAPP
    | {
        "name": "payment_reminder",
        "body": "Dear {{$1}}, ₹{{$2}} for your Acme card is due on {{$3}}.",
        "samples": {"1": "Priya", "2": "1,250", "3": "1 December"},
    },
    _WHATSAPP
    | {
        "name": "win_back",
        "category": Category.MARKETING,
        "body": "We miss you, {{1}}!",
        "samples": {"1": "Priya"},
        "status": AssetStatus.REJECTED,
        "status_reason": "The text does not say what the message is about.",
    },
    _SMS
    | {
        "name": "Order update",
        "body": "Hi {#var#}, your Acme order {#var#} arrives {#var#}.",
        "dlt_template_id": "1107161234567890123",
        "samples": {"1": "Priya", "2": "A-58213", "3": "on Friday"},
    },
    _SMS
    | {
        "name": "Delivery slot",
        "body": "Hello {name}, our driver comes {day} between {slot}. Acme Retail",
        "samples": {"name": "Priya", "day": "tomorrow", "slot": "10:00 and 12:00"},
    },
    _SMS
    | {
        "name": "Login code",
        "kind": TemplateKind.OTP,
        "body": "{#var#} is your Acme login code, valid {#var#} min.",
        "dlt_template_id": "1107161234567890456",
        "samples": {"#verification_code#": "481623", "1": "10"},
    },
    _SMS
    | {
        "name": "Festival offer",
        "kind": TemplateKind.MKT,
        "body": "{{1}}, the festival sale is on: {{2}} off until {{3}} — acme.example",
        "unicode": True,
        "samples": {"1": "Priya", "2": "20%", "3": "Sunday"},
    },
    _SMS
    | {
        "name": "Payment reminder",
        "body": "Dear {#var#}, Rs {#var#} for your Acme card is due on {#var#}.",
        "samples": {"1": "Priya", "2": "1,250", "3": "1 December"},
    },
    _SMS
    | {
        "name": "Store opening",
        "kind": TemplateKind.MKT,
        "body": "A new Acme store opens in {city} on {day}.",
        "samples": {"city": "Pune", "day": "Monday"},
        "status": AssetStatus.PENDING,
    },
)


def seed_assets(account: Account, *, by: User) -> CallbackProfile:
    """Approved senders and templates of every kind of variable, and where results go."""
    connection, _ = Connection.objects.get_or_create(
        account=account, connector="sandbox", defaults={"name": "Sandbox"}
    )
    for channel, identifier, fields in _SENDERS:
        Sender.objects.get_or_create(
            account=account,
            channel=channel,
            identifier=identifier,
            defaults={"connection": connection, "status": AssetStatus.APPROVED, **fields},
        )
    for template in TEMPLATES:
        identity = {name: template[name] for name in ("channel", "name", "language")}
        defaults = {"status": AssetStatus.APPROVED, "created_by": by, **template}
        Template.objects.get_or_create(account=account, **identity, defaults=defaults)
    profile, _ = CallbackProfile.objects.get_or_create(
        account=account,
        title="Order system",
        deleted_at=None,
        defaults={"url": CALLBACK_URL, "headers": {"X-Shop": "acme-retail"}},
    )
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
        {"display_name": "Acme offers", "country": "IN", "status": AssetStatus.PENDING},
    ),
)
