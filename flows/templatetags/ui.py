"""What every page says the same way: status, numbers, times, channels. Makes no query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from flows.countries import COUNTRIES
from flows.durations import in_words
from flows.models import Connection, connections
from flows.placeholders import Piece
from flows.recipients import mask
from flows.whatsapp_text import to_html

register = template.Library()


@dataclass(frozen=True)
class Status:
    """How a state looks: a word, an icon (heroicons, micro) and a tone of the style sheet."""

    word: str
    icon: str
    tone: str = "quiet"


STATUSES: Mapping[str, Status] = {
    # flows
    "draft": Status("Draft", "pencil"),
    "published": Status("Published", "check-circle", "ok"),
    "changed": Status("Unpublished changes", "pencil-square", "warn"),
    "deleted": Status("Deleted", "trash"),
    # executions
    "accepted": Status("Accepted", "inbox", "info"),
    "running": Status("Running", "play-circle", "info"),
    "waiting": Status("Waiting", "clock", "info"),
    "delivered": Status("Delivered", "check-circle", "ok"),
    "not_delivered": Status("Not delivered", "x-circle", "danger"),
    "confirmed": Status("Confirmed", "check-badge", "ok"),
    "cancelled": Status("Cancelled", "stop-circle"),
    "delivered_twice": Status("Delivered twice", "exclamation-triangle", "warn"),
    # attempts
    "sending": Status("Sending", "paper-airplane", "info"),
    "sent": Status("Sent", "check", "info"),
    "read": Status("Read", "eye", "ok"),
    "failed": Status("Failed", "x-circle", "danger"),
    "undelivered": Status("Undelivered", "x-circle", "danger"),
    "unknown": Status("Unknown", "question-mark-circle", "warn"),
    "skipped": Status("Skipped", "forward"),
    "succeeded": Status("Succeeded", "check-circle", "ok"),
    "timed_out": Status("Timed out", "clock", "warn"),
    "timeout": Status("Timed out", "clock", "warn"),
    "late": Status("Late", "clock", "warn"),
    "stopped": Status("Stopped", "stop-circle"),
    "not_sent": Status("Not sent", "no-symbol", "danger"),
    # senders, templates, onboarding, callbacks, calls
    "pending": Status("Pending", "clock", "info"),
    "approved": Status("Approved", "check-circle", "ok"),
    "rejected": Status("Rejected", "no-symbol", "danger"),
    "paused": Status("Paused", "pause-circle", "warn"),
    "disabled": Status("Disabled", "no-symbol"),
    "completed": Status("Completed", "check-circle", "ok"),
    "to_do": Status("To do", "minus-circle", "warn"),
    "in_review": Status("In review", "clock", "info"),
    "blocked": Status("Blocked", "lock-closed", "danger"),
    "retrying": Status("Retrying", "arrow-path", "warn"),
    "given_up": Status("Given up", "x-circle", "danger"),
    "dropped": Status("Dropped", "no-symbol"),
    "enabled": Status("Enabled", "check-circle", "ok"),
    "failing": Status("Failing", "exclamation-triangle", "danger"),
    # connections
    "works": Status("Works", "check-circle", "ok"),
    "receipts_missing": Status("Receipts missing", "signal-slash", "warn"),
    "down": Status("Down", "exclamation-triangle", "danger"),
    "not_checked": Status("Not checked", "question-mark-circle", "warn"),
    "credentials_refused": Status("Credentials refused", "lock-closed", "danger"),
    "not_there": Status("Not there", "x-circle", "danger"),
    "check_failed": Status("Check failed", "exclamation-triangle", "warn"),
    # people
    "expired": Status("Expired", "clock", "warn"),
    "on": Status("On", "check-circle", "ok"),
    "off": Status("Off", "minus-circle", "warn"),
    "open": Status("Open", "clock", "info"),
    "withdrawn": Status("Taken back", "arrow-uturn-left"),
    # API keys
    "test": Status("Test", "beaker", "test"),
    "team": Status("Team", "user-group", "test"),
    "live": Status("Live", "signal", "info"),
    "revoked": Status("Revoked", "lock-closed"),
}

CHANNELS: Mapping[str, str] = {"whatsapp": "WhatsApp", "sms": "SMS"}


def status_of(value: object) -> Status:
    """The look of a state; one that is not listed is shown quietly under its own name."""
    key = str(value).lower().replace("-", "_").replace(" ", "_")
    return STATUSES.get(key) or Status(str(value).replace("_", " ").capitalize(), "minus-circle")


@register.inclusion_tag("components/_status.html")
def status(value: object, word: str = "") -> dict[str, Any]:
    """`{% status flow.status %}`: the badge. `word` replaces the word, not icon and colour."""
    look = status_of(value)
    return {"word": word or look.word, "icon": look.icon, "tone": look.tone}


@register.inclusion_tag("components/_channel.html")
def channel(value: object, name: bool = True) -> dict[str, Any]:
    """`{% channel step.channel %}`: icon and name; `name=False` keeps the name for ears only."""
    key = str(value)
    return {"key": key, "label": CHANNELS.get(key, key), "name": name}


@register.inclusion_tag("components/_channels.html")
def channels(steps: Iterable[Any]) -> dict[str, Any]:
    """`{% channels flow.steps %}`: the channels of a flow in order, with arrows."""
    return {"channels": [str(getattr(step, "channel", step)) for step in steps]}


@register.simple_tag(takes_context=True)
def number(context: Context, value: str) -> str:
    """`{% number execution.recipient %}`: whole for admins, masked for everyone else."""
    role = getattr(context.get("seat"), "role", None)
    return value if role == "admin" else mask(value)


def _time(at: datetime | None, *, style: str, shown: str) -> SafeString | str:
    if at is None:
        return "—"
    absolute = timezone.localtime(at).strftime("%-d %b %Y, %H:%M:%S %Z")
    return format_html(
        '<time datetime="{}" data-time="{}" title="{}">{}</time>',
        at.astimezone(UTC).isoformat(timespec="milliseconds"),
        style,
        absolute,
        timezone.localtime(at).strftime(shown),
    )


@register.simple_tag
def when(at: datetime | None) -> SafeString | str:
    """`{% when flow.updated_at %}`: “3 minutes ago” (with JavaScript), absolute as its title."""
    return _time(at, style="relative", shown="%-d %b %Y, %H:%M %Z")


@register.simple_tag
def date(at: datetime | None) -> SafeString | str:
    """`{% date execution.accepted_at %}`: day and time, always absolute."""
    return _time(at, style="date", shown="%-d %b %Y, %H:%M:%S")


@register.simple_tag
def clock(at: datetime | None) -> SafeString | str:
    """`{% clock event.at %}`: the time of day to the second, for timelines."""
    return _time(at, style="clock", shown="%H:%M:%S")


@register.simple_tag
def countdown(at: datetime | None) -> SafeString | str:
    """`{% countdown execution.wake_at %}`: “in 42 s”, counting down; else “at 14:02:11 UTC”."""
    return _time(at, style="countdown", shown="at %H:%M:%S %Z")


@register.filter
def duration(seconds: float | None) -> str:
    """`{{ step.wait_s|duration }}`: 90 → “1 min 30 s”."""
    return "—" if seconds is None else in_words(seconds)


@register.filter
def country_name(code: str) -> str:
    """`{{ sender.country|country_name }}`: India for IN."""
    return COUNTRIES.get(code, code)


@register.filter
def carrier_name(connection: Connection) -> str:
    """`{{ sender.connection|carrier_name }}`: WhatsApp Cloud API."""
    return connections.carrier_name(connection)


@register.filter
def whatsapp_text(pieces: Sequence[Piece]) -> SafeString:
    """`{{ preview.body|whatsapp_text }}`: bold, italic and variables as WhatsApp shows them."""
    return SafeString(to_html(pieces))


@register.filter
def undo_url(message: Any) -> str:
    """Where to undo what a message reports: `messages.success(…, extra_tags="undo:/url/")`."""
    tags = str(getattr(message, "extra_tags", "") or "")
    return tags.removeprefix("undo:") if tags.startswith("undo:") else ""


@register.simple_tag(takes_context=True)
def current(context: Context, *areas: str) -> SafeString | str:
    """`<a {% current "flow-" %}>`: marks the link whose URL names begin so."""
    match = getattr(context.get("request"), "resolver_match", None)
    name = getattr(match, "url_name", None) or ""
    return SafeString('aria-current="page"') if name.startswith(areas) else ""


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """`<a href="{% query page=None status="draft" %}">`: this page's query with changes."""
    request = context["request"]
    params = request.GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            params.pop(key, None)
        else:
            params[key] = str(value)
    encoded = params.urlencode()
    return f"?{encoded}" if encoded else request.path
