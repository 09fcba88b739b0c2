"""Callback profiles: the list, one profile, and the forms that make and change one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.db.models import Max, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from flows import access
from flows.forms.callback_filter import ProfileFilter
from flows.forms.callback_profile import CallbackProfileForm
from flows.models import (
    CallbackDelivery,
    CallbackProfile,
    Role,
    callback_deliveries,
    callback_profiles,
)
from flows.models.refusals import Refused
from flows.models.usage import flows_using
from flows.openapi.callback import VERIFICATIONS

from .paging import page_of

filling = require_http_methods(["GET", "HEAD", "POST"])
LATEST = 5
LOST_WITHIN = timedelta(days=7)
MORE_ROWS = 3
DO_NOT_CHECK = {"rows", "example"}  # buttons that draw the form anew


@require_safe
def profile_list(request: HttpRequest, sid: str) -> HttpResponse:
    """Newest first, as the query string filters; htmx gets the list alone."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    form = ProfileFilter(request.GET, account=seat.account)
    within = CallbackProfile.objects.filter(account=seat.account, deleted_at=None)
    page = page_of(form.passing(within), request.GET, within=within)
    used, last = flows_using(seat.account), last_results(page.rows)
    context = {
        "form": form,
        "page": page,
        "rows": [
            (profile, host_of(profile), used.get(profile.public_id, []), last.get(profile.pk))
            for profile in page.rows
        ],
        "chips": form.chips(),
        "has_none": not page.rows and not form.chips(),
    }
    template = "callback_profiles/_list.html" if fragment else "callback_profiles/list.html"
    answer = render(request, template, context)
    if fragment:
        answer["HX-Replace-Url"] = request.path + form.query
    return answer


@require_safe
def detail(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    seat, profile = access.callback_profile(request, sid, profile_id)
    posted = CallbackDelivery.objects.filter(profile=profile).select_related("execution")
    now = timezone.now()
    lost = callback_deliveries.lost_since(profile, now - LOST_WITHIN)
    context = {
        "profile": profile,
        "uses": flows_using(seat.account).get(profile.public_id, []),
        "posted": with_last_try(posted.order_by("-pk")[:LATEST]),
        "lost": lost[: callback_deliveries.MOST_AT_ONCE].count(),
        "has_old_secret": bool(profile.old_secret_until and profile.old_secret_until > now),
        "form": CallbackProfileForm(stored=profile),
        "local_port": _local_port(profile),
    }
    return render(request, "callback_profiles/detail.html", context)


@filling
def create(request: HttpRequest, sid: str) -> HttpResponse:
    """`?like=` begins with what another profile has, its stored values included."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    model = None
    if like := request.GET.get("like", ""):
        _, model = access.callback_profile(request, sid, like)
    form = _form(request, stored=model, is_copy=model is not None)
    if not _is_handed_in(request) or not form.is_valid():
        return _form_page(request, form)
    try:
        profile = callback_profiles.create(seat.account, form.wanted, by=seat.user)
    except callback_profiles.ProfileTitleTaken as refused:
        form.add_error("title", refused.sentence)
        return _form_page(request, form)
    return secret_page(request, profile, title=f"“{profile.title}” was created")


@filling
def edit(request: HttpRequest, sid: str, profile_id: str) -> HttpResponse:
    seat, profile = access.callback_profile(request, sid, profile_id)
    form = _form(request, stored=profile)
    if not _is_handed_in(request) or not form.is_valid():
        return _form_page(request, form, profile=profile)
    mark = form.cleaned_data["mark"]
    try:
        callback_profiles.change(profile, form.wanted, by=seat.user, mark=mark)
    except callback_profiles.ProfileTitleTaken as refused:
        form.add_error("title", refused.sentence)
        return _form_page(request, form, profile=profile)
    except Refused as refused:
        messages.error(request, f"{refused.sentence} Nothing of yours was saved.")
    else:
        messages.success(request, f"“{profile.title}” was saved. The next callback uses it.")
    return redirect("callback-profile-detail", sid, profile_id)


@require_POST
def example(request: HttpRequest, sid: str) -> HttpResponse:
    """What would be posted with what was typed so far; nothing is kept."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    stored = CallbackProfile.objects.filter(
        account=seat.account, deleted_at=None, public_id=_readable(request.GET.get("of", ""))
    ).first()
    form = CallbackProfileForm.showing(request.POST, stored=stored)
    return render(request, "callback_profiles/_example.html", {"form": form})


def secret_page(request: HttpRequest, profile: CallbackProfile, *, title: str) -> HttpResponse:
    """The answer to the POST that made the secret: it is in this page and nowhere else."""
    context = {"profile": profile, "page_title": title, "verifications": VERIFICATIONS}
    answer = render(request, "callback_profiles/secret.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


# --- What lists say ------------------------------------------------------------------------------


def last_results(profiles: Any) -> dict[int, CallbackDelivery]:
    """The newest delivery of each profile that was tried, with its last try."""
    tried = CallbackDelivery.objects.filter(profile__in=profiles, tries_made__gt=0)
    newest = tried.values("profile").annotate(newest=Max("pk")).values("newest")
    found = with_last_try(CallbackDelivery.objects.filter(pk__in=newest))
    return {delivery.profile_id: delivery for delivery in found}


def with_last_try(rows: Iterable[CallbackDelivery]) -> list[CallbackDelivery]:
    """Each with `.last_try`, which may be None."""
    deliveries = list(rows)
    prefetch_related_objects(deliveries, "tries")
    for delivery in deliveries:
        tries = list(delivery.tries.all())
        delivery.last_try = tries[-1] if tries else None  # type: ignore[attr-defined]
    return deliveries


def host_of(profile: CallbackProfile) -> str:
    return urlsplit(profile.url).netloc


def _local_port(profile: CallbackProfile) -> int | None:
    """The port of an endpoint on this very machine, where such may be used."""
    parts = urlsplit(profile.url)
    host = parts.hostname or ""
    is_here = host == "localhost" or host == "::1" or host.startswith("127.")
    return parts.port if settings.CALLBACK_ALLOW_PRIVATE and is_here else None


# --- The form ------------------------------------------------------------------------------------


def _is_handed_in(request: HttpRequest) -> bool:
    return request.method == "POST" and request.POST.get("do") not in DO_NOT_CHECK


def _form(request: HttpRequest, **known: Any) -> CallbackProfileForm:
    if _is_handed_in(request):
        return CallbackProfileForm(request.POST, **known)
    if request.method == "POST":
        more = MORE_ROWS if request.POST.get("do") == "rows" else 0
        return CallbackProfileForm.showing(request.POST, more_rows=more, **known)
    return CallbackProfileForm(**known)


def _form_page(
    request: HttpRequest, form: CallbackProfileForm, *, profile: CallbackProfile | None = None
) -> HttpResponse:
    context = {"form": form, "profile": profile, "of": form.stored.public_id if form.stored else ""}
    status = 422 if form.is_bound else 200
    answer = render(request, "callback_profiles/form.html", context, status=status)
    answer["Cache-Control"] = "no-store"  # what was typed may be a secret
    return answer


def _readable(public_id: str) -> str:
    return public_id.replace("\0", "")
