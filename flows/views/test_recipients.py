"""The numbers that team keys may send to, and that the test page offers by name."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from flows import access
from flows.connectors.sandbox import OUTCOMES
from flows.forms.test_recipient import TestRecipientForm
from flows.models import Role, TestRecipient, test_recipients

from .deeds import asking

TAIL = 4  # digits of a number that choose the outcome in the Sandbox


@require_safe
def test_recipient_list(request: HttpRequest, sid: str) -> HttpResponse:
    """By name; there are never so many that the list needs pages."""
    seat = access.account(request, sid, at_least=Role.TESTER)
    rows = seat.account.test_recipients.order_by("name", "pk")
    context = {
        "rows": [(recipient, _in_sandbox(recipient)) for recipient in rows],
        "most": test_recipients.MOST,
        "outcomes": OUTCOMES.items(),
    }
    return render(request, "test_recipients/list.html", context)


@asking
def create(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    form = TestRecipientForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _form_page(request, form)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        made = test_recipients.add(seat.account, by=seat.user, **form.cleaned_data)
    except test_recipients.RecipientRefused as refused:
        return _refused(request, form, refused)
    messages.success(request, f"“{made.name}” can be sent tests now.")
    return redirect("test-recipient-list", sid)


@asking
def edit(request: HttpRequest, sid: str, recipient_id: UUID) -> HttpResponse:
    seat, recipient = access.test_recipient(request, sid, recipient_id)
    posted = request.POST if request.method == "POST" else None
    form = TestRecipientForm(posted, recipient=recipient)
    if request.method != "POST":
        return _form_page(request, form, recipient)
    if not form.is_valid():
        return _form_page(request, form, recipient, status=422)
    try:
        test_recipients.change(recipient, by=seat.user, **form.cleaned_data)
    except test_recipients.RecipientRefused as refused:
        return _refused(request, form, refused, recipient)
    messages.success(request, f"“{recipient.name}” was saved.")
    return redirect("test-recipient-list", sid)


@require_POST
def delete(request: HttpRequest, sid: str, recipient_id: UUID) -> HttpResponse:
    """Without asking: it can be undone."""
    seat, recipient = access.test_recipient(request, sid, recipient_id)
    try:
        test_recipients.delete(recipient, by=seat.user)
    except test_recipients.RecipientRefused as refused:
        messages.info(request, refused.sentence)
    else:
        undo = reverse("test-recipient-restore", args=[sid, recipient_id])
        words = f"“{recipient.name}” was deleted. Team keys cannot send to this number any more."
        messages.success(request, words, extra_tags=f"undo:{undo}")
    return redirect("test-recipient-list", sid)


@require_POST
def restore(request: HttpRequest, sid: str, deleted_recipient_id: UUID) -> HttpResponse:
    """Undo, for an hour."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    entry = test_recipients.deleted(seat.account, deleted_recipient_id)
    if entry is None:
        raise Http404
    try:
        back = test_recipients.restore(seat.account, entry, by=seat.user)
    except test_recipients.RecipientRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"“{back.name}” is back.")
    return redirect("test-recipient-list", sid)


def _form_page(
    request: HttpRequest,
    form: TestRecipientForm,
    recipient: TestRecipient | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "recipient": recipient}
    return render(request, "test_recipients/form.html", context, status=status)


def _refused(
    request: HttpRequest,
    form: TestRecipientForm,
    refused: test_recipients.RecipientRefused,
    recipient: TestRecipient | None = None,
) -> HttpResponse:
    taken = isinstance(refused, test_recipients.NumberTaken)
    form.add_error("number" if taken else None, refused.sentence)
    return _form_page(request, form, recipient, status=422)


def _in_sandbox(recipient: TestRecipient) -> str:
    return OUTCOMES.get(recipient.number[-TAIL:], OUTCOMES["0001"])
