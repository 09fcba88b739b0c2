"""Who of several people has a second factor set up. One query, whoever is asked about."""

from collections.abc import Iterable

from allauth.mfa.models import Authenticator

from flows.models import User

KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def who_has_one(people: Iterable[User]) -> set[int]:
    """Keys of those who have; recovery codes alone are none."""
    keys = [person.pk for person in people]
    found = Authenticator.objects.filter(user_id__in=keys, type__in=KINDS)
    return set(found.values_list("user_id", flat=True))
