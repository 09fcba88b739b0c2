"""What every page may show around its content: theme, seat, the accounts to switch to."""

from collections.abc import Sequence
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from flows.access import Seat
from flows.models import Account, Membership, Role, User
from flows.models.review_queue import waiting

THEMES = frozenset({"system", "light", "dark"})


def page(request: HttpRequest) -> dict[str, object]:
    theme = request.COOKIES.get("theme", "system")
    return {
        "theme": theme if theme in THEMES else "system",
        "sends_mail": settings.SENDS_MAIL,
        "seat": getattr(request, "seat", None),
        "accounts": SimpleLazyObject(lambda: _accounts(request)),
        "nav_seat": SimpleLazyObject(lambda: _nav_seat(request)),
        "open_requests": SimpleLazyObject(lambda: waiting().count()),  # asked for by staff only
    }


def _accounts(request: HttpRequest) -> Sequence[Account]:
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return []
    return list(Account.objects.filter(memberships__user=user, closed_at=None).order_by("name"))


def _nav_seat(request: HttpRequest) -> Seat | None:
    """Where navigation leads: this page's account, else the one last used, else the first."""
    if seat := getattr(request, "seat", None):
        return cast(Seat, seat)
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return None
    seats = Membership.objects.filter(user=user, account__closed_at=None)
    memberships = list(seats.select_related("account").order_by("account__name"))
    last = request.COOKIES.get("account")
    memberships.sort(key=lambda membership: membership.account.sid != last)
    if not memberships:
        return None
    return Seat(memberships[0].account, user, Role(memberships[0].role))
