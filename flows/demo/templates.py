"""The demo's templates: every kind of variable, and every state that a template can be in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from flows.models import Account, AssetStatus, Decision, Review, ReviewKind, Template, User
from flows.placeholders import Button, Channel, TemplateContent

from .people import SUPPORT_EMAIL

REJECTED_BECAUSE = "The text does not say what the message is about."
APPROVED, DRAFT = AssetStatus.APPROVED, AssetStatus.DRAFT


def _whatsapp(name: str, body: str, **more: Any) -> TemplateContent:
    shared: dict[str, Any] = {"kind": "text", "language": "en", "category": "utility"}
    return TemplateContent(Channel.WHATSAPP, name, body=body, **{**shared, **more})


def _sms(name: str, body: str, kind: str = "TXN", **more: Any) -> TemplateContent:
    return TemplateContent(Channel.SMS, name, kind, body, **more)


@dataclass(frozen=True)
class DemoTemplate:
    """The text in force, or the one that wants to be; `earlier` ones, and what is being written."""

    content: TemplateContent
    samples: Mapping[str, str]
    status: AssetStatus = APPROVED
    earlier: tuple[TemplateContent, ...] = ()
    draft: TemplateContent | None = None


_SLOT = _whatsapp(
    "delivery_slot",
    "Hello {{name}}, our driver comes _{{day}}_ between {{slot}}.",
    header_kind="text",
    header_text="Order {{1}}",
    buttons=(Button("url", "Change slot", "https://acme.example/slot/{{1}}"),),
)
_REMINDER = _whatsapp(
    "payment_reminder", "Dear {{$1}}, ₹{{$2}} for your Acme card is due on {{$3}}."
)
_ORDER_SAMPLES = {"1": "Priya", "2": "A-58213", "3": "on Friday"}
_SLOT_SAMPLES = {"name": "Priya", "day": "tomorrow", "slot": "10:00 and 12:00"}
_OFFER_SAMPLES = {"1": "Priya", "2": "20%", "3": "Sunday"}
_BILL_SAMPLES = {"1": "Priya", "2": "1,250", "3": "1 December"}

TEMPLATES: tuple[DemoTemplate, ...] = (
    DemoTemplate(
        _whatsapp(
            "order_update",
            "Hi {{1}}, your order *{{2}}* is on its way and arrives {{3}}.",
            footer="Acme Retail",
            buttons=(
                Button("url", "Track order", "https://acme.example/orders"),
                Button("quick_reply", "Call me"),
            ),
        ),
        _ORDER_SAMPLES,
    ),
    DemoTemplate(
        _SLOT,
        {"#param_header#": "A-58213", "#param_url#": "A-58213", **_SLOT_SAMPLES},
        draft=replace(
            _SLOT,
            body="Hello {{name}}, our driver comes _{{day}}_ between {{slot}}. "
            "Not at home? Call {{phone}} before noon.",
        ),
    ),
    DemoTemplate(
        _whatsapp(
            "login_code",
            "*{{1}}* is your verification code. For your security, do not share it.",
            kind="authentication",
            category="authentication",
        ),
        {"#verification_code#": "481623"},
    ),
    DemoTemplate(
        _whatsapp(
            "festival_offer",
            "Hello {{1}}, the festival sale is on: *{{2}}* off everything until {{3}}.",
            category="marketing",
            header_kind="image",
            footer="Reply STOP to opt out",
        ),
        _OFFER_SAMPLES,
    ),
    DemoTemplate(
        _REMINDER,
        _BILL_SAMPLES,
        earlier=(replace(_REMINDER, body="Dear {{$1}}, please pay ₹{{$2}} for your Acme card."),),
    ),
    DemoTemplate(
        _whatsapp("win_back", "We miss you, {{1}}!", category="marketing"),
        {"1": "Priya"},
        status=AssetStatus.REJECTED,
    ),
    DemoTemplate(
        _sms(
            "Order update",
            "Hi {#var#}, your Acme order {#var#} arrives {#var#}.",
            dlt_template_id="1107161234567890123",
        ),
        _ORDER_SAMPLES,
    ),
    DemoTemplate(
        _sms(
            "Delivery slot",
            "Hello {name}, our driver comes {day} between {slot}. Acme Retail",
        ),
        _SLOT_SAMPLES,
    ),
    DemoTemplate(
        _sms(
            "Login code",
            "{#var#} is your Acme login code, valid {#var#} min.",
            "OTP",
            dlt_template_id="1107161234567890456",
        ),
        {"#verification_code#": "481623", "1": "10"},
    ),
    DemoTemplate(
        _sms(
            "Festival offer",
            "{{1}}, the festival sale is on: {{2}} off until {{3}} — acme.example",
            "MKT",
            unicode=True,
        ),
        _OFFER_SAMPLES,
    ),
    DemoTemplate(
        _sms(
            "Payment reminder",
            "Dear {#var#}, Rs {#var#} for your Acme card is due on {#var#}.",
        ),
        _BILL_SAMPLES,
    ),
    DemoTemplate(
        _sms("Store opening", "A new Acme store opens in {city} on {day}.", "MKT"),
        {"city": "Pune", "day": "Monday"},
        status=AssetStatus.PENDING,
    ),
)


def seed_templates(account: Account, *, by: User) -> None:
    """Those that are not there yet, with their versions as if they had been handed in."""
    support = User.objects.filter(email=SUPPORT_EMAIL).first()
    there = set(
        Template.objects.filter(account=account, deleted_at=None).values_list("channel", "name")
    )
    for demo in TEMPLATES:
        if (demo.content.channel.value, demo.content.name) not in there:
            _Desk(account, by, support).make(demo)


@dataclass
class _Desk:
    """Where a template is made: its account, its author, and who approves it."""

    account: Account
    author: User
    support: User | None
    days_ago: int = field(default=30)

    def make(self, demo: DemoTemplate) -> None:
        is_approved = demo.status == APPROVED
        texts = (*demo.earlier, demo.content)
        template = Template(
            account=self.account,
            channel=demo.content.channel,
            name=demo.content.name,
            language=demo.content.language,
            samples=dict(demo.samples),
            version=len(texts) if is_approved else 0,
            draft=demo.draft.to_json() if demo.draft else None,
            status=demo.status,
            status_reason=REJECTED_BECAUSE if demo.status == AssetStatus.REJECTED else "",
            created_by=self.author,
            updated_by=self.author,
        )
        template.hold(demo.content)
        template.save()
        for number, content in enumerate(texts, start=1):
            is_last = number == len(texts)
            self._hand_in(template, number, content, demo.status if is_last else APPROVED)

    def _hand_in(
        self, template: Template, number: int, content: TemplateContent, status: AssetStatus
    ) -> None:
        asked_at = timezone.now() - timedelta(days=self.days_ago - 7 * number)
        is_open = status == AssetStatus.PENDING
        decided_at = None if is_open else asked_at + timedelta(minutes=40)
        reason = template.status_reason if status == AssetStatus.REJECTED else ""
        version = template.versions.create(
            number=number,
            content=content.to_json(),
            samples=template.samples,
            status=status,
            status_reason=reason,
            submitted_by=self.author,
            submitted_at=asked_at,
            decided_at=decided_at,
        )
        Review.objects.create(
            account=self.account,
            kind=ReviewKind.TEMPLATE,
            template_version=version,
            asked_by=self.author,
            asked_at=asked_at,
            decision=Decision.OPEN if is_open else Decision(status.value),
            decided_by=None if is_open else self.support,
            decided_at=decided_at,
            reason=reason,
        )
