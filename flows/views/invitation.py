"""What an invited person sees. The link's secret goes into the session, so that no address on the
way (sign-in, sign-up, this page itself) carries it any further."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from flows import access, tries
from flows.client_ip import client_ip
from flows.models import Account, Invitation, Membership, Role, User, invitations
from flows.models.refusals import Refused

SESSION_KEY = "invitation"
MOST_A_MINUTE = 30  # links that one address may try


@never_cache
@require_safe
def invitation_open(request: HttpRequest, token: str) -> HttpResponse:
    """The link itself. Unknown, used, expired and withdrawn ones look the same."""
    if tries.too_many("invitation", address=client_ip(request), most=MOST_A_MINUTE):
        answer = _gone(request, status=429)
        answer["Retry-After"] = "60"
    elif invitations.find(token):
        request.session[SESSION_KEY] = token
        answer = redirect("invitation")
    else:
        request.session.pop(SESSION_KEY, None)
        answer = _come_in_already(request, token) or _gone(request)
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Who invites to what, and the button that accepts."""
    found = invitation_of(request)
    if found is None:
        token = request.session.get(SESSION_KEY, "")
        return _come_in_already(request, token) or _gone(request)
    if request.method == "POST":
        return _accept(request, found)
    seat = _seat(request, found.account)
    asked = {"next": reverse("invitation")}
    context = {
        "invitation": found,
        "role": Role(found.role),
        "seat_there": seat,
        "is_other_address": request.user.is_authenticated and request.user.email != found.email,
        "sign_in_url": f"{reverse('sign-in')}?{urlencode(asked)}",
        "sign_up_url": f"{reverse('sign-up')}?{urlencode({**asked, 'email': found.email})}",
    }
    return render(request, "members/invitation.html", context)


def invitation_of(request: HttpRequest) -> Invitation | None:
    """The invitation that this browser came with, while it can be used."""
    token = request.session.get(SESSION_KEY)
    return invitations.find(token) if isinstance(token, str) else None


def _accept(request: HttpRequest, found: Invitation) -> HttpResponse:
    user = access.signed_in(request)
    try:
        member = invitations.accept(found, by=user)
    except Refused as refused:
        messages.info(request, refused.sentence)
        return redirect("invitation")
    request.session.pop(SESSION_KEY, None)
    messages.success(
        request, f"Welcome to {found.account.name}. Your role is {member.get_role_display()}."
    )
    return redirect("account-home", found.account.sid)


def _come_in_already(request: HttpRequest, token: str) -> HttpResponse | None:
    """Who has used the link and opens it again, or presses the button in a second tab."""
    if not isinstance(request.user, User):
        return None
    used = invitations.used_by(request.user, token)
    return redirect("account-home", used.account.sid) if used else None


def _seat(request: HttpRequest, account: Account) -> Membership | None:
    if not isinstance(request.user, User):
        return None
    return Membership.objects.filter(account=account, user=request.user).first()


def _gone(request: HttpRequest, status: int = 404) -> HttpResponse:
    return render(request, "members/invitation_gone.html", status=status)
