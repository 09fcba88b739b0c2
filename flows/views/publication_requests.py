"""Asking for publication, taking that back, and declining it. Publishing itself is flow_life's."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from flows import access
from flows.forms.flow import NoteForm
from flows.forms.members import DeclineForm
from flows.models import Role, lifecycle, publication

from .deeds import asking, done
from .wizard import check_page
from .wizard_saving import posted_to


@asking
def ask(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    """A marketer asks; so does an admin where somebody else must publish."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    if request.method != "POST":
        return redirect("flow-check", sid, flow_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return check_page(request, seat, flow, form=form, status=422)
    try:
        publication.ask(flow, by=seat.user, note=form.cleaned_data["note"])
    except lifecycle.NotReady:
        return check_page(request, seat, flow, form=form, status=422)
    except lifecycle.LifecycleError as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, "The admins of this account are told that you ask.")
    return redirect("flow-detail", sid, flow_id)


@require_POST
def withdraw(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    return done(
        request,
        lambda: publication.withdraw(flow, by=seat.user),
        words="You no longer ask for publication. The draft is as it was.",
        to=reverse("flow-detail", args=[sid, flow_id]),
    )


@asking
def decline(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.ADMIN)
    if flow.requested_at is None:
        messages.info(request, "Nobody asks for the publication of this flow any more.")
        return redirect("flow-detail", sid, flow_id)
    form = DeclineForm(posted_to(request))
    if request.method != "POST" or not form.is_valid():
        asker = flow.requested_by or "Somebody"
        context = {
            "title": f"Decline to publish “{flow.title}”?",
            "sentence": f"{asker} asked for it. The draft stays as it is.",
            "action": "Decline",
            "cancel_url": reverse("flow-detail", args=[sid, flow_id]),
            "form": form,
        }
        status = 422 if request.method == "POST" else 200
        return render(request, "flows/decline.html", context, status=status)
    return done(
        request,
        lambda: publication.decline(flow, by=seat.user, reason=form.cleaned_data["reason"]),
        words="Declined. Who asked is told why.",
        to=reverse("flow-detail", args=[sid, flow_id]),
    )
