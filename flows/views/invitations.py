"""Inviting people: the form, the links shown once, a new link, taking one back. For admins."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from flows import access
from flows.forms.members import InviteForm
from flows.models import Role, invitations
from flows.models.invitations import Invited
from flows.models.refusals import Refused

from .deeds import asking
from .wizard_saving import posted_to


@never_cache
@asking
def invitation_create(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    form = InviteForm(posted_to(request), account=seat.account)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            made = invitations.invite(
                seat.account, typed["emails"], Role(typed["role"]), by=seat.user
            )
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            return _links(request, made)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "sends_mail": settings.SENDS_MAIL}
    return render(request, "members/invite.html", context, status=status)


@never_cache
@require_POST
def invitation_renew(request: HttpRequest, sid: str, invitation_id: UUID) -> HttpResponse:
    seat, invitation = access.invitation(request, sid, invitation_id)
    try:
        made = invitations.renew(invitation, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("member-list", sid)
    return _links(request, [made])


@asking
def invitation_withdraw(request: HttpRequest, sid: str, invitation_id: UUID) -> HttpResponse:
    seat, invitation = access.invitation(request, sid, invitation_id)
    if request.method != "POST":
        context = {
            "title": f"Withdraw the invitation of {invitation.email}?",
            "sentence": "The link stops working. You can invite them again.",
            "action": "Withdraw",
            "danger": True,
            "cancel_url": reverse("member-list", args=[sid]),
            "cancel": "Keep it",
        }
        return render(request, "confirm.html", context)
    try:
        invitations.withdraw(invitation, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
    return redirect("member-list", sid)


def _links(request: HttpRequest, made: Sequence[Invited]) -> HttpResponse:
    """The answer itself, not a redirect: the links are nowhere to be had again."""
    context = {"made": made, "sends_mail": settings.SENDS_MAIL}
    answer = render(request, "members/invited.html", context)
    answer["Cache-Control"] = "private, no-store"
    return answer
