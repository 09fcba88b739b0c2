"""The connections of an account: the list, one of them, and the forms that make and change one."""

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from flows import access
from flows.connectors import registry
from flows.connectors.base import Connector
from flows.connectors.sandbox import KEY as SANDBOX
from flows.forms.connection import ConnectionForm
from flows.models import Account, AuditEntry, Role, connections
from flows.models.refusals import Refused
from flows.models.usage import flows_using
from flows.placeholders import Channel

from .connection_health import last_receipt_at, panels, receipt_troubles, reports
from .connection_words import Carrier, asks_first, carrier_of, facts_of, history
from .deeds import asking

HISTORY_LENGTH = 8


@require_safe
def connection_list(request: HttpRequest, sid: str) -> HttpResponse:
    """All of them: an account has a handful."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    rows = connections.of(seat.account).order_by("name", "pk")
    rows = rows.annotate(sender_count=Count("senders", filter=Q(senders__deleted_at=None)))
    context = {
        "rows": [
            (
                row,
                connections.carrier_name(row),
                connections.state_of(row),
                last_receipt_at(row),
                bool(row.down_since is None and reports(row) and receipt_troubles(row)),
            )
            for row in rows
        ],
        "why_not_real": connections.why_not_real(seat.account),
    }
    return render(request, "connections/list.html", context)


@require_safe
def detail(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    seat, connection = access.connection(request, sid, connection_id)
    connector = connections.known_connector(connection)
    is_real = connection.connector != SANDBOX
    used = flows_using(seat.account)
    entries = AuditEntry.objects.filter(account=seat.account, object_id=str(connection.public_id))
    context = {
        "connection": connection,
        "connector": connector,
        "carrier": connections.carrier_name(connection),
        "company": connections.company_of(connection),
        "state": connections.state_of(connection),
        "facts": facts_of(connection, connector),
        "is_real": is_real,
        "why_not_real": connections.why_not_real(seat.account) if is_real else "",
        "receipt_url": connections.receipt_url(connection) if _has_door(connector) else "",
        "is_local": _is_local(settings.HOOKS_BASE_URL),
        "verify_token": connection.hook_key if asks_first(connector) else "",
        "senders": [
            (sender, used.get(str(sender.public_id), []))
            for sender in connections.senders_at(connection)
        ],
        "template_count": connection.carrier_templates.count(),
        **panels(connection),
        "sender_channel": _first_channel(connector),
        "history": [
            (entry, history(entry))
            for entry in entries.select_related("actor").order_by("-id")[:HISTORY_LENGTH]
        ],
    }
    answer = render(request, "connections/detail.html", context)
    answer["Cache-Control"] = "no-store"  # the address and its key are for these eyes only
    return answer


@asking
def create(request: HttpRequest, sid: str) -> HttpResponse:
    """`?carrier=` chooses the carrier; without one the page asks for it."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    offered = {one.connector.key: one for one in carriers(seat.account)}
    chosen = offered.get(request.GET.get("carrier", ""))
    if chosen is None or chosen.obstacle:
        context = {
            "carriers": offered.values(),
            "why_not_real": connections.why_not_real(seat.account),
            "self_approves": settings.FALLBACK_SELF_APPROVE,
        }
        return render(request, "connections/choose.html", context)
    posted = request.POST if request.method == "POST" else None
    form = ConnectionForm(posted, account=seat.account, connector=chosen.connector)
    if posted is None or not form.is_valid():
        return _form_page(request, form)
    try:
        made = connections.create(seat.account, chosen.connector, form.wanted, by=seat.user)
    except connections.ConnectionNameTaken as refused:
        form.add_error("name", refused.sentence)
        return _form_page(request, form)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("connection-list", sid)
    messages.success(request, f"“{made.name}” was added. {_what_next(chosen.connector)}")
    return redirect("connection-detail", sid, made.public_id)


@asking
def edit(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    seat, connection = access.connection(request, sid, connection_id)
    back = redirect("connection-detail", sid, connection_id)
    connector = connections.known_connector(connection)
    if connector is None:
        messages.error(request, "This installation does not have its connector any more.")
        return back
    posted = request.POST if request.method == "POST" else None
    form = ConnectionForm(posted, account=seat.account, connector=connector, stored=connection)
    if posted is None or not form.is_valid():
        return _form_page(request, form)
    revision = form.cleaned_data["revision"] or 0
    try:
        connections.change(connection, form.wanted, by=seat.user, revision=revision)
    except connections.ConnectionNameTaken as refused:
        form.add_error("name", refused.sentence)
        return _form_page(request, form)
    except Refused as refused:
        messages.error(request, f"{refused.sentence} Nothing of yours was saved.")
    else:
        messages.success(request, f"“{connection.name}” was saved.")
    return back


def carriers(account: Account) -> list[Carrier]:
    """All that this installation has, the Sandbox last; each with why it cannot be chosen now."""
    why_not_real = connections.why_not_real(account)
    has_sandbox = connections.of(account).filter(connector=SANDBOX).exists()
    found = []
    for connector in registry.load(tuple(settings.EXTRA_CONNECTORS)).values():
        is_sandbox = connector.key == SANDBOX
        blocked = "You have it already: one is enough." if is_sandbox and has_sandbox else ""
        found.append(carrier_of(connector, obstacle=blocked if is_sandbox else why_not_real))
    return sorted(found, key=lambda one: (one.connector.key == SANDBOX, one.connector.label))


def _has_door(connector: Connector | None) -> bool:
    return bool(connector and connector.has_hooks)


def _is_local(address: str) -> bool:
    """Whether only this very machine knows the address."""
    host = urlsplit(address).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _first_channel(connector: Connector | None) -> str:
    """Of those that it serves, WhatsApp before SMS."""
    serves = connector.channels if connector else frozenset(Channel)
    return next(channel.value for channel in Channel if channel in serves)


def _what_next(connector: Connector) -> str:
    if connector.checks:
        return "Check its credentials, then read below where its receipts go."
    return "Register the senders that belong to it."


def _form_page(request: HttpRequest, form: ConnectionForm) -> HttpResponse:
    if form.errors:
        form.ask_secrets_again()
    stored, sid = form.stored, form.account.sid
    context = {
        "form": form,
        "connection": stored,
        "carrier": carrier_of(form.connector),
        "back": reverse("connection-detail", args=[sid, stored.public_id])
        if stored
        else reverse("connection-create", args=[sid]),
    }
    status = 422 if form.errors else 200
    answer = render(request, "connections/form.html", context, status=status)
    answer["Cache-Control"] = "no-store"  # what was typed may be a secret
    return answer
