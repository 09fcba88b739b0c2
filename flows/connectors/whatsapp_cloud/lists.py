"""Questions to Meta: are the credentials good, which numbers, which templates. Changes nothing."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import urlencode

from flows.connectors.base import (
    Answer,
    AnswerLost,
    CarrierFault,
    CarrierSender,
    CarrierTemplate,
    ConnectionView,
    ErrorClass,
    Http,
    Json,
    NotReached,
    TemplateState,
)
from flows.connectors.outcomes import read_json
from flows.placeholders import Button, Channel, TemplateContent

from .graph import headers_of, is_id, token_of, url_of
from .sending import GraphFault, fault_of

ASK_TIMEOUT_S = 10.0
PAGE_SIZE = 40  # templates; an answer is cut off at 64 KiB, and then a smaller page is asked for
MOST_PAGES = 500
_TEMPLATE_FIELDS = "id,name,language,status,category,components,rejected_reason"
_NUMBER_FIELDS = "id,display_phone_number,verified_name,quality_rating,throughput"


# --- Credentials ----------------------------------------------------------------------------------


async def check(*, connection: ConnectionView, http: Http) -> str:
    """Asks for the account, and once more with a proof that we know the app's secret: with a wrong
    one every receipt would look forged, and nobody would know why."""
    account = _account_of(connection)
    found = await _ask(connection, http, account, fields="id,name")
    proof = hmac.new(
        connection.config.get("app_secret", "").encode(errors="replace"),
        token_of(connection).encode(errors="replace"),
        hashlib.sha256,
    ).hexdigest()
    try:
        await _ask(connection, http, account, fields="id", appsecret_proof=proof)
    except GraphFault as fault:
        if fault.code != "100":  # "Invalid appsecret_proof"
            raise
        raise CarrierFault(
            "Meta accepts the access token, but the app secret does not belong to it, so receipts "
            "could not be believed. Copy the secret of the app whose token this is.",
            ErrorClass.BLOCKED,
        ) from fault
    name = found.get("name")
    named = f" “{name}”" if name and isinstance(name, str) else ""
    return f"Meta accepts the credentials of the WhatsApp Business Account{named}."


# --- Senders --------------------------------------------------------------------------------------


async def senders(*, connection: ConnectionView, http: Http) -> Sequence[CarrierSender]:
    """The numbers of the account; `carrier_id` is the phone number ID."""
    edge = (_account_of(connection), "phone_numbers")
    pages = _pages(connection, http, *edge, fields=_NUMBER_FIELDS)
    found = [_sender(row) async for row in pages]
    return [sender for sender in found if sender.identifier and sender.carrier_id]


def _sender(row: Mapping[str, Json]) -> CarrierSender:
    shown = _text(row, "display_phone_number")
    throughput = row.get("throughput")
    level = _text(throughput, "level") if isinstance(throughput, dict) else ""
    notes = {"quality": _text(row, "quality_rating"), "throughput": level}
    return CarrierSender(
        identifier="".join(c for c in shown if c.isascii() and c.isdigit()),
        carrier_id=_text(row, "id"),
        display_name=_text(row, "verified_name"),
        note=", ".join(f"{name} {value}" for name, value in notes.items() if value),
    )


# --- Templates ------------------------------------------------------------------------------------

_STATES: Mapping[str, TemplateState] = {
    "APPROVED": TemplateState.APPROVED,
    "PENDING": TemplateState.PENDING,
    "IN_APPEAL": TemplateState.PENDING,
    "REJECTED": TemplateState.REJECTED,
    "PAUSED": TemplateState.PAUSED,
    "DISABLED": TemplateState.DISABLED,
    "LIMIT_EXCEEDED": TemplateState.DISABLED,
    "ARCHIVED": TemplateState.DISABLED,
    "PENDING_DELETION": TemplateState.DISABLED,
    "DELETED": TemplateState.DISABLED,
}
# Why, when the status itself says more than our word for it.
_NOTES: Mapping[str, str] = {
    "IN_APPEAL": "the rejection is being looked at again",
    "PAUSED": "its quality is low",
    "LIMIT_EXCEEDED": "the account has too many templates",
    "ARCHIVED": "it is archived",
    "PENDING_DELETION": "it is being deleted",
    "DELETED": "it is deleted",
}
_REJECTIONS: Mapping[str, str] = {
    "ABUSIVE_CONTENT": "the content is abusive or misleading",
    "INVALID_FORMAT": "the format or a variable is not valid",
    "PROMOTIONAL": "the text is advertising",
    "TAG_CONTENT_MISMATCH": "the text does not fit its category or language",
    "INCORRECT_CATEGORY": "the text does not fit its category",
    "SCAM": "it looks like a scam",
}
_BUTTONS: Mapping[str, tuple[str, str]] = {  # Meta's kind → ours, and where its value stands
    "QUICK_REPLY": ("quick_reply", ""),
    "URL": ("url", "url"),
    "PHONE_NUMBER": ("phone", "phone_number"),
}


async def templates(*, connection: ConnectionView, http: Http) -> Sequence[CarrierTemplate]:
    edge = (_account_of(connection), "message_templates")
    pages = _pages(connection, http, *edge, fields=_TEMPLATE_FIELDS)
    found = [_template(row) async for row in pages]
    return [template for template in found if template.name]


def _template(row: Mapping[str, Json]) -> CarrierTemplate:
    status, rejected = _text(row, "status").upper(), _text(row, "rejected_reason").upper()
    reason = _NOTES.get(status, "")
    if rejected not in ("", "NONE"):
        reason = _REJECTIONS.get(rejected, rejected.replace("_", " ").lower())
    return CarrierTemplate(
        name=_text(row, "name"),
        language=_text(row, "language"),
        state=_STATES.get(status, TemplateState.UNKNOWN),
        category=_text(row, "category").lower(),
        reason=reason,
        carrier_id=_text(row, "id"),
        content=_content(row),
    )


def _content(row: Mapping[str, Json]) -> TemplateContent | None:
    """What the template says, None when it has something that ours cannot have."""
    listed = row.get("components")
    components = [c for c in listed if isinstance(c, dict)] if isinstance(listed, list) else []
    parts = {_text(component, "type").upper(): component for component in components}
    body = _text(parts.get("BODY", {}), "text")
    header_kind = _text(parts.get("HEADER", {}), "format").lower() or "none"
    if (
        not body
        or len(parts) != len(components)
        or not parts.keys() <= {"HEADER", "BODY", "FOOTER", "BUTTONS"}
        or header_kind not in {"none", "text", "image", "video", "document"}
    ):
        return None
    category = _text(row, "category").lower()
    buttons = () if category == "authentication" else _buttons(parts.get("BUTTONS", {}))
    if buttons is None:
        return None
    return TemplateContent(
        channel=Channel.WHATSAPP,
        name=_text(row, "name"),
        kind="authentication" if category == "authentication" else "text",
        body=body,
        language=_text(row, "language"),
        category=category,
        header_kind=header_kind,
        header_text=_text(parts.get("HEADER", {}), "text") if header_kind == "text" else "",
        footer=_text(parts.get("FOOTER", {}), "text"),
        buttons=buttons,
    )


def _buttons(component: Mapping[str, Json]) -> tuple[Button, ...] | None:
    listed = component.get("buttons", [])
    found = []
    for row in listed if isinstance(listed, list) else []:
        known = _BUTTONS.get(_text(row, "type").upper()) if isinstance(row, dict) else None
        if known is None:
            return None
        kind, where = known
        found.append(Button(kind, _text(row, "text"), _text(row, where) if where else ""))
    return tuple(found)


# --- Asking ---------------------------------------------------------------------------------------


def _account_of(connection: ConnectionView) -> str:
    account = connection.config.get("account_id", "")
    if not is_id(account):
        raise CarrierFault("Enter the WhatsApp Business Account ID at the connection, in digits.")
    return account


async def _pages(
    connection: ConnectionView, http: Http, *edge: str, fields: str
) -> AsyncIterator[Mapping[str, Json]]:
    """The rows of all pages. The cursor is followed, never an address that Meta gives us."""
    after, size = "", PAGE_SIZE
    for _ in range(MOST_PAGES):
        place = {"after": after} if after else {}
        try:
            page = await _ask(connection, http, *edge, fields=fields, limit=str(size), **place)
        except _CutOff:
            size //= 4
            if not size:
                raise
            continue
        rows = page.get("data")
        if not isinstance(rows, list):
            raise _unreadable()
        for row in rows:
            if isinstance(row, dict):
                yield row
        after = _next(page)
        if not after:
            return
    raise CarrierFault("Meta's list has no end, so it was not taken over. Try again later.")


def _next(page: Mapping[str, Json]) -> str:
    paging = page.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    after = _text(cursors, "after") if isinstance(cursors, dict) else ""
    if not after:
        raise _unreadable()
    return after


def _unreadable() -> CarrierFault:
    """A part of a list is none: what is not in it would count as unknown at Meta."""
    return CarrierFault("Meta's list could not be read, so it was not taken over. Try again later.")


class _CutOff(CarrierFault):
    """An answer that is good as far as it goes: it was too long for us."""


async def _ask(
    connection: ConnectionView, http: Http, *path: str, **query: str
) -> Mapping[str, Json]:
    """One question; raises CarrierFault with a sentence for everything but an answer."""
    url = f"{url_of(connection, *path)}?{urlencode(query)}"
    try:
        answer = await http.get(url, headers=headers_of(connection), timeout_s=ASK_TIMEOUT_S)
    except NotReached as fault:
        raise CarrierFault(f"Meta was not reached: {fault}.", ErrorClass.CARRIER_DOWN) from fault
    except AnswerLost as fault:
        raise CarrierFault(f"Meta did not answer: {fault}.", ErrorClass.CARRIER_DOWN) from fault
    said = read_json(answer)
    if answer.status == 200 and isinstance(said, dict) and "error" not in said:
        return said
    if answer.status == 200 and _is_cut_off(answer):
        raise _CutOff("Meta's answer is too long to be read.", ErrorClass.UNKNOWN)
    raise fault_of(answer, connection=connection)


def _is_cut_off(answer: Answer) -> bool:
    try:
        json.loads(answer.body)
    except ValueError:
        return answer.body.startswith(b"{")
    except RecursionError:
        return False
    return False


def _text(holder: Mapping[str, Json], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""
