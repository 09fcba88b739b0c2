"""What may be done to a flow: each view loads it, asks when it should, calls one verb, answers."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from flows import access, onboarding
from flows.forms.flow import NoteForm
from flows.models import Execution, ExecutionState, Flow, Role, lifecycle
from flows.models.catalog import catalog_of

from .deeds import ask, asking, done
from .flow_words import sample_definition
from .wizard import check_page


@asking
def publish(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    """The check-answers page asks first; this is where its button leads."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.ADMIN)
    if request.method != "POST":
        return redirect("flow-check", sid, flow_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return check_page(request, seat, flow, form=form, status=422)
    was_published = flow.workflow_id is not None
    note = form.cleaned_data["note"]
    try:
        version = lifecycle.publish(
            flow,
            by=seat.user,
            revision=form.based_on,
            seen=form.cleaned_data["seen"],
            note=note,
        )
    except lifecycle.NotReady:
        return check_page(request, seat, flow, form=form, status=422)
    except (lifecycle.ChangedMeanwhile, lifecycle.TextsChanged) as refused:
        seat, flow = access.flow(request, sid, flow_id, at_least=Role.ADMIN)
        sentence = f"{refused.sentence} This is how it is now. Look again, then publish."
        return check_page(request, seat, flow, note=note, refused=sentence, status=409)
    except lifecycle.LifecycleError as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, _published_words(flow, version.number, was_published))
    return redirect("flow-detail", sid, flow_id)


def _published_words(flow: Flow, number: int, was_published: bool) -> str:
    if was_published:
        return f"Published. Callers get version {number} of “{flow.title}” from now on."
    return f"“{flow.title}” is published. Its Workflow ID is below, with a ready call."


@asking
def discard(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    if request.method == "POST":
        return done(
            request,
            lambda: lifecycle.discard(flow, by=seat.user),
            words="The changes are gone.",
            to=_page(flow),
        )
    number = flow.live_version.number if flow.live_version else 0
    return ask(
        request,
        back=_page(flow),
        title=f"Discard the changes to “{flow.title}”?",
        sentence=f"The working copy is thrown away. Version {number} stands again.",
        action="Discard changes",
    )


@asking
def unpublish(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.ADMIN)
    if request.method == "POST":
        words = f"“{flow.title}” is a draft now and cannot be called. It keeps its Workflow ID."
        return done(
            request, lambda: lifecycle.unpublish(flow, by=seat.user), words=words, to=_page(flow)
        )
    return ask(
        request,
        back=_page(flow),
        title=f"Unpublish “{flow.title}”?",
        sentence="Calls to it are rejected from then on. It keeps its Workflow ID. "
        + running_words(flow),
        action="Unpublish",
    )


@asking
def delete(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.ADMIN)
    if request.method != "POST":
        return ask(
            request,
            back=_page(flow),
            title=f"Delete “{flow.title}”?",
            sentence="Calls to it are rejected from then on, and its title is free again. "
            f"It can be restored for 30 days. {running_words(flow)}",
            action="Delete flow",
        )
    return done(
        request,
        lambda: lifecycle.delete(flow, by=seat.user),
        words=f"“{flow.title}” was deleted.",
        to=reverse("flow-list", args=[sid]),
        undo=reverse("flow-restore", args=[sid, flow_id]),
    )


@require_POST
def restore(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.ADMIN, deleted=True)
    now = "It can be called again." if flow.is_published else "It is a draft."
    return done(
        request,
        lambda: lifecycle.restore(flow, by=seat.user),
        words=f"“{flow.title}” is back. {now}",
        to=_page(flow),
        refused_to=reverse("flow-deleted-list", args=[sid]),
    )


@require_POST
def duplicate(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    if not onboarding.is_ready(onboarding.tasks(seat.account)):
        return redirect("flow-create", sid)  # which says what is missing
    try:
        copy = lifecycle.duplicate(flow, by=seat.user)
    except lifecycle.LifecycleError as refused:
        messages.error(request, refused.sentence)
        return redirect("flow-detail", sid, flow_id)
    messages.success(request, f"“{copy.title}” is a draft with the same steps. Give it its title.")
    return redirect("flow-edit", sid, copy.public_id)


@require_POST
def create_sample(request: HttpRequest, sid: str) -> HttpResponse:
    """A first flow to look at and change: WhatsApp, then SMS, with what is approved already."""
    seat = access.account(request, sid, at_least=Role.MARKETER)
    catalog = catalog_of(seat.account)
    if not onboarding.is_ready(onboarding.tasks(seat.account, catalog)):
        return redirect("flow-create", sid)
    try:
        flow = lifecycle.create(seat.account, sample_definition(catalog), by=seat.user)
    except lifecycle.TitleTaken:
        messages.info(request, "The sample flow is there already.")
        return redirect("flow-list", sid)
    messages.success(request, "This is a sample: look at it, change it, publish it when you like.")
    return redirect("flow-check", sid, flow.public_id)


def running_words(flow: Flow) -> str:
    count = Execution.objects.filter(flow=flow).exclude(state=ExecutionState.ENDED).count()
    if not count:
        return "No execution is running."
    are = "execution is" if count == 1 else "executions are"
    return f"{count:,} {are} running and will finish."


def _page(flow: Flow) -> str:
    return reverse("flow-detail", args=[flow.account.sid, flow.public_id])
