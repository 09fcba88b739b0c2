"""One loader per object: every page's first line goes through here and nowhere else.

A stranger, or an object of another account, is a 404; too low a role is a 403 with a sentence
that says who can help; nobody signed in is sent to the sign-in page.
"""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from flows.models import (
    Account,
    ApiKey,
    CallbackProfile,
    CompanyDocument,
    Connection,
    Execution,
    Flow,
    Invitation,
    Membership,
    Review,
    Role,
    Sender,
    Template,
    TestRecipient,
    User,
)
from flows.models.account import REOPEN_DAYS


class SignInNeeded(Exception):
    """Nobody is signed in; flows.views.middleware turns this into a redirect."""


class SecondFactorNeeded(Exception):
    """`place` lets nobody in without a second factor, and this person has none."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} asks for a second factor.")
        self.place = place


class AccountClosed(Http404):
    """A member asks for something of an account that was closed; others get the plain 404."""

    def __init__(self, account: Account) -> None:
        self.sentence = (
            f"{account.name} was closed. If that was a mistake, ask the support team: "
            f"for {REOPEN_DAYS} days they can open it again."
        )
        super().__init__(self.sentence)


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


@dataclass(frozen=True)
class Onward:
    """Where somebody wanted to go who had to set up a second factor first."""

    place: str
    path: str


def to_second_factor(request: HttpRequest, place: str) -> HttpResponseBase:
    asked = request.get_full_path() if request.method == "GET" else "/"
    if htmx := getattr(request, "htmx", None):
        asked = htmx.current_url_abs_path or "/"
    request.session["onward"] = {"place": place, "path": asked}
    return redirect("second-factor")


def onward(request: HttpRequest) -> Onward | None:
    kept = request.session.get("onward")
    return Onward(**kept) if kept else None


def has_second_factor(user: User) -> bool:
    """Whether this person has an authenticator app or a passkey."""
    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]))


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
    if membership.account.closed_at:
        raise AccountClosed(membership.account)
    if membership.account.needs_second_factor and not has_second_factor(user):
        raise SecondFactorNeeded(membership.account.name)
    seat = Seat(membership.account, user, Role(membership.role))
    request.seat = seat  # type: ignore[attr-defined]
    timezone.activate(seat.account.time_zone)  # until OriginMiddleware lets go of the request
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
            "account", "live_version", "created_by", "updated_by", "requested_by", "declined_by"
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


def support(request: HttpRequest) -> User:
    """Somebody of the support staff of this installation."""
    user = signed_in(request)
    if not user.is_staff:
        raise PermissionDenied("This part is for the support staff of this installation.")
    if settings.SUPPORT_NEEDS_SECOND_FACTOR and not has_second_factor(user):
        raise SecondFactorNeeded("The support desk")
    return user


def support_review(request: HttpRequest, review_id: UUID) -> tuple[User, Review]:
    """A request of any account, for the support staff."""
    user = support(request)
    rows = Review.objects.select_related(*_REVIEW_ROWS)
    found = rows.filter(public_id=review_id).first()
    if found is None:
        raise Http404
    return user, found


def support_account(request: HttpRequest, sid: str) -> tuple[User, Account]:
    """Any account, for the support staff; they need no seat in it."""
    user = support(request)
    found = Account.objects.filter(sid=sid).first() if sid.isalnum() else None
    if found is None:
        raise Http404
    return user, found


def sender(
    request: HttpRequest,
    sid: str,
    sender_id: UUID,
    *,
    at_least: Role = Role.ADMIN,
    deleted: bool = False,
) -> tuple[Seat, Sender]:
    """A sender of the account; `deleted` asks for a deleted one instead."""
    rows = Sender.objects.select_related("account", "connection", "created_by")
    rows = rows.filter(deleted_at__isnull=not deleted)
    return _one(request, sid, rows, sender_id, at_least=at_least)


def connection(
    request: HttpRequest, sid: str, connection_id: UUID, *, at_least: Role = Role.ADMIN
) -> tuple[Seat, Connection]:
    rows = Connection.objects.select_related("account").filter(deleted_at=None)
    return _one(request, sid, rows, connection_id, at_least=at_least)


def template(
    request: HttpRequest,
    sid: str,
    template_id: UUID,
    *,
    at_least: Role = Role.MARKETER,
    deleted: bool = False,
) -> tuple[Seat, Template]:
    """A template of the account; `deleted` asks for a deleted one instead."""
    rows = Template.objects.select_related("account", "created_by", "updated_by")
    rows = rows.filter(deleted_at__isnull=not deleted)
    return _one(request, sid, rows, template_id, at_least=at_least)


def callback_profile(
    request: HttpRequest, sid: str, profile_id: str, *, at_least: Role = Role.ADMIN
) -> tuple[Seat, CallbackProfile]:
    if not profile_id.replace("-", "").replace("_", "").isalnum():
        raise Http404
    rows = CallbackProfile.objects.select_related("account").filter(deleted_at=None)
    return _one(request, sid, rows, profile_id, at_least=at_least)


def api_key(
    request: HttpRequest, sid: str, key_id: UUID, *, at_least: Role = Role.ADMIN
) -> tuple[Seat, ApiKey]:
    rows = ApiKey.objects.select_related("account", "created_by").filter(is_for_test_send=False)
    return _one(request, sid, rows, key_id, at_least=at_least)


def test_recipient(
    request: HttpRequest, sid: str, recipient_id: UUID, *, at_least: Role = Role.ADMIN
) -> tuple[Seat, TestRecipient]:
    return _one(request, sid, TestRecipient.objects.all(), recipient_id, at_least=at_least)


def member(
    request: HttpRequest, sid: str, user_id: UUID, *, at_least: Role = Role.ADMIN
) -> tuple[Seat, Membership]:
    """The membership of the person with this public id."""
    seat = account(request, sid, at_least=at_least)
    rows = Membership.objects.select_related("account", "user")
    found = rows.filter(account=seat.account, user__public_id=user_id).first()
    if found is None:
        raise Http404
    return seat, found


def invitation(
    request: HttpRequest, sid: str, invitation_id: UUID, *, at_least: Role = Role.ADMIN
) -> tuple[Seat, Invitation]:
    rows = Invitation.objects.select_related("account", "invited_by")
    return _one(request, sid, rows, invitation_id, at_least=at_least)


def document(
    request: HttpRequest, sid: str, document_id: UUID, *, at_least: Role = Role.ADMIN
) -> tuple[Seat, CompanyDocument]:
    return _one(request, sid, CompanyDocument.objects.all(), document_id, at_least=at_least)


def review(
    request: HttpRequest, sid: str, review_id: UUID, *, at_least: Role = Role.ADMIN
) -> tuple[Seat, Review]:
    rows = Review.objects.select_related(*_REVIEW_ROWS)
    return _one(request, sid, rows, review_id, at_least=at_least)


_REVIEW_ROWS = (
    "account", "sender__connection", "template_version__template", "asked_by", "decided_by",
)  # fmt: skip
Row = TypeVar("Row", bound=Model)


def _one(
    request: HttpRequest, sid: str, rows: QuerySet[Row], public_id: UUID | str, *, at_least: Role
) -> tuple[Seat, Row]:
    seat = account(request, sid, at_least=at_least)
    if isinstance(public_id, str) and "\0" in public_id:  # PostgreSQL refuses to look for it
        raise Http404
    found = rows.filter(account=seat.account, public_id=public_id).first()
    if found is None:
        raise Http404
    return seat, found


def _who_can_help(seat: Seat, needed: Role) -> str:
    return (
        f"You are a {seat.role.label.lower()} in {seat.account.name}; this needs the role "
        f"{needed.label.lower()}. Ask {admins_in_words(seat.account)} to do it or to change your "
        "role."
    )


def admins_in_words(account: Account) -> str:
    """Whom people of the account can ask."""
    admins = Membership.objects.filter(account=account, role=Role.ADMIN).select_related("user")
    return ", ".join(str(admin.user) for admin in admins[:3]) or "the support team"
