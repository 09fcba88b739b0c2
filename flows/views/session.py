"""Coming and going: sign-in, sign-up, sign-out, and the way from `/` to the account last used."""

from typing import Any

from allauth.account import views as allauth
from allauth.socialaccount.adapter import get_adapter as providers
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from flows import access
from flows.models import Account, Invitation
from flows.sign_in import is_inside

from .invitation import invitation_of
from .middleware import LastAccountMiddleware
from .pages import page


class SignIn(allauth.LoginView):  # type: ignore[misc]
    """The sign-in page; `next` is followed only inside this installation."""

    template_name = "session/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().get_context_data(**kwargs)
        return {
            **shown,
            "next": self.get_next_url() or "",
            "providers": providers(self.request).list_providers(self.request),
            "is_sign_up_open": settings.SIGN_UP_OPEN,
        }


class SignUp(allauth.SignupView):  # type: ignore[misc]
    """For whoever comes when sign-up is open; for who was invited, always."""

    template_name = "session/sign_up.html"

    def is_open(self) -> bool:
        return settings.SIGN_UP_OPEN or self.invitation is not None

    def closed(self) -> HttpResponse:
        return render(self.request, "session/sign_up_closed.html", status=403)

    @property
    def invitation(self) -> Invitation | None:
        return invitation_of(self.request)

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_form_kwargs()
        return {**kwargs, "is_invited": self.invitation is not None}

    def get_initial(self) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_initial()
        invitation = self.invitation
        return {**initial, "email": invitation.email} if invitation else initial

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().get_context_data(**kwargs)
        return {**shown, "next": self.get_next_url() or "", "invitation": self.invitation}


sign_in = page(SignIn.as_view())
sign_up = page(SignUp.as_view())


@never_cache
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django's admin has no sign-in of its own: there is one, and it counts the tries."""
    access.support(request)
    after = request.GET.get("next", "")
    return redirect(after if is_inside(request, after) else "admin:index")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")


def home(request: HttpRequest) -> HttpResponse:
    """The account last used, else the first by name, else the support desk or a page saying so."""
    user = access.signed_in(request)
    accounts = Account.objects.filter(memberships__user=user, closed_at=None).order_by("name")
    last = request.COOKIES.get(LastAccountMiddleware.COOKIE, "")
    account = accounts.filter(sid=last).first() if last.isalnum() else None
    account = account or accounts.first()
    if account is None and user.is_staff:
        return redirect("support-queue")
    if account is None:
        shown = {"is_sign_up_open": settings.SIGN_UP_OPEN}
        return render(request, "session/no_account.html", shown)
    return redirect("account-home", sid=account.sid)
