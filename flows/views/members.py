"""The people of an account: who is in it and as what; changing a role, removing, leaving."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from flows import access
from flows.access import Seat
from flows.forms.members import RoleForm, SureForm
from flows.models import Invitation, Membership, Role, invitations, members
from flows.models.refusals import Refused

from .deeds import asking
from .second_factors import who_has_one
from .wizard_saving import posted_to

STAYS = (
    "API keys they made go on working, flows and versions keep their name, and the audit log "
    "keeps what they did."
)


@require_safe
def member_list(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    people = list(
        Membership.objects.filter(account=seat.account)
        .select_related("user")
        .order_by("user__first_name", "user__email")
    )
    waiting = invitations.open_invitations(seat.account).select_related("invited_by")
    context = {
        "members": people,
        "invitations": waiting.order_by("-created_at"),
        "with_second_factor": who_has_one([member.user for member in people]),
        "sends_mail": settings.SENDS_MAIL,
    }
    return render(request, "members/list.html", context)


@asking
def member_role(request: HttpRequest, sid: str, user_id: UUID) -> HttpResponse:
    seat, member = access.member(request, sid, user_id, at_least=Role.ADMIN)
    form = RoleForm(posted_to(request), initial={"role": member.role})
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "member": member, "is_self": member.user == seat.user}
        status = 422 if request.method == "POST" else 200
        return render(request, "members/role.html", context, status=status)
    role = Role(form.cleaned_data["role"])
    gives_up = member.user == seat.user and not role.reaches(Role.ADMIN)
    if gives_up and request.POST.get("sure") != "yes":
        return _ask_to_give_up(request, seat, member, role)
    try:
        members.change_role(member, role, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"{member.user} is {_a(role)} now.")
    return redirect("account-home" if gives_up else "member-list", sid)


def _ask_to_give_up(
    request: HttpRequest, seat: Seat, member: Membership, role: Role
) -> HttpResponse:
    if members.is_only_admin(member):
        messages.error(request, members.LastAdmin(seat.account).sentence)
        return redirect("member-list", seat.account.sid)
    return _ask(
        request,
        seat,
        title="Give up being an admin?",
        sentence=f"You would be {_a(role)} and could not change people, keys or settings any more. "
        "Only another admin can make you one again.",
        action=f"Become {_a(role)}",
        form=SureForm(initial={"role": role.value, "sure": "yes"}),
    )


@asking
def member_remove(request: HttpRequest, sid: str, user_id: UUID) -> HttpResponse:
    seat, member = access.member(request, sid, user_id, at_least=Role.ADMIN)
    if member.user == seat.user:
        return redirect("member-leave", sid)
    if request.method != "POST":
        return _ask(
            request,
            seat,
            title=f"Remove {member.user} from {seat.account.name}?",
            sentence=f"They lose access at once. {STAYS} {_links_of(member)}".strip(),
            action="Remove",
        )
    try:
        members.remove(member, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"{member.user} is not in this account any more.")
    return redirect("member-list", sid)


@asking
def member_leave(request: HttpRequest, sid: str) -> HttpResponse:
    """Anybody may go, but the last admin."""
    seat = access.account(request, sid)
    member = Membership.objects.select_related("account", "user").get(
        account=seat.account, user=seat.user
    )
    if request.method != "POST":
        return _ask(
            request,
            seat,
            title=f"Leave {seat.account.name}?",
            sentence="You lose access at once; an admin can invite you again. What you made stays, "
            f"with your name. {_links_of(member, 'you')}".strip(),
            action="Leave the account",
            cancel="Stay",
            cancel_url=reverse("account-home", args=[sid]),
        )
    try:
        members.leave(member)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("member-list" if seat.is_admin else "account-home", sid)
    messages.success(request, f"You have left {seat.account.name}.")
    return redirect("home")


def _links_of(member: Membership, who: str = "they") -> str:
    waiting = Invitation.objects.filter(
        account=member.account, invited_by=member.user, accepted_at=None, withdrawn_at=None
    )
    return f"Invitations {who} sent and nobody has used stop working." if waiting.exists() else ""


def _ask(request: HttpRequest, seat: Seat, **words: Any) -> HttpResponse:
    back = reverse("member-list", args=[seat.account.sid])
    return render(request, "confirm.html", {"danger": True, "cancel_url": back, **words})


def _a(role: Role) -> str:
    return f"{'an' if role == Role.ADMIN else 'a'} {role.label.lower()}"
