"""What was posted to a callback profile: the log, one delivery with its tries, posting again."""

import json
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from flows import access
from flows.callback_body import body_of
from flows.callback_tips import tip_for
from flows.engine.result import test_event
from flows.forms.callback_filter import DeliveryFilter, PeriodForm
from flows.models import CallbackDelivery, DeliveryState, Role
from flows.models import callback_deliveries as deliveries
from flows.models.refusals import Refused

from .callback_profiles import with_last_try
from .paging import Page, page_of

WATCH_FOR = timedelta(minutes=2)  # an open page asks for the outcome no longer than this


@require_safe
def log(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    """Newest first, as the query string filters; htmx gets the list alone."""
    seat, profile = access.callback_profile(request, sid, profile_id)
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    form = DeliveryFilter(request.GET, account=seat.account)
    within = CallbackDelivery.objects.filter(profile=profile)
    page = page_of(
        form.passing(within).select_related("execution__flow").defer("payload"),
        request.GET,
        within=within,
    )
    context = {
        "profile": profile,
        "form": form,
        "page": Page(with_last_try(page.rows), page.newer, page.older),
        "chips": form.chips(),
    }
    template = "callback_profiles/_log.html" if fragment else "callback_profiles/log.html"
    answer = render(request, template, context)
    if fragment:
        answer["HX-Push-Url"] = request.path + form.query
    return answer


@require_safe
def detail(request: HttpRequest, sid: str, profile_id: str, delivery_id: UUID) -> HttpResponse:
    """One delivery; while it is on its way htmx asks for it again, and gets the outcome alone."""
    _, profile = access.callback_profile(request, sid, profile_id)
    rows = CallbackDelivery.objects.select_related("execution__flow").prefetch_related("tries")
    delivery = get_object_or_404(rows, profile=profile, public_id=delivery_id)
    tries = list(delivery.tries.all())
    last = tries[-1] if tries else None
    is_watched = (
        delivery.state == DeliveryState.PENDING
        and delivery.wake_at is not None
        and abs(timezone.now() - delivery.wake_at) < WATCH_FOR
    )
    if request.htmx and request.GET.get("seen") == str(len(tries)) and is_watched:  # type: ignore[attr-defined]
        return HttpResponse(status=204)
    exchange = (last.exchange if last else None) or {}
    context = {
        "profile": profile,
        "delivery": delivery,
        "tries": tries,
        "last": last,
        "tip": tip_for(last.status_code, last.error) if last else None,
        "exchange": exchange,
        "head": "\n".join(f"{name}: {text}" for name, text in exchange.get("headers", {}).items()),
        "body": _body(delivery),
        "is_watched": is_watched,
    }
    name = "_delivery.html" if request.htmx else "delivery.html"  # type: ignore[attr-defined]
    return render(request, f"callback_profiles/{name}", context)


def _body(delivery: CallbackDelivery) -> str:
    """For people: on the wire it is written without spaces."""
    body = body_of(delivery.payload, delivery.profile.body_template)
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:  # a template of former days need not be JSON
        return body.decode()


@require_POST
def send_test(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    """Owe a test event; its page shows what comes of it."""
    seat, profile = access.callback_profile(request, sid, profile_id)
    try:
        delivery = deliveries.send_test(profile, test_event(timezone.now()), by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("callback-profile-detail", sid, profile_id)
    return redirect("callback-detail", sid, profile_id, delivery.public_id)


@require_POST
def resend(request: HttpRequest, sid: str, delivery_id: UUID) -> HttpResponse:
    """Post one again, and go back to where its tries are shown."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    rows = CallbackDelivery.objects.select_related("execution", "profile__account")
    delivery = get_object_or_404(rows, public_id=delivery_id, profile__account=seat.account)
    try:
        deliveries.resend(delivery, by=seat.user)
    except Refused as refused:
        messages.info(request, refused.sentence)
    else:
        messages.success(request, f"Posting to {delivery.profile.title} again.")
    if delivery.execution and request.POST.get("back") != "log":
        return redirect("execution-detail", sid, delivery.execution.public_id)
    if delivery.profile.deleted_at:
        return redirect("callback-profile-list", sid)
    return redirect("callback-detail", sid, delivery.profile.public_id, delivery_id)


@require_http_methods(["GET", "HEAD", "POST"])
def resend_lost(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    """Says how many results were lost in the chosen time, asks, then has them posted again."""
    seat, profile = access.callback_profile(request, sid, profile_id)
    form = PeriodForm(request.POST or request.GET or None)
    here = reverse("callback-profile-detail", args=[sid, profile_id])
    if request.method != "POST":
        most = deliveries.MOST_AT_ONCE
        lost = deliveries.lost_since(profile, form.since)
        context = {
            "profile": profile,
            "form": PeriodForm(initial={"period": form.key}),
            "period": form.key,
            "count": lost[: most + 1].count(),
            "most": most,
            "cancel_url": here,
        }
        return render(request, "callback_profiles/resend.html", context)
    try:
        count = deliveries.resend_lost(profile, since=form.since, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        results = "result is" if count == 1 else "results are"
        messages.success(request, f"{count:,} {results} posted again now.")
    return redirect(here)
