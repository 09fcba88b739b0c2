"""A newcomer's first account."""

from django.db import transaction

from . import audit
from .account import Account
from .connections import new_sandbox
from .people import Membership, Role, User


def open_account(user: User, *, name: str, region: str, time_zone: str) -> Account:
    """An account with its first admin and a Sandbox to try things with; all or nothing."""
    with transaction.atomic():
        account = Account.objects.create(name=name, region=region, time_zone=time_zone)
        Membership.objects.create(account=account, user=user, role=Role.ADMIN)
        new_sandbox(account)
        after = {"name": name, "region": str(region), "time_zone": time_zone}
        audit.record(account, "account.open", by=user, of=account, label=name, after=after)
    return account
