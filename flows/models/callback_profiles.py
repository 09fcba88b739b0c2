"""The life of a callback profile: every verb is a guarded update with its audit entry.

No secret leaves through here but by the profile itself: the audit log gets the names of headers,
whether there is a password, and the endpoint without its query.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from . import audit, letters, mail
from .account import Account
from .callback import CallbackDelivery, CallbackProfile, DeliveryState, new_signing_secret
from .flow import title_key
from .people import User
from .refusals import Refused
from .secret import encrypt

OLD_SECRET_LASTS = timedelta(hours=24)
_FIELDS = ("title", "url", "headers_encrypted", "basic_auth_encrypted", "body_template")


class ProfileRefused(Refused):
    """The callback profile was not changed."""


class ProfileTitleTaken(ProfileRefused):
    """Another callback profile of the account has this title."""

    def __init__(self, title: str) -> None:
        super().__init__(f"Another callback profile is called “{title}”. Choose another title.")


@dataclass(frozen=True)
class Wanted:
    """What a person decides about a profile; `basic_auth` is “user:password” or empty."""

    title: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    basic_auth: str = ""
    body_template: str = ""


def create(account: Account, wanted: Wanted, *, by: User) -> CallbackProfile:
    """A new profile with a signing secret of its own."""
    with transaction.atomic():
        _claim_title(account, wanted.title)
        profile = CallbackProfile(account=account)
        _write(profile, wanted)
        profile.save()
        _log(profile, "create", by=by, after=_said(profile))
    return profile


def change(profile: CallbackProfile, wanted: Wanted, *, by: User, mark: str) -> None:
    """`mark` is that of the profile as the person has seen it."""
    with transaction.atomic():
        _claim_title(profile.account, wanted.title, unless=profile)
        current = _unchanged(profile, mark)
        before, headers, password = _said(current), current.headers, current.basic_auth
        _write(profile, wanted)
        profile.save(update_fields=_FIELDS)
        after = _said(profile) | _new_secrets(profile, headers, password)
        if after != before:
            _log(profile, "change", by=by, before=before, after=after)


def rotate(profile: CallbackProfile, *, by: User, mark: str) -> None:
    """A new signing secret; for a day callbacks carry a signature of the old one as well."""
    now = timezone.now()
    with transaction.atomic():
        current = _unchanged(profile, mark)
        profile.old_secret_encrypted = current.secret_encrypted
        profile.old_secret_until = now + OLD_SECRET_LASTS
        profile.secret_encrypted = encrypt(new_signing_secret())
        profile.save(update_fields=["secret_encrypted", "old_secret_encrypted", "old_secret_until"])
        _log(profile, "rotate", by=by, after={"old_secret_until": _text(profile.old_secret_until)})


def end_old_secret(profile: CallbackProfile, *, by: User) -> None:
    """Every receiver knows the new secret: sign with that alone from now on."""
    before = {"old_secret_until": _text(profile.old_secret_until)}
    with transaction.atomic():
        _move(
            profile,
            _alive().exclude(old_secret_until=None),
            "There is no old secret any more.",
            old_secret_encrypted="",
            old_secret_until=None,
        )
        _log(profile, "end_old_secret", by=by, before=before)


def forget_old_secrets(now: datetime) -> int:
    """Erase the secrets whose day is over; they sign nothing any more."""
    over = CallbackProfile.objects.filter(old_secret_until__lte=now)
    return over.update(old_secret_encrypted="", old_secret_until=None)


def disable(profile: CallbackProfile, *, by: User) -> None:
    """Results that end from now on are kept as dropped; they can be posted later by hand."""
    with transaction.atomic():
        _switch_off(profile, by=by, reason=f"Disabled by {by}."[:200])


def give_up(profile: CallbackProfile, *, reason: str) -> bool:
    """The engine stops posting to an endpoint, and the admins of the account are told."""
    with transaction.atomic():
        try:
            _switch_off(profile, by=None, reason=reason)
        except ProfileRefused:
            return False
        account = profile.account
        page = letters.link(f"/a/{account.sid}/callback-profiles/{profile.public_id}/")
        mail.post(
            letters.admins_of(account),
            subject=f"Results are no longer posted to “{profile.title}”",
            text="\n\n".join(
                [
                    f"The callback profile “{profile.title}” of {account.name} was disabled.",
                    f"Reason: {reason}",
                    "Results of executions that end from now on are kept, but not posted.",
                    f"Mend the endpoint, send a test event, then enable the profile: {page}",
                ]
            ),
        )
    return True


def enable(profile: CallbackProfile, *, by: User) -> None:
    before = {"enabled": False, "reason": profile.disabled_reason}
    with transaction.atomic():
        _move(
            profile,
            _alive().filter(enabled=False),
            "This callback profile is enabled already.",
            enabled=True,
            disabled_reason="",
            failing_since=None,
        )
        _log(profile, "enable", by=by, before=before, after={"enabled": True})


def delete(profile: CallbackProfile, *, by: User) -> None:
    """Flows that use it send no callback any more; what is owed to it is dropped."""
    with transaction.atomic():
        gone = "This callback profile was deleted already."
        _move(profile, _alive(), gone, deleted_at=timezone.now())
        owed = CallbackDelivery.objects.filter(profile=profile, state=DeliveryState.PENDING)
        owed.filter(lease_until=None).update(
            state=DeliveryState.DROPPED, wake_at=None, is_resend_due=False
        )
        _log(profile, "delete", by=by, before=_said(profile))


# --- Shared --------------------------------------------------------------------------------------


def _alive() -> "QuerySet[CallbackProfile]":
    return CallbackProfile.objects.filter(deleted_at=None)


def _claim_title(account: Account, title: str, unless: CallbackProfile | None = None) -> None:
    """The account's row is locked, so two profiles cannot take one title at the same moment."""
    Account.objects.select_for_update().get(pk=account.pk)
    others = _alive().filter(account=account)
    if unless:
        others = others.exclude(pk=unless.pk)
    if title_key(title) in {title_key(taken) for taken in others.values_list("title", flat=True)}:
        raise ProfileTitleTaken(title)


