"""The task list of an account as a page and as a fragment, and the presses that shorten it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from flows import access, onboarding
from flows.models import Role, connections, reviews, samples
from flows.models.refusals import Refused


@require_safe
def page(request: HttpRequest, sid: str) -> HttpResponse:
    """htmx gets the list alone: nothing when it is as the asker has it (`?told=`), and the whole
    page anew when everything is done."""
    seat = access.account(request, sid)
    listed = onboarding.look(seat.account)
    if not request.htmx or request.htmx.history_restore_request:  # type: ignore[attr-defined]
        return render(request, "onboarding/page.html", {"onboarding": listed})
    if listed.is_ready:
        return HttpResponseClientRefresh()
    if request.GET.get("told") == listed.token:
        return HttpResponse(status=204)
    answer = render(request, "onboarding/_list.html", {"onboarding": listed})
    answer["Vary"] = "HX-Request"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_fallback(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    if request.method != "POST":
        return _confirm(
            request,
            sid,
            title="Ask support to enable Fallback?",
            sentence="Support enables the Fallback feature for this account. It is the last step "
            "before you create flows; ask at any time.",
            action="Ask support",
        )
    try:
        review = reviews.ask_for_fallback(seat.account, by=seat.user)
    except reviews.ReviewRefused as refused:
        messages.error(request, refused.sentence)
    else:
        who = "The Sandbox answers in a few seconds." if review.settles_at else _BY_MAIL
        messages.success(request, f"You have asked for Fallback. {who}")
    return redirect("onboarding", sid)


_BY_MAIL = "You get an email as soon as there is an answer."


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_fallback(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    if request.method != "POST":
        return _confirm(
            request,
            sid,
            title="Withdraw the request for Fallback?",
            sentence="Support no longer sees it. You can ask again at any time.",
            action="Withdraw",
        )
    review = onboarding.open_request_for_fallback(seat.account)
    try:
        if review is None:
            raise reviews.ReviewRefused("Nobody is being asked for it.")
        reviews.withdraw(review, by=seat.user)
    except reviews.ReviewRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, "The request is withdrawn.")
    return redirect("onboarding", sid)


def _confirm(request: HttpRequest, sid: str, **words: str) -> HttpResponse:
    back = reverse("onboarding", args=[sid])
    return render(request, "confirm.html", {"cancel_url": back, **words})


@require_POST
def fill_in_samples(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    try:
        samples.fill_in(seat.account, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        words = "Filled in with samples and handed in. The Sandbox answers within a few seconds."
        messages.success(request, words)
    return redirect("account-home", sid)


@require_POST
def use_sandbox(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    try:
        connections.use_sandbox(seat.account, by=seat.user)
    except connections.ConnectionRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(
            request, "This account sends with the Sandbox now: nothing leaves the building."
        )
    return redirect("account-home", sid)
