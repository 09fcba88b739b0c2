"""The wizard: one URL per page, the server keeps the draft, everything works without JavaScript.

Each view loads, binds, calls one verb and answers. Saving names the revision the page was based
on; when somebody was faster, both versions are shown and nothing is lost.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from flows import access, onboarding
from flows.access import Seat
from flows.definition import MAX_STEPS, Catalog, Definition, DefinitionError, differences
from flows.definition.connection_warnings import connection_warnings
from flows.forms.flow import BasicsForm, NoteForm, RevisionForm
from flows.models import Flow, Role, lifecycle
from flows.models.catalog import catalog_of, samples_of
from flows.placeholders import Channel

from .flow_words import (
    basic_facts,
    new_demands,
    news_of,
    problem_links,
    profile_id_of,
    steps_in_words,
    wizard_places,
)
from .who_publishes import who_publishes
from .wizard_saving import (
    answer_conflict,
    answer_save,
    is_autosave,
    not_saved,
    posted_to,
    saved,
    status_of,
)

page = require_http_methods(["GET", "HEAD", "POST"])


@page
@never_cache
def create(request: HttpRequest, sid: str) -> HttpResponse:
    """Basic information of a flow that is not there yet."""
    seat = access.account(request, sid, at_least=Role.MARKETER)
    catalog = catalog_of(seat.account)
    listed = onboarding.look(seat.account, catalog)
    if not listed.is_ready:
        status = status_of(request, 409)
        return render(request, "flows/not_ready.html", {"onboarding": listed}, status=status)
    start = Definition().add_step(Channel.WHATSAPP).add_step()
    form = BasicsForm(posted_to(request), definition=start, catalog=catalog, revision=0)
    if form.is_valid():
        try:
            flow = lifecycle.create(seat.account, form.result, by=seat.user)
        except lifecycle.TitleTaken as taken:
            form.add_error("title", taken.sentence)
        except lifecycle.NotReady as refused:
            form.add_problems(refused.problems)
        else:
            if request.POST.get("do") == "draft":
                return saved(request, flow)
            return redirect("flow-step", sid, flow.public_id, 1)
    context = {
        "form": form,
        "cancel_url": reverse("flow-list", args=[sid]),
        "makers": _makers_of_profiles(seat, catalog),
    }
    return render(request, "flows/basics.html", context, status=status_of(request, 422))


@page
@never_cache
def edit(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    """Basic information."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    catalog, definition = catalog_of(seat.account), flow.definition
    form = BasicsForm(
        posted_to(request), definition=definition, catalog=catalog, revision=flow.revision
    )
    if form.is_valid():
        try:
            lifecycle.save_draft(flow, form.result, by=seat.user, revision=form.based_on)
        except lifecycle.TitleTaken as taken:
            form.add_error("title", taken.sentence)
        except lifecycle.NotReady as refused:
            form.add_problems(refused.problems)
        except lifecycle.ChangedMeanwhile as refused:
            return answer_conflict(request, refused, mine=form.result, catalog=catalog)
        else:
            return answer_save(request, flow, to=reverse("flow-step", args=[sid, flow_id, 1]))
    if form.errors and is_autosave(request):
        return not_saved(request, form)
    context = {
        "flow": flow,
        "form": form,
        "places": wizard_places(flow, definition, definition.problems(catalog)),
        "cancel_url": reverse("flow-detail", args=[sid, flow_id]),
        "makers": _makers_of_profiles(seat, catalog),
    }
    return render(request, "flows/basics.html", context, status=status_of(request, 422))


def _makers_of_profiles(seat: Seat, catalog: Catalog) -> str:
    """Who can make the first callback profile; empty when there is one to choose."""
    return "" if catalog.callback_profiles else access.admins_in_words(seat.account)


@page
@never_cache
def steps(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    """All steps: add, remove, move up and down."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    catalog, definition = catalog_of(seat.account), flow.definition
    if request.method == "POST":
        form, here = RevisionForm(request.POST), ""
        try:
            changed, words, number = _rearranged(definition, request.POST.get("do", ""))
            lifecycle.save_draft(flow, changed, by=seat.user, revision=form.based_on)
            messages.success(request, words)
            here = f"#step-{min(number, len(changed.steps))}"
        except lifecycle.LifecycleError as refused:
            messages.error(request, f"{refused.sentence} Look at the steps again.")
        except (DefinitionError, IndexError, ValueError) as wrong:
            messages.error(request, str(wrong))
        return redirect(reverse("flow-steps", args=[sid, flow_id]) + here)
    context = {
        "flow": flow,
        "steps": steps_in_words(definition, catalog, {}),
        "places": wizard_places(flow, definition, definition.problems(catalog)),
        "channels": list(Channel),
        "most_steps": MAX_STEPS,
    }
    return render(request, "flows/steps.html", context)


def _rearranged(definition: Definition, do: str) -> tuple[Definition, str, int]:
    """`add-sms`, `remove-2`, `up-2` → the definition after it, what was done, where to look."""
    verb, _, object_ = do.partition("-")
    if verb == "add" and object_ in list(Channel):
        channel = Channel(object_)
        number = len(definition.steps) + 1
        return definition.add_step(channel), f"Step {number} ({channel.label}) was added.", number
    if not (verb in {"remove", "up", "down"} and object_.isascii() and object_.isdigit()):
        raise ValueError("Choose what to do with which step.")
    number = int(object_[:4])
    index = number - 1
    if verb == "remove":
        return definition.remove_step(index), f"Step {number} was removed.", number
    by = -1 if verb == "up" else 1
    return definition.move_step(index, by=by), f"Step {number} was moved {verb}.", number + by


@require_safe
@never_cache
def check(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    """All answers with links to change them, every problem at once, and the button to publish."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    return check_page(request, seat, flow)


def check_page(
    request: HttpRequest,
    seat: Seat,
    flow: Flow,
    *,
    form: NoteForm | None = None,
    note: str = "",
    status: int = 200,
    refused: str = "",
) -> HttpResponse:
    catalog, definition = catalog_of(seat.account), flow.definition
    problems = lifecycle.problems_of(flow, catalog)
    live = flow.live_version.pinned if flow.live_version else None
    seen = "" if problems else definition.pin(catalog).fingerprint
    news = news_of(flow, catalog)
    samples = samples_of(seat.account, [step.template for step in definition.steps])
    context = {
        "flow": flow,
        "form": form or NoteForm(initial={"revision": flow.revision, "seen": seen, "note": note}),
        "refused": refused,
        "basics": basic_facts(definition, catalog),
        "profile_id": profile_id_of(definition, catalog),
        "steps": steps_in_words(definition, catalog, samples),
        "problems": problem_links(problems, flow),
        "connection_warnings": connection_warnings(definition.steps, catalog),
        "calm": status == 200,  # what is left to do, not what went wrong
        "places": wizard_places(flow, definition, problems),
        "differences": differences(live, definition, catalog=catalog) if live else [],
        "demands": new_demands(live, definition, catalog) if live else [],
        **who_publishes(flow, seat),
        "news": news,
        "has_nothing_new": flow.is_published and flow.draft is None and not news,
    }
    return render(request, "flows/check.html", context, status=status)
