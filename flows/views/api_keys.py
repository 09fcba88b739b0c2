"""API keys of an account: list, new, changed, revoked. A secret is in one answer, never again."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from flows import access
from flows.access import Seat
from flows.client_ip import client_ip
from flows.forms.api_key import KINDS, ApiKeyFilter, ApiKeyForm, NewApiKeyForm
from flows.forms.typed_name import TypedNameForm
from flows.models import ApiKey, KeyKind, Role, accounts, keys
from flows.models.reviews import lives_in_sandbox

from .deeds import asking
from .paging import page_of
from .ready_call import EXAMPLE_RECIPIENT, curl_of_newest


@require_safe
def api_key_list(request: HttpRequest, sid: str) -> HttpResponse:
    """Newest first; revoked keys stay in the list."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    form = ApiKeyFilter(request.GET)
    every = ApiKey.objects.filter(account=seat.account, is_for_test_send=False)
    page = page_of(form.rows(every.select_related("created_by")), request.GET, within=every)
    context = {
        "form": form,
        "page": page,
        "chips": form.chips(),
        "kinds": [(kind.value, words) for kind, words in KINDS.items()],
        "host": settings.PUBLIC_BASE_URL,
        "only_sandbox": _has_live(page.rows) and lives_in_sandbox(seat.account),
    }
    return render(request, "api_keys/list.html", context)


@never_cache
@asking
def create(request: HttpRequest, sid: str) -> HttpResponse:
    """The answer to the form is the page with the secret: it is written nowhere on the way."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    own = client_ip(request)
    form = NewApiKeyForm(request.POST if request.method == "POST" else None, own_address=own)
    if request.method != "POST":
        return _form_page(request, form)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    chosen = form.cleaned_data
    kind = KeyKind(chosen["kind"])
    try:
        key, secret = keys.issue(
            seat.account,
            name=chosen["name"],
            kind=kind,
            by=seat.user,
            ip_ranges=chosen["ip_ranges"],
        )
    except keys.KeyNameTaken as refused:
        form.add_error("name", refused.sentence)
        return _form_page(request, form, status=422)
    return render(
        request,
        "api_keys/created.html",
        {
            "key": key,
            "secret": secret,
            "curl": _curl(seat, kind),
            "host": settings.PUBLIC_BASE_URL,
            "locks_out": _locks_out(key, own),
            "only_sandbox": kind == KeyKind.LIVE and lives_in_sandbox(seat.account),
        },
    )


@asking
def edit(request: HttpRequest, sid: str, key_id: UUID) -> HttpResponse:
    """Name and addresses; the kind is fixed, since callers rely on it."""
    seat, key = access.api_key(request, sid, key_id)
    if key.revoked_at:
        messages.info(request, f"“{key.name}” is revoked: it cannot be changed any more.")
        return redirect("api-key-list", sid)
    own = client_ip(request)
    posted = request.POST if request.method == "POST" else None
    form = ApiKeyForm(posted, key=key, own_address=own)
    if request.method != "POST":
        return _form_page(request, form, key=key)
    if not form.is_valid():
        return _form_page(request, form, key=key, status=422)
    try:
        changed = keys.change(key, by=seat.user, **form.cleaned_data)
    except keys.KeyNameTaken as refused:
        form.add_error("name", refused.sentence)
        return _form_page(request, form, key=key, status=422)
    except keys.KeyRefused as refused:
        messages.error(request, refused.sentence)
        return redirect("api-key-list", sid)
    messages.success(request, f"“{key.name}” was {'changed' if changed else 'left as it was'}.")
    if _locks_out(key, own):
        messages.warning(request, f"Calls from your own address {own} are refused with it.")
    return redirect("api-key-list", sid)


@asking
def revoke(request: HttpRequest, sid: str, key_id: UUID) -> HttpResponse:
    """Asks for the name: there is no way back."""
    seat, key = access.api_key(request, sid, key_id)
    posted = request.POST if request.method == "POST" else None
    form = TypedNameForm(posted, name=key.name, what="name of the key")
    if request.method != "POST" or not form.is_valid():
        context = {
            "title": f"Revoke “{key.name}”?",
            "sentence": f"Calls with {key.prefix}… are refused from that moment, for good. "
            "Executions that were accepted before finish. The key stays in the list.",
            "action": "Revoke key",
            "cancel": "Keep it",
            "cancel_url": reverse("api-key-list", args=[sid]),
            "danger": True,
            "form": form,
        }
        return render(request, "confirm.html", context, status=422 if posted is not None else 200)
    try:
        keys.revoke(key, by=seat.user)
    except keys.KeyRefused as refused:
        messages.info(request, refused.sentence)
    else:
        messages.success(request, f"“{key.name}” is revoked. Calls with it are refused.")
    return redirect("api-key-list", sid)


def _form_page(
    request: HttpRequest, form: ApiKeyForm, *, key: ApiKey | None = None, status: int = 200
) -> HttpResponse:
    return render(request, "api_keys/form.html", {"form": form, "key": key}, status=status)


def _has_live(shown: Sequence[ApiKey]) -> bool:
    return any(key.kind == KeyKind.LIVE and not key.revoked_at for key in shown)


def _locks_out(key: ApiKey, address: str) -> bool:
    return bool(address) and not key.allows_address(address)


def _curl(seat: Seat, kind: KeyKind) -> str:
    """A team key may only be tried with a test recipient."""
    flows = accounts.published(seat.account).select_related("account", "live_version")
    person = seat.account.test_recipients.order_by("pk").first() if kind == KeyKind.TEAM else None
    return curl_of_newest(flows, recipient=person.number if person else EXAMPLE_RECIPIENT)
