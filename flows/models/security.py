"""What happens to a person's sign-in: in the audit log of every account they belong to, and told to
the person by e-mail. Holds no secret: not the password, not a code."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from . import audit
from .account import Account
from .letters import link
from .mail import post
from .people import User

# What the person reads: the subject of the e-mail is the sentence itself.
TOLD = {
    "change_password": "Your password was changed",
    "set_password": "A password was set for you",
    "reset_password": "Your password was reset",
    "change_email": "Your email address was changed",
    "add_authenticator": "An authenticator app was added to your sign-in",
    "remove_authenticator": "The authenticator app was removed from your sign-in",
    "add_passkey": "A passkey was added to your sign-in",
    "remove_passkey": "A passkey was removed from your sign-in",
    "make_recovery_codes": "You have new recovery codes",
    "use_recovery_code": "Somebody signed in with one of your recovery codes",
    "remove_second_factor": "Support removed your second factor",
}


def happened(
    user: User,
    verb: str,
    *,
    by: User | None = None,
    before: Any = None,
    after: Any = None,
    told: bool = True,
    also_to: Iterable[str] = (),
) -> None:
    """An entry `person.<verb>` for each account; the person is told unless `told` is False."""
    with transaction.atomic():
        for account in Account.objects.filter(memberships__user=user):
            audit.record(
                account,
                f"person.{verb}",
                by=by or user,
                of=user,
                label=str(user),
                before=before,
                after=after,
            )
        if told:
            post({user.email, *also_to}, subject=TOLD[verb], text=_letter(user, verb))


def _letter(user: User, verb: str) -> str:
    paragraphs = [
        f"{TOLD[verb]}. You sign in as {user.email}.",
        "If it was you, there is nothing to do.",
        "If it was not, choose a new password at once, then look at your passkeys, your second "
        f"factor and where you are signed in: {link('/password/reset/')}",
        "Tell an admin of your account as well.",
    ]
    return "\n\n".join(paragraphs)
