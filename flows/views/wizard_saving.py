"""How the pages of the wizard answer a save: on to the next page, autosaved, or refused.

Nothing that was typed is lost: a refused save shows both versions, each with a button to keep it.
"""

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from flows.definition import Catalog, Definition, differences
from flows.forms.flow import shown
from flows.models import Flow, lifecycle

from .flow_words import Fact, basic_facts, step_facts


def answer_save(request: HttpRequest, flow: Flow, *, to: str) -> HttpResponse:
    if is_autosave(request):
        return render(request, "flows/_saved.html", {"flow": flow})
    return saved(request, flow) if request.POST.get("do") == "draft" else redirect(to)


def saved(request: HttpRequest, flow: Flow) -> HttpResponse:
    messages.success(request, f"The draft of “{flow.definition.title}” is saved.")
    return redirect("flow-detail", flow.account.sid, flow.public_id)


def not_saved(request: HttpRequest, form: Form, *, kept: Flow | None = None) -> HttpResponse:
    """What is wrong; `kept` is the flow when everything else was saved."""
    sentence = next(iter(form.errors.values()))[0]
    context = {"sentence": sentence, "flow": kept}
    return render(request, "flows/_not_saved.html", context, status=422)


def posted_to(request: HttpRequest) -> QueryDict | None:
    """What was typed; None when the page was only asked for."""
    return shown(request.POST) if request.method == "POST" else None


def status_of(request: HttpRequest, refused: int) -> int:
    return refused if request.method == "POST" else 200


def is_autosave(request: HttpRequest) -> bool:
    return "autosave" in request.GET


def answer_conflict(
    request: HttpRequest,
    refused: lifecycle.ChangedMeanwhile,
    *,
    mine: Definition,
    catalog: Catalog,
    number: int = 0,
) -> HttpResponse:
    """Both versions in words; the person keeps theirs (saved over) or takes the other."""
    current = refused.current
    if is_autosave(request):
        return render(request, "flows/_not_saved.html", {"sentence": refused.sentence}, status=422)
    theirs, posted = current.definition, shown(request.POST)
    kept = [(key, value) for key in posted for value in posted.getlist(key)]
    context = {
        "flow": current,
        "sentence": refused.sentence,
        "mine": _facts_of(mine, number, catalog),
        "theirs": _facts_of(theirs, number, catalog),
        "differences": differences(theirs, mine, catalog=catalog),
        "kept": [(k, v) for k, v in kept if k not in {"csrfmiddlewaretoken", "revision"}],
        "take_url": request.path,
    }
    return render(request, "flows/conflict.html", context, status=409)


def _facts_of(definition: Definition, number: int, catalog: Catalog) -> tuple[Fact, ...]:
    if not number:
        return basic_facts(definition, catalog)
    if number > len(definition.steps):
        return ()
    return step_facts(
        definition.steps[number - 1], catalog, is_last=number == len(definition.steps)
    )
