"""Listens to django-allauth and has what matters written down; decides nothing."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.dispatch import receiver

from flows.models import User
from flows.models.security import happened

_KINDS = {
    Authenticator.Type.TOTP: "authenticator",
    Authenticator.Type.WEBAUTHN: "passkey",
}


@receiver(account.password_changed)
def _changed(user: User, **_: Any) -> None:
    happened(user, "change_password")


@receiver(account.password_set)
def _set(user: User, **_: Any) -> None:
    happened(user, "set_password")


@receiver(account.password_reset)
def _reset(user: User, **_: Any) -> None:
    happened(user, "reset_password")


@receiver(account.email_changed)
def _moved(user: User, from_email_address: Any, to_email_address: Any, **_: Any) -> None:
    """The old address is told too: it may be the only one that the person still reads."""
    old = from_email_address.email if from_email_address else ""
    happened(
        user,
        "change_email",
        before={"email": old},
        after={"email": to_email_address.email},
        also_to=[old] if old else [],
    )


@receiver(mfa.authenticator_added)
def _added(user: User, authenticator: Authenticator, **_: Any) -> None:
    """The first codes come with the first factor; one e-mail about both is enough."""
    if kind := _KINDS.get(authenticator.type):
        happened(user, f"add_{kind}", after=_label(authenticator))
    else:
        happened(user, "make_recovery_codes", told=False)


@receiver(mfa.authenticator_removed)
def _removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    if kind := _KINDS.get(authenticator.type):
        happened(user, f"remove_{kind}", before=_label(authenticator))


@receiver(mfa.authenticator_reset)
def _codes_made(user: User, **_: Any) -> None:
    happened(user, "make_recovery_codes")


@receiver(mfa.authenticator_used)
def _used(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        happened(user, "use_recovery_code")


def _label(authenticator: Authenticator) -> dict[str, str] | None:
    is_passkey = authenticator.type == Authenticator.Type.WEBAUTHN
    return {"name": authenticator.wrap().name} if is_passkey else None
