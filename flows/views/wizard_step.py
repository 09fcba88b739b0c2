"""The wizard's page of one step, with the phones beside it.

The choices depend on the channel: with JavaScript they follow it at once, without by a button.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from flows import access
from flows.access import Seat
from flows.definition import MAX_STEPS, Catalog, Definition, Step
from flows.forms.flow import StepForm, samples_in, shown
from flows.models import Flow, Role, lifecycle
from flows.models.catalog import catalog_of, remember_samples, samples_of
from flows.placeholders import Channel

from .flow_words import StepWords, steps_in_words, wizard_places
from .wizard_saving import answer_conflict, answer_save, is_autosave, not_saved, posted_to


@dataclass(frozen=True)
class Place:
    """One step of a flow as it is stored, and the forms for it; `index` counts from 0."""

    flow: Flow
    catalog: Catalog
    index: int

    @cached_property
    def definition(self) -> Definition:
        return self.flow.definition

    @property
    def is_gone(self) -> bool:
        return self.index >= len(self.definition.steps)

    @property
    def step(self) -> Step:
        return Step(Channel.WHATSAPP) if self.is_gone else self.definition.steps[self.index]

    def form(self, data: Mapping[str, Any] | None = None, *, complete: bool = True) -> StepForm:
        return StepForm(data, complete=complete, **self._known)

    def form_showing(self, data: QueryDict) -> StepForm:
        return StepForm.showing(data, **self._known)

    def form_checked(self) -> StepForm:
        return StepForm.checked(**self._known)

    @property
    def _known(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "catalog": self.catalog,
            "revision": self.flow.revision,
            "is_last": self.index >= len(self.definition.steps) - 1,
        }

    def words(self, typed: Step, samples: Mapping[str, str]) -> list[StepWords]:
        """All steps, this one as it is typed now."""
        shown = with_step(self.definition, self.index, typed)
        kept = samples_of(self.flow.account, [step.template for step in shown.steps])
        kept[typed.template] = {**kept.get(typed.template, {}), **samples}
        return steps_in_words(shown, self.catalog, kept)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def step(request: HttpRequest, sid: str, flow_id: UUID, number: int) -> HttpResponse:
    """One step beside its preview."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    if not 1 <= number <= MAX_STEPS:
        raise Http404
    place = Place(flow, catalog_of(seat.account), number - 1)
    typed = posted_to(request)
    if typed is not None:
        return _posted(request, seat, place, typed)
    if place.is_gone:
        messages.info(request, f"There is no step {number} any more.")
        return redirect("flow-steps", sid, flow_id)
    form = place.form_checked() if "check" in request.GET else place.form()
    return _page(request, place, form)


def _posted(request: HttpRequest, seat: Seat, place: Place, typed: QueryDict) -> HttpResponse:
    do, autosave = typed.get("do"), is_autosave(request)
    if do == "show" or (_shows_another_channel(typed) and not autosave):
        return _page(request, place, place.form_showing(typed), typed)
    form = place.form(typed, complete=do != "draft" and not autosave)
    if form.is_valid():
        try:
            return _save(request, seat, place, form, typed)
        except lifecycle.ChangedMeanwhile as refused:
            mine = with_step(refused.current.definition, place.index, form.result)
            return answer_conflict(
                request, refused, mine=mine, catalog=place.catalog, number=place.index + 1
            )
        except lifecycle.NotReady as refused:
            for problem in refused.problems:
                form.add_error(None, problem.message)
    if not autosave:
        return _page(request, place, form, typed, status=422)
    is_kept = _keep_sound_part(seat, place, form)
    return not_saved(request, form, kept=place.flow if is_kept else None)


def _keep_sound_part(seat: Seat, place: Place, form: StepForm) -> bool:
    """One wrong field does not lose the right ones beside it; whether they could be saved."""
    if "channel" in form.errors:
        return False
    changed = with_step(place.definition, place.index, form.sound_part)
    try:
        lifecycle.save_draft(place.flow, changed, by=seat.user, revision=form.based_on)
    except lifecycle.LifecycleError:
        return False
    return True


