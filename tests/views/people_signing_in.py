"""How tests sign people in: as themselves, with a password, and with what comes after it."""

import re
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

from flows.models import User
from tests import cast


def sign_in(client: Client, user: User, password: str = cast.PASSWORD, **more: str) -> Any:
    return client.post("/sign-in/", {"email": user.email, "password": password, **more})


def confirm(client: Client, password: str = cast.PASSWORD, after: str = "/me/") -> Any:
    """The question that comes before anything that changes how somebody signs in."""
    return client.post(f"/me/again/?next={after}", {"password": password})


def without_tokens(page: str) -> str:
    """A page without what differs in each copy: the tokens of its forms."""
    return re.sub(r"[A-Za-z0-9]{64}", "", page)


def give_app(user: User) -> str:
    """An authenticator app and recovery codes; returns the app's secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def code_of(secret: str, *, later: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter + later))


def recovery_codes_of(user: User) -> list[str]:
    own = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return list(own.wrap().get_unused_codes())
