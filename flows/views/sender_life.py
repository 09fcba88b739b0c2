"""What may be done to a sender: load it, ask when it should, one verb, an answer."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from flows import access
from flows.models import Decision, Sender, User, reviews, senders
from flows.models.usage import FlowUse, flows_using

from .deeds import ask, asking, done


@require_POST
def submit(request: HttpRequest, sid: str, sender_id: UUID) -> HttpResponse:
    seat, sender = access.sender(request, sid, sender_id)
    words = f"{sender.label} is handed in for approval."
    return done(
        request, lambda: senders.submit(sender, by=seat.user), words=words, to=_page(sender)
    )


@require_POST
def withdraw(request: HttpRequest, sid: str, sender_id: UUID) -> HttpResponse:
    seat, sender = access.sender(request, sid, sender_id)
    words = "The request is taken back. The sender is a draft again."
    return done(request, lambda: _withdraw(sender, by=seat.user), words=words, to=_page(sender))


def _withdraw(sender: Sender, *, by: User) -> None:
    review = sender.reviews.filter(decision=Decision.OPEN).first()
    if review is None:
        raise senders.SenderRefused("There is no open request for it: it was answered meanwhile.")
    reviews.withdraw(review, by=by)


@asking
def pause(request: HttpRequest, sid: str, sender_id: UUID) -> HttpResponse:
    """Asks first: steps that use it are skipped from then on."""
    seat, sender = access.sender(request, sid, sender_id)
    if request.method == "POST":
        words = f"{sender.label} is paused. Nothing is sent from it until you resume it."
        return done(
            request, lambda: senders.pause(sender, by=seat.user), words=words, to=_page(sender)
        )
    return _ask(
        request,
        sender,
        title=f"Pause {sender.label}?",
        sentence="Nothing is sent from it until you resume it.",
        action="Pause sender",
    )


@require_POST
def resume(request: HttpRequest, sid: str, sender_id: UUID) -> HttpResponse:
    seat, sender = access.sender(request, sid, sender_id)
    words = f"{sender.label} is in use again."
    return done(
        request, lambda: senders.resume(sender, by=seat.user), words=words, to=_page(sender)
    )


@asking
def delete(request: HttpRequest, sid: str, sender_id: UUID) -> HttpResponse:
    seat, sender = access.sender(request, sid, sender_id)
    if request.method != "POST":
        return _ask(
            request,
            sender,
            title=f"Delete {sender.label}?",
            sentence="You can undo it right afterwards.",
            action="Delete sender",
        )
    return done(
        request,
        lambda: senders.delete(sender, by=seat.user),
        words=f"{sender.label} was deleted.",
        to=reverse("sender-list", args=[sid]),
        refused_to=_page(sender),
        undo=reverse("sender-restore", args=[sid, sender_id]),
    )


@require_POST
def restore(request: HttpRequest, sid: str, sender_id: UUID) -> HttpResponse:
    seat, sender = access.sender(request, sid, sender_id, deleted=True)
    return done(
        request,
        lambda: senders.restore(sender, by=seat.user),
        words=f"{sender.label} is back.",
        to=_page(sender),
        refused_to=reverse("sender-list", args=[sid]),
    )


def _ask(request: HttpRequest, sender: Sender, **words: Any) -> HttpResponse:
    """With the flows that use it."""
    uses = flows_using(sender.account).get(str(sender.public_id), [])
    words |= {"uses": uses, "effect": _effect(uses)}
    return ask(request, back=_page(sender), template="senders/confirm.html", **words)


def _effect(uses: list[FlowUse]) -> str:
    if any(use.is_live for use in uses):
        return "Flows that are published go on without it: their step is skipped at run time."
    return "These flows cannot be published until they have another sender." if uses else ""


def _page(sender: Sender) -> str:
    return reverse("sender-detail", args=[sender.account.sid, sender.public_id])
