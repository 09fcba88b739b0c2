"""What may be done to a template: each view loads it, asks when it should, calls one verb."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from flows import access
from flows.models import Template, templates
from flows.models.refusals import Refused
from flows.models.usage import FlowUse, flows_using

from .deeds import ask, asking, done


@require_POST
def submit(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    seat, template = access.template(request, sid, template_id)
    try:
        templates.submit(template, by=seat.user)
    except templates.TemplateNotReady:
        return redirect(reverse("template-edit", args=[sid, template_id]) + "?check=1")
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"“{template.name}” is handed in for approval.")
    return redirect("template-detail", sid, template_id)


@require_POST
def withdraw(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    seat, template = access.template(request, sid, template_id)
    words = "Taken back. Change it and hand it in again when you like."
    return done(
        request, lambda: templates.withdraw(template, by=seat.user), words=words, to=_page(template)
    )


@asking
def pause(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    seat, template = access.template(request, sid, template_id)
    if request.method == "POST":
        words = f"“{template.name}” is paused: no flow sends it until it is resumed."
        return done(
            request,
            lambda: templates.pause(template, by=seat.user),
            words=words,
            to=_page(template),
        )
    return ask(
        request,
        back=_page(template),
        title=f"Pause “{template.name}”?",
        sentence=f"No flow sends it until it is resumed. {_used_words(template)}",
        action="Pause template",
    )


@require_POST
def resume(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    seat, template = access.template(request, sid, template_id)
    words = f"“{template.name}” can be sent again."
    return done(
        request, lambda: templates.resume(template, by=seat.user), words=words, to=_page(template)
    )


@asking
def delete(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    seat, template = access.template(request, sid, template_id)
    if request.method != "POST":
        return ask(
            request,
            back=_page(template),
            title=f"Delete “{template.name}”?",
            sentence=f"Its name is free again. {_used_words(template)}",
            action="Delete template",
        )
    return done(
        request,
        lambda: templates.delete(template, by=seat.user),
        words=f"“{template.name}” was deleted.",
        to=reverse("template-list", args=[sid]),
        undo=reverse("template-restore", args=[sid, template_id]),
    )


@require_POST
def restore(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    seat, template = access.template(request, sid, template_id, deleted=True)
    return done(
        request,
        lambda: templates.restore(template, by=seat.user),
        words=f"“{template.name}” is back.",
        to=_page(template),
        refused_to=reverse("template-list", args=[sid]),
    )


@require_POST
def duplicate(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    seat, template = access.template(request, sid, template_id)
    try:
        copy = templates.duplicate(template, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("template-detail", sid, template_id)
    messages.success(request, f"“{copy.name}” is a draft with the same text. Give it its name.")
    return redirect("template-edit", sid, copy.public_id)


def _used_words(template: Template) -> str:
    """Which flows skip a step from then on, and which drafts need another template."""
    uses = flows_using(template.account).get(str(template.public_id), [])
    live, drafts = [u for u in uses if u.is_live], [u for u in uses if not u.is_live]
    if not uses:
        return "No flow uses it."
    sentences = []
    if live:
        sentences.append(f"These flows skip its step from then on: {_titles(live)}.")
    if drafts:
        sentences.append(f"These drafts cannot be published with it: {_titles(drafts)}.")
    return " ".join(sentences)


def _titles(uses: list[FlowUse]) -> str:
    shown = ", ".join(f"“{use.title}”" for use in uses[:10])
    return f"{shown} and {len(uses) - 10} more" if len(uses) > 10 else shown


def _page(template: Template) -> str:
    return reverse("template-detail", args=[template.account.sid, template.public_id])
