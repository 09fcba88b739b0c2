"""One loader per object: every page's first line goes through here and nowhere else.

A stranger, or an object of another account, is a 404; too low a role is a 403 with a sentence
that says who can help; nobody signed in is sent to the sign-in page.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from flows.models import Account, Execution, Flow, Membership, Role, User


class SignInNeeded(Exception):
    """Nobody is signed in; flows.views.middleware turns this into a redirect."""


@dataclass(frozen=True)
class Seat:
    """A person's place in one account."""

    account: Account
    user: User
    role: Role

    def may(self, needed: Role | str) -> bool:
        return self.role.reaches(Role(needed))

    @property
    def is_tester(self) -> bool:
        return self.may(Role.TESTER)

    @property
    def is_marketer(self) -> bool:
        return self.may(Role.MARKETER)

    @property
    def is_admin(self) -> bool:
        return self.may(Role.ADMIN)


def signed_in(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not request.user.is_authenticated:
        raise SignInNeeded
    return request.user


def to_sign_in(request: HttpRequest) -> HttpResponseBase:
    return redirect_to_login(request.get_full_path())


def account(request: HttpRequest, sid: str, *, at_least: Role = Role.VIEWER) -> Seat:
    """The signed-in person's seat in the account `sid`; also set as `request.seat` for pages."""
    user = signed_in(request)
    if not sid.isalnum():  # PostgreSQL refuses to look for a NUL
        raise Http404
    membership = (
        Membership.objects.select_related("account").filter(user=user, account__sid=sid).first()
    )
    if membership is None:
        raise Http404
    seat = Seat(membership.account, user, Role(membership.role))
    request.seat = seat  # type: ignore[attr-defined]
    if not seat.may(at_least):
        raise PermissionDenied(_who_can_help(seat, at_least))
    return seat


def flow(
    request: HttpRequest,
    sid: str,
    flow_id: UUID,
    *,
    at_least: Role = Role.VIEWER,
    deleted: bool = False,
) -> tuple[Seat, Flow]:
    """A flow of the account with its live version; `deleted` asks for a deleted one instead."""
    seat = account(request, sid, at_least=at_least)
    found = (
        Flow.objects.select_related(
            "account", "live_version", "created_by", "updated_by", "requested_by"
        )
        .filter(account=seat.account, public_id=flow_id, deleted_at__isnull=not deleted)
        .first()
    )
    if found is None:
        raise Http404
    return seat, found


def execution(
    request: HttpRequest, sid: str, execution_id: str, *, at_least: Role = Role.VIEWER
) -> tuple[Seat, Execution]:
    seat = account(request, sid, at_least=at_least)
    if not execution_id.isalnum():
        raise Http404
    found = (
        Execution.objects.select_related("account", "flow", "version", "api_key")
        .filter(account=seat.account, public_id=execution_id)
        .first()
    )
    if found is None:
        raise Http404
    return seat, found


def _who_can_help(seat: Seat, needed: Role) -> str:
    admins = Membership.objects.filter(account=seat.account, role=Role.ADMIN).select_related("user")
    names = ", ".join(str(admin.user) for admin in admins[:3]) or "the support team"
    return (
        f"You are a {seat.role.label.lower()} in {seat.account.name}; this needs the role "
        f"{needed.label.lower()}. Ask {names} to do it or to change your role."
    )
