"""The settings of an account, and its danger zone. Admins only."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from flows import access
from flows.access import Seat
from flows.forms.account_settings import AccountSettingsForm, zones
from flows.forms.typed_name import TypedNameForm
from flows.models import Account, Role, accounts, keys
from flows.models.account import REOPEN_DAYS

from .deeds import asking


@asking
def account_settings(request: HttpRequest, sid: str) -> HttpResponse:
    """Only what was changed here is written; who was overtaken by another admin is told."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    posted = request.POST if request.method == "POST" else None
    form = AccountSettingsForm(posted, account=seat.account)
    if posted is None:
        return _page(request, seat, form)
    if not form.is_valid():
        return _page(request, seat, form, status=422)
    try:
        changed = accounts.change(
            seat.account,
            seen=form.based_on,
            wanted=form.wanted,
            by=seat.user,
            by_has_second_factor=access.has_second_factor(seat.user),
        )
    except accounts.SettingsChanged as refused:
        form.overtaken(refused.fields, Account.objects.get(pk=seat.account.pk))
        return _page(request, seat, form, status=409)
    except accounts.NoSecondFactor as refused:
        form.add_error("needs_second_factor", refused.sentence)
        return _page(request, seat, form, status=422)
    messages.success(request, "The settings are saved." if changed else "Nothing was changed.")
    return redirect("account-settings", sid)


def _page(
    request: HttpRequest, seat: Seat, form: AccountSettingsForm, *, status: int = 200
) -> HttpResponse:
    numbers = _numbers(seat.account)
    context = {
        "form": form,
        "zones": zones(),
        "host": settings.PUBLIC_BASE_URL,
        "profiles": seat.account.callback_profiles.filter(deleted_at=None).order_by("title")[:5],
        "reopen_days": REOPEN_DAYS,
        "numbers": numbers,
    }
    return render(request, "account_settings/page.html", context, status=status)


# --- The danger zone -----------------------------------------------------------------------------


@asking
def revoke_keys(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    if request.method == "POST":
        count = keys.revoke_all(seat.account, by=seat.user)
        messages.success(request, f"{_many(count, 'API key is', 'API keys are')} revoked.")
        return redirect("account-settings", sid)
    return _ask(
        request,
        sid,
        title="Revoke all API keys?",
        sentence=f"{_many(_numbers(seat.account)['keys'], 'key stops', 'keys stop')} working for "
        "good: every call of your systems is refused until they have a new key. "
        f"{_running(seat.account)}",
        action="Revoke all API keys",
    )


@asking
def unpublish_flows(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    if request.method == "POST":
        count = accounts.unpublish_all(seat.account, by=seat.user)
        messages.success(request, f"{_many(count, 'flow is a draft', 'flows are drafts')} now.")
        return redirect("account-settings", sid)
    flows = _numbers(seat.account)["flows"]
    return _ask(
        request,
        sid,
        title="Unpublish all flows?",
        sentence=f"{_many(flows, 'flow becomes a draft', 'flows become drafts')}. Calls"
        f" to them are rejected; they keep their Workflow IDs. {_running(seat.account)}",
        action="Unpublish all flows",
    )


@asking
def close(request: HttpRequest, sid: str) -> HttpResponse:
    """Asks for the account's name; the way back leads through support."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    account = seat.account
    posted = request.POST if request.method == "POST" else None
    form = TypedNameForm(posted, name=account.name, what="name of the account")
    if posted is None or not form.is_valid():
        return _ask(
            request,
            sid,
            title=f"Close {account.name}?",
            sentence=_closing(account),
            action="Close the account",
            form=form,
            status=200 if posted is None else 422,
        )
    try:
        accounts.close(account, by=seat.user)
    except accounts.AccountRefused as refused:
        messages.info(request, refused.sentence)
    else:
        messages.success(request, f"{account.name} is closed. Its admins are told by email.")
    return redirect("home")


def _closing(account: Account) -> str:
    numbers = _numbers(account)
    return (
        f"Its {_many(numbers['people'], 'member', 'members')} cannot enter it any more, its "
        f"{_many(numbers['keys'], 'API key opens', 'API keys open')} nothing, and calls to its "
        f"{_many(numbers['flows'], 'published flow', 'published flows')} are refused. "
        f"{_running(account)} Results are still posted. Support can open it again for "
        f"{REOPEN_DAYS} days; then its executions are deleted."
    )


def _numbers(account: Account) -> dict[str, int]:
    return {
        "keys": keys.working(account).count(),
        "flows": accounts.published(account).count(),
        "people": account.memberships.count(),
    }


def _running(account: Account) -> str:
    count = accounts.running(account).count()
    if not count:
        return "No execution is running."
    are = _many(count, "execution is running", "executions are running")
    return f"{are} and will finish."


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _ask(
    request: HttpRequest, sid: str, *, status: int = 200, form: Any = None, **words: str
) -> HttpResponse:
    back = reverse("account-settings", args=[sid])
    context = {"danger": True, "cancel": "Keep it", "cancel_url": back, "form": form, **words}
    return render(request, "confirm.html", context, status=status)
