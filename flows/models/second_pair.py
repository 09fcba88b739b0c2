"""The account's rule that somebody else than the last editor publishes a flow."""

from django.db.models import QuerySet

from .account import Account
from .flow import Flow
from .people import Membership, Role, User
from .refusals import LifecycleError

NOBODY = "This account has no other admin: invite one, or make somebody an admin."


class AnotherPublisherNeeded(LifecycleError):
    """The last editor wanted to publish, and the account's rule says that somebody else does."""

    def __init__(self, account: Account, *, by: User) -> None:
        super().__init__(sentence(account, by=by))


def needs_another(flow: Flow, *, by: User) -> bool:
    return flow.account.needs_other_publisher and flow.edited_by_id == by.pk


def keep_to_rule(flow: Flow, guard: "QuerySet[Flow]", *, by: User) -> "QuerySet[Flow]":
    """The guard of a publication by this person; reads the rule as it is now."""
    rules = Account.objects.filter(pk=flow.account_id)
    if not rules.filter(needs_other_publisher=True).exists():
        return guard
    if flow.edited_by_id == by.pk:
        raise AnotherPublisherNeeded(flow.account, by=by)
    return guard.exclude(edited_by=by)


def others(account: Account, *, by: User) -> list[User]:
    """The admins who can publish instead."""
    seats = Membership.objects.filter(account=account, role=Role.ADMIN, user__is_active=True)
    return [seat.user for seat in seats.exclude(user=by).select_related("user").order_by("pk")]


def sentence(account: Account, *, by: User) -> str:
    """Why this person cannot publish, and who can."""
    names = [str(user) for user in others(account, by=by)[:3]]
    who = f"Ask {' or '.join(names)}." if names else NOBODY
    return f"You changed this flow last, so another admin publishes it. {who}"