def _save(
    request: HttpRequest, seat: Seat, place: Place, form: StepForm, typed: QueryDict
) -> HttpResponse:
    flow, changed = place.flow, with_step(place.definition, place.index, form.result)
    lifecycle.save_draft(flow, changed, by=seat.user, revision=form.based_on)
    remember_samples(seat.account, form.result.template, samples_in(typed), by=seat.user)
    flow_id = [seat.account.sid, flow.public_id]
    if place.index + 1 < len(changed.steps):
        return answer_save(request, flow, to=reverse("flow-step", args=[*flow_id, place.index + 2]))
    return answer_save(request, flow, to=reverse("flow-check", args=flow_id))


def _page(
    request: HttpRequest,
    place: Place,
    form: StepForm,
    typed: QueryDict | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    flow, number = place.flow, place.index + 1
    words = place.words(_as_typed(form), samples_in(typed or {}))
    before = ("flow-step", number - 1) if number > 1 else ("flow-edit",)
    context = {
        "flow": flow,
        "form": form,
        "number": number,
        "calm": status == 200,
        "page_heading": f"Step {number} of {len(words)}",
        "steps": words,
        "this": words[min(place.index, len(words) - 1)],
        "places": wizard_places(flow, place.definition, place.definition.problems(place.catalog)),
        "back_url": reverse(before[0], args=[flow.account.sid, flow.public_id, *before[1:]]),
    }
    is_fragment = request.htmx and request.POST.get("do") == "show"  # type: ignore[attr-defined]
    template = "flows/_step_fields.html" if is_fragment else "flows/step.html"
    return render(request, template, context, status=status)


@require_POST
def preview(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    """The phones beside the form, with what is typed in it now; saves nothing."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    typed = shown(request.POST)
    place = Place(flow, catalog_of(seat.account), _index(typed))
    step = _as_typed(place.form_showing(typed))
    context = {
        "steps": place.words(step, samples_in(typed)),
        "number": place.index + 1,
    }
    return render(request, "flows/_preview.html", context)


def with_step(definition: Definition, index: int, step: Step) -> Definition:
    """The step in its place, or at the end when its place is gone and there is room."""
    if index < len(definition.steps):
        return _other_channel_next(definition, definition.with_step(index, step), index)
    if len(definition.steps) >= MAX_STEPS:
        return definition
    return replace(definition, steps=(*definition.steps, step))


def _other_channel_next(before: Definition, after: Definition, index: int) -> Definition:
    """A second step that nobody has filled in yet follows the first one to the other channel."""
    if index != 0 or len(after.steps) != 2 or before.steps[0].channel is after.steps[0].channel:
        return after
    second = after.steps[1]
    if second.sender or second.template or second.channel is not after.steps[0].channel:
        return after
    return after.with_step(1, replace(second, channel=second.channel.other, counts_as="delivered"))


def _as_typed(form: StepForm) -> Step:
    """What the fields show, right or wrong."""
    return Step(
        channel=form.chosen,
        sender=str(form["sender"].value() or ""),
        template=str(form["template"].value() or ""),
        media_url=str(form["media_url"].value() or "")[:2048],
        wait_s=_seconds(form["wait_s"].value()),
    )


def _seconds(wait: object) -> int | None:
    if isinstance(wait, int):
        return wait
    number, unit = (*wait, "", "")[:2] if isinstance(wait, list | tuple) else ("", "")
    text = str(number or "")
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return None
    return int(text) * (60 if unit == "min" else 1)


def _shows_another_channel(posted: QueryDict) -> bool:
    shown, chosen = posted.get("shown_channel"), posted.get("channel")
    return bool(shown) and chosen in list(Channel) and shown != chosen


def _index(posted: QueryDict) -> int:
    text = posted.get("number", "")
    return int(text) - 1 if text in {str(number) for number in range(1, MAX_STEPS + 1)} else 0