def _unchanged(profile: CallbackProfile, mark: str) -> CallbackProfile:
    current = _alive().select_for_update().filter(pk=profile.pk).first()
    if current is None:
        raise ProfileRefused("This callback profile was deleted meanwhile.")
    if current.mark != mark:
        raise ProfileRefused("Somebody changed this profile meanwhile. Look at it as it is now.")
    return current


def _write(profile: CallbackProfile, wanted: Wanted) -> None:
    profile.title, profile.url = wanted.title, wanted.url
    profile.body_template = wanted.body_template
    if dict(wanted.headers) != profile.headers:
        profile.headers = dict(wanted.headers)
    if wanted.basic_auth != profile.basic_auth:
        profile.basic_auth = wanted.basic_auth


def _switch_off(profile: CallbackProfile, *, by: User | None, reason: str) -> None:
    _move(
        profile,
        _alive().filter(enabled=True),
        "This callback profile is disabled already.",
        enabled=False,
        disabled_reason=reason,
    )
    _log(
        profile,
        "disable",
        by=by,
        before={"enabled": True},
        after={"enabled": False, "reason": reason},
    )


def _move(
    profile: CallbackProfile, guard: "QuerySet[CallbackProfile]", otherwise: str, **to: Any
) -> None:
    if not guard.filter(pk=profile.pk).update(**to):
        raise ProfileRefused(otherwise)
    profile.refresh_from_db(fields=list(to))


def _said(profile: CallbackProfile) -> dict[str, Any]:
    url = urlsplit(profile.url)
    return {
        "title": profile.title,
        "url": f"{url.scheme}://{url.netloc}{url.path}{'?…' if url.query else ''}",
        "headers": sorted(profile.headers),
        "basic_auth": bool(profile.basic_auth_encrypted),
        "body_template": profile.body_template,
    }


def _new_secrets(
    profile: CallbackProfile, headers: Mapping[str, str], password: str
) -> dict[str, Any]:
    """That a value was replaced is in the log, the value is not."""
    replaced = [
        name for name, value in profile.headers.items() if headers.get(name, value) != value
    ]
    if password and profile.basic_auth and password != profile.basic_auth:
        replaced.append("basic_auth")
    return {"replaced": sorted(replaced)} if replaced else {}


def _text(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def _log(
    profile: CallbackProfile, verb: str, *, by: User | None, before: Any = None, after: Any = None
) -> None:
    audit.record(
        profile.account,
        f"callbackprofile.{verb}",
        by=by,
        of=profile,
        label=profile.title,
        before=before,
        after=after,
    )
