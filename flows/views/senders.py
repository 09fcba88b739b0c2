"""The senders of an account: list, one sender, and the forms that make and change one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from flows import access
from flows.forms.sender import FORMS, SenderForm
from flows.forms.sender_filter import SenderFilter
from flows.models import (
    Account,
    AssetStatus,
    AuditEntry,
    ChannelChoice,
    Decision,
    Role,
    Sender,
    connections,
    senders,
)
from flows.models.refusals import Refused
from flows.models.usage import flows_using

from .paging import page_of
from .sender_words import history

filling = require_http_methods(["GET", "HEAD", "POST"])
HISTORY_LENGTH = 50
LINKED = ("identifier", "display_name", "carrier_id")
WATCH_S = 60  # an answer of the Sandbox that is later than this is not waited for any more


@require_safe
def sender_list(request: HttpRequest, sid: str) -> HttpResponse:
    """Newest first, as the query string filters; htmx gets the list alone."""
    seat = access.account(request, sid, at_least=Role.MARKETER)
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    form = SenderFilter(request.GET)
    within = Sender.objects.filter(account=seat.account, deleted_at=None)
    page = page_of(form.rows(within).select_related("connection"), request.GET, within=within)
    used = flows_using(seat.account)
    chips = form.chips()
    context = {
        "form": form,
        "page": page,
        "rows": [(sender, used.get(str(sender.public_id), [])) for sender in page.rows],
        "chips": chips,
        "has_none": not page.rows and not chips,
    }
    answer = render(request, "senders/_list.html" if fragment else "senders/list.html", context)
    answer["Vary"] = "HX-Request"
    if fragment:
        typing = request.headers.get("HX-Trigger") == "id_q"
        answer["HX-Replace-Url" if typing else "HX-Push-Url"] = request.path + form.query
    return answer


@filling
def create(request: HttpRequest, sid: str) -> HttpResponse:
    """`?channel=` chooses the form; with the first button the sender is handed in at once."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    channel = request.GET.get("channel", "")
    kind = FORMS.get(channel, FORMS[ChannelChoice.WHATSAPP])
    form = kind(request.POST or None, account=seat.account, begin=_begin(request, seat.account))
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, form)
    try:
        sender = senders.create(seat.account, by=seat.user, channel=form.channel, **form.values)
    except senders.SenderTaken as refused:
        form.add_error("identifier", refused.sentence)
        return _form_page(request, form)
    return _saved(request, seat, sender)


@filling
def edit(request: HttpRequest, sid: str, sender_id: UUID) -> HttpResponse:
    seat, sender = access.sender(request, sid, sender_id)
    if sender.status == AssetStatus.PENDING:
        messages.info(request, "It is being checked. Take the request back to change it.")
        return redirect("sender-detail", sid, sender_id)
    form = FORMS[sender.channel](request.POST or None, account=seat.account, sender=sender)
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, form)
    try:
        senders.change(sender, by=seat.user, **form.values)
    except senders.SenderTaken as refused:
        form.add_error("identifier", refused.sentence)
        return _form_page(request, form)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("sender-detail", sid, sender_id)
    return _saved(request, seat, sender)


def _begin(request: HttpRequest, account: Account) -> dict[str, object]:
    """What a link may fill in: `?connection=` is its public id, the others are fields."""
    given = {name: request.GET[name][:100] for name in LINKED if name in request.GET}
    try:
        public_id = UUID(request.GET.get("connection", ""))
    except ValueError:
        return dict(given)
    return {**given, "connection": connections.of(account).filter(public_id=public_id).first()}


def _saved(request: HttpRequest, seat: access.Seat, sender: Sender) -> HttpResponse:
    """Say what became of it; the button “… and hand in” also asks for the approval."""
    done = f"{sender.label} is saved."
    try:
        if "submit" in request.POST and senders.is_open_to_change(sender):
            senders.submit(sender, by=seat.user)
            done = f"{sender.label} is handed in for approval."
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, done)
    return redirect("sender-detail", seat.account.sid, sender.public_id)


def _form_page(request: HttpRequest, form: SenderForm) -> HttpResponse:
    sender = form.sender
    context = {
        "form": form,
        "sender": sender,
        "is_whatsapp": form.channel == ChannelChoice.WHATSAPP,
        "can_submit": sender is None or senders.is_open_to_change(sender),
        "has_connection": connections.of(form.account).exists(),
    }
    return render(request, "senders/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: HttpRequest, sid: str, sender_id: UUID) -> HttpResponse:
    """One sender. While the Sandbox thinks, the page asks again (`?was=pending`): 204 as long as
    nothing is new, then the page anew, without the question."""
    seat, sender = access.sender(request, sid, sender_id, at_least=Role.MARKETER)
    request_of = sender.reviews.filter(decision=Decision.OPEN).select_related("asked_by").first()
    settles_at = request_of.settles_at if request_of else None
    is_watched = bool(settles_at and (timezone.now() - settles_at).total_seconds() < WATCH_S)
    fragment = bool(request.htmx) and "was" in request.GET  # type: ignore[attr-defined]
    if fragment and is_watched and request.GET["was"] == sender.status:
        return HttpResponse(status=204)
    entries = AuditEntry.objects.filter(account=seat.account, object_id=str(sender.public_id))
    context = {
        "sender": sender,
        "asked": request_of,
        "is_watched": is_watched,
        "uses": flows_using(seat.account).get(str(sender.public_id), []),
        "history": [
            (entry, history(entry))
            for entry in entries.select_related("actor").order_by("-id")[:HISTORY_LENGTH]
        ]
        if seat.is_admin
        else [],
        "is_open_to_change": senders.is_open_to_change(sender),
    }
    answer = render(request, "senders/_detail.html" if fragment else "senders/detail.html", context)
    answer["Vary"] = "HX-Request"
    return answer
