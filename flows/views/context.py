"""What every page may show around its content: theme, seat, the accounts to switch to."""

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from flows.models import Account, User

THEMES = frozenset({"system", "light", "dark"})


def page(request: HttpRequest) -> dict[str, object]:
    theme = request.COOKIES.get("theme", "system")
    return {
        "theme": theme if theme in THEMES else "system",
        "seat": getattr(request, "seat", None),
        "accounts": SimpleLazyObject(lambda: _accounts(request)),
    }


def _accounts(request: HttpRequest) -> Sequence[Account]:
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return []
    return list(Account.objects.filter(memberships__user=user).order_by("name"))
