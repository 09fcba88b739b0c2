"""What may be done to a connection, and what its carrier is asked: one verb, or one question."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from flows import access
from flows.connectors.base import CarrierFault, CarrierSender, Connector
from flows.counting import count
from flows.forms.connection import RevisionForm
from flows.models import Account, Connection, carrier_questions, connections
from flows.models.refusals import Refused
from flows.models.usage import flows_using
from flows.placeholders import Channel

from .connection_words import asks_first
from .deeds import ask, asking, done
from .paging import page_of

QUESTIONS_A_MINUTE = 6
OFTEN = "The carrier was asked often within the last minute. Wait a minute, then ask again."
UNREAD_ON_A_PAGE = 20


@require_POST
def check(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    """Ask the carrier whether the credentials are good; keep what it says."""
    seat, connection = access.connection(request, sid, connection_id)
    connector = connections.known_connector(connection)
    if connector is None or not connector.checks:
        messages.info(request, f"{connections.carrier_name(connection)} has nothing to check.")
        return redirect(_page(connection))
    if not may_ask(seat.account):
        messages.error(request, OFTEN)
        return redirect(_page(connection))
    fault = None
    try:
        words = carrier_questions.check(connection)
    except CarrierFault as found:  # what it says stands on the page
        fault, words = found, "The check of the credentials failed."
    try:
        connections.note_check(connection, fault, by=seat.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        (messages.error if fault else messages.success)(request, words)
    return redirect(_page(connection))


@asking
def new_address(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    seat, connection = access.connection(request, sid, connection_id)
    connector = connections.known_connector(connection)
    if request.method != "POST":
        return ask(
            request,
            back=_page(connection),
            template="connections/new_address.html",
            title=f"Give “{connection.name}” a new address?",
            action="Give it a new address",
            form=_seen(connection),
            connector=connector,
            company=connections.company_of(connection),
            has_verify_token=asks_first(connector),
        )
    return done(
        request,
        lambda: connections.give_new_address(connection, by=seat.user, revision=revision(request)),
        words=f"“{connection.name}” has a new address. Where the carrier has it in its settings, "
        "enter it there now.",
        to=f"{_page(connection)}#receipts",
    )


@asking
def delete(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    seat, connection = access.connection(request, sid, connection_id)
    if request.method == "POST":
        return done(
            request,
            lambda: connections.delete(connection, by=seat.user, revision=revision(request)),
            words=f"“{connection.name}” was deleted.",
            to=reverse("connection-list", args=[sid]),
            refused_to=_page(connection),
        )
    used, why_needed = flows_using(seat.account), connections.why_needed(connection)
    return ask(
        request,
        back=_page(connection),
        template="connections/delete.html",
        title=f"Delete “{connection.name}”?",
        action="" if why_needed else "Delete connection",
        form=_seen(connection),
        why_needed=why_needed,
        senders=[
            (sender, used.get(str(sender.public_id), []))
            for sender in connections.senders_at(connection)
        ],
    )


@require_safe
def senders(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    """What the carrier lists, asked at this moment; each can be registered as a sender."""
    seat, connection = access.connection(request, sid, connection_id)
    connector = connections.known_connector(connection)
    found: list[CarrierSender] = []
    problem = ""
    if connector is None or not connector.lists_senders:
        problem = f"{connections.carrier_name(connection)} does not tell its senders."
    elif not may_ask(seat.account):
        problem = OFTEN
    else:
        try:
            found = list(carrier_questions.senders(connection))
        except CarrierFault as fault:
            problem = str(fault)
    ours = {
        (sender.channel, sender.identifier): sender
        for sender in seat.account.senders.filter(deleted_at=None).select_related("connection")
    }
    context = {
        "connection": connection,
        "carrier": connections.company_of(connection),
        "rows": [
            (one, ours.get((channel, one.identifier)), channel)
            for one in found
            for channel in [_channel(connector, one)]
        ],
        "problem": problem,
    }
    return render(request, "connections/senders.html", context)


@require_safe
def unread(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    """Requests of the carrier that nobody could read, newest first, as they came."""
    _, connection = access.connection(request, sid, connection_id)
    rows = connection.kept_hooks.all()
    page = page_of(rows, request.GET, within=rows, size=UNREAD_ON_A_PAGE)
    answer = render(request, "connections/unread.html", {"connection": connection, "page": page})
    answer["Cache-Control"] = "no-store"
    return answer


def may_ask(account: Account) -> bool:
    """Whether a carrier may be asked for this account now; counts as having asked."""
    return count(f"carrier-question:{account.pk}") <= QUESTIONS_A_MINUTE


def revision(request: HttpRequest) -> int:
    form = RevisionForm(request.POST)
    return int(form.cleaned_data["revision"]) if form.is_valid() else 0


def _seen(connection: Connection) -> RevisionForm:
    return RevisionForm(initial={"revision": connection.revision})


def _channel(connector: Connector | None, sender: CarrierSender) -> str:
    """A carrier of both channels lists WhatsApp numbers with the name that people see."""
    serves = connector.channels if connector else frozenset(Channel)
    if len(serves) == 1:
        return next(iter(serves)).value
    return (Channel.WHATSAPP if sender.display_name else Channel.SMS).value


def _page(connection: Connection) -> str:
    return reverse("connection-detail", args=[connection.account.sid, connection.public_id])
