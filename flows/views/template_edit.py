"""The template editor: create, edit, and the phone beside the form.

Works without JavaScript: adding a button, a variable or a look at the preview is a submit that
brings back all that was typed. Nothing typed is lost when somebody else was faster.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from flows import access
from flows.access import Seat
from flows.definition.template_differences import content_differences
from flows.forms.flow import samples_in, shown
from flows.forms.template import Check, TemplateForm, blank, rearranged, typed_content
from flows.models import Role, Template, templates
from flows.models.refusals import Refused
from flows.placeholders import Channel, TemplateContent

from .template_uses import likely_sender
from .template_words import content_facts, language_name, message_words, woven

page = require_http_methods(["GET", "HEAD", "POST"])
_REARRANGING = ("add-", "remove-", "show", "variable")


@page
@never_cache
def create(request: HttpRequest, sid: str) -> HttpResponse:
    """A template that is not there yet; which channel it is for is in the URL."""
    seat = access.account(request, sid, at_least=Role.MARKETER)
    channel = request.GET.get("channel", "")
    if channel not in list(Channel):
        return render(request, "templates/choose.html")
    return _editor(request, seat, None, blank(Channel(channel)), {})


@page
@never_cache
def edit(request: HttpRequest, sid: str, template_id: UUID) -> HttpResponse:
    seat, template = access.template(request, sid, template_id)
    start = templates.working_copy(template)
    return _editor(request, seat, template, start, template.samples)


def _editor(
    request: HttpRequest,
    seat: Seat,
    template: Template | None,
    start: TemplateContent,
    samples: dict[str, str],
) -> HttpResponse:
    if request.method != "POST":
        check: Check = "all" if "check" in request.GET else ""
        form = _form(start, template, check=check)
        return _page(request, seat, template, form, samples, calm=True)
    posted = shown(request.POST)
    typed, samples = typed_content(posted, start), samples | samples_in(posted)
    do = posted.get("do", "draft")
    if do.startswith(_REARRANGING):
        form = _form(
            rearranged(typed, do),
            template,
            revision=_revision(posted),
            focus_last=do.startswith("add-"),
        )
        if request.htmx and do.startswith(("add-", "remove-")):  # type: ignore[attr-defined]
            return _buttons(request, form)
        return _page(request, seat, template, form, samples)
    form = _form(
        typed, template, revision=_revision(posted), check="all" if do == "submit" else "draft"
    )
    if form.is_valid():
        try:
            kept = _save(seat, template, typed, samples, revision=form.based_on)
        except templates.TemplateChanged as refused:
            return _conflict(request, refused, typed, posted)
        except templates.TemplateNotReady as refused:
            for problem in refused.problems:
                form.add_problem(problem)
        except templates.NameTaken as refused:
            form.add_error("name" if "name" in form.fields else None, refused.sentence)
        else:
            return _saved(request, seat, kept, hand_in=do == "submit")
    return _page(request, seat, template, form, samples, status=422)


def _revision(posted: QueryDict) -> int:
    typed = posted.get("revision", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _form(
    content: TemplateContent,
    template: Template | None,
    *,
    revision: int | None = None,
    check: Check = "",
    focus_last: bool = False,
) -> TemplateForm:
    known = template.revision if template else 0
    may_rename = template is None or templates.may_be_renamed(template)
    based_on = known if revision is None else revision
    return TemplateForm(
        content, revision=based_on, may_rename=may_rename, check=check, focus_last=focus_last
    )


def _save(
    seat: Seat,
    template: Template | None,
    content: TemplateContent,
    samples: dict[str, str],
    *,
    revision: int,
) -> Template:
    if template is None:
        return templates.create(seat.account, content, samples, by=seat.user)
    templates.save(template, content, samples, by=seat.user, revision=revision)
    return template


def _saved(request: HttpRequest, seat: Seat, template: Template, *, hand_in: bool) -> HttpResponse:
    name = template.name
    if hand_in:
        try:
            templates.submit(template, by=seat.user)
        except Refused as refused:
            messages.warning(request, f"“{name}” is saved, but not handed in. {refused.sentence}")
        else:
            messages.success(request, f"“{name}” is handed in for approval.")
    else:
        messages.success(request, f"The draft of “{name}” is saved.")
    return redirect("template-detail", seat.account.sid, template.public_id)


def _page(
    request: HttpRequest,
    seat: Seat,
    template: Template | None,
    form: TemplateForm,
    samples: dict[str, str],
    *,
    status: int = 200,
    calm: bool = False,
) -> HttpResponse:
    """The form with the phone beside it."""
    here = [seat.account.sid]
    back = reverse("template-list", args=here)
    if template:
        back = reverse("template-detail", args=[*here, template.public_id])
    context = {
        "template": template,
        "form": form,
        "channel": form.content.channel.value,
        "words": message_words(form.content, samples),
        "language": language_name(template.language) if template else "",
        "sender": likely_sender(seat.account, form.content.channel),
        "cancel_url": back,
        "calm": calm,
        "heading": "Before it can be handed in" if form.check == "all" else "",
    }
    return render(request, "templates/edit.html", context, status=status)


def _buttons(request: HttpRequest, form: TemplateForm) -> HttpResponse:
    answer = render(request, "templates/_buttons.html", {"form": form})
    answer["HX-Trigger-After-Swap"] = "buttons-changed"
    return answer


@require_POST
def preview(request: HttpRequest, sid: str) -> HttpResponse:
    """The phone beside the form, with what is typed in it now; saves nothing."""
    seat = access.account(request, sid, at_least=Role.MARKETER)
    posted = shown(request.POST)
    channel = posted.get("channel", "")
    start = blank(Channel(channel) if channel in list(Channel) else Channel.WHATSAPP)
    words = message_words(typed_content(posted, start), samples_in(posted))
    context = {
        "words": words,
        "sender": likely_sender(seat.account, start.channel),
        "new_samples": posted.get("sample_keys", "") != words.shape,
    }
    return render(request, "templates/_preview.html", context)


def _conflict(
    request: HttpRequest,
    refused: templates.TemplateChanged,
    mine: TemplateContent,
    posted: QueryDict,
) -> HttpResponse:
    """Both texts; the person keeps theirs (saved over) or takes the other."""
    current = refused.current
    theirs = templates.working_copy(current)
    left_out = {"csrfmiddlewaretoken", "revision"}
    context = {
        "template": current,
        "sentence": refused.sentence,
        "theirs": theirs,
        "their_facts": content_facts(theirs),
        "mine": mine,
        "my_facts": content_facts(mine),
        "differences": content_differences(theirs, mine),
        "woven": woven(theirs, mine),
        "kept": [(key, posted[key]) for key in posted if key not in left_out],
        "is_deleted": current.deleted_at is not None,
    }
    return render(request, "templates/conflict.html", context, status=409)
