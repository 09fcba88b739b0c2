"""A person's own sign-in: name, address, password, second factor, passkeys, sessions."""

from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth as webauthn_options
from allauth.socialaccount.adapter import get_adapter as providers
from allauth.usersessions import views as sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy

from flows import access
from flows.forms.me import NameForm
from flows.models import User

from .browsers import browser_in_words
from .pages import my_page, page

Shown = dict[str, Any]


def _me(request: HttpRequest) -> HttpResponse:
    user = access.signed_in(request)
    own = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    by_kind = {one.type: one for one in own}
    codes = by_kind.get(Authenticator.Type.RECOVERY_CODES)
    shown = {
        "authenticator": by_kind.get(Authenticator.Type.TOTP),
        "passkeys": [one for one in own if one.type == Authenticator.Type.WEBAUTHN],
        "has_codes": codes is not None,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "session_count": len(UserSession.objects.purge_and_list(user)),
        "providers": _providers(request),
        "onward": access.onward(request),
    }
    return render(request, "me/page.html", shown)


def _name(request: HttpRequest) -> HttpResponse:
    user = access.signed_in(request)
    now = {"first_name": user.first_name, "last_name": user.last_name}
    form = NameForm(request.POST if request.method == "POST" else None, initial=now)
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=user.pk).update(**form.cleaned_data)
        messages.success(request, "Your name was changed.")
        return redirect("me")
    status = 422 if form.is_bound else 200
    return render(request, "me/name.html", {"form": form}, status=status)


def _second_factor(request: HttpRequest) -> HttpResponse:
    """Where somebody is led who lacks what the account, or the support desk, asks for."""
    user = access.signed_in(request)
    onward = access.onward(request)
    if access.has_second_factor(user):
        return redirect(onward.path if onward else "me")
    return render(request, "me/second_factor.html", {"onward": onward})


def _providers(request: HttpRequest) -> list[Any]:
    return list(providers(request).list_providers(request))


class Email(account.EmailView):  # type: ignore[misc]
    success_url = reverse_lazy("me")


class Codes(recovery_codes.ViewRecoveryCodesView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> Shown:
        return {**super().get_context_data(**kwargs), "onward": access.onward(self.request)}


class Authenticate(second_factor.AuthenticateView):  # type: ignore[misc]
    """The second step of signing in: a code, or a passkey when the person has one."""

    def get_context_data(self, **kwargs: Any) -> Shown:
        shown: Shown = super().get_context_data(**kwargs)
        types = Authenticator.objects.filter(user=self.stage.login.user)
        kinds = set(types.values_list("type", flat=True))
        has_code = bool(kinds & {Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES})
        faults = self.webauthn_form.errors.get("credential", []) if self.webauthn_form else []
        return {
            **shown,
            "has_code": has_code,
            "has_passkey": Authenticator.Type.WEBAUTHN in kinds,
            "problems": [{"message": fault} for fault in faults],
        }


class PasskeyAgain(webauthn.ReauthenticateWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: BaseForm) -> HttpResponse:
        for fault in form.errors.get("credential", []):
            messages.error(self.request, str(fault))
        return redirect(self.request.get_full_path())


class AddPasskey(webauthn.AddWebAuthnView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> Shown:
        shown: Shown = super().get_context_data(**kwargs)
        options = webauthn_options.begin_registration(access.signed_in(self.request), True)
        shown["form"] = kwargs.get("form", shown["form"])
        return {**shown, "js_data": {"creation_options": options}}


class Sessions(sessions.ListUserSessionsView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> Shown:
        shown: Shown = super().get_context_data(**kwargs)
        for session in shown["sessions"]:
            session.browser = browser_in_words(session.user_agent)
        return shown


def _success(view: type, url_name: str) -> type:
    """A passkey lives on the person's page, so that is where its forms lead back to."""
    return type(view.__name__, (view,), {"get_success_url": lambda _self: reverse(url_name)})


me = my_page(_me)
name = my_page(_name)
second_factor_needed = my_page(_second_factor)
email = my_page(Email.as_view())
change_password = my_page(account.password_change)
set_password = my_page(account.password_set)
password_again = my_page(account.reauthenticate)
code_again = my_page(second_factor.reauthenticate)
passkey_again = my_page(PasskeyAgain.as_view())
add_authenticator = my_page(totp.activate_totp)
remove_authenticator = my_page(totp.deactivate_totp)
view_codes = my_page(Codes.as_view())
make_codes = my_page(recovery_codes.generate_recovery_codes)
download_codes = my_page(recovery_codes.download_recovery_codes)
add_passkey = my_page(AddPasskey.as_view())
rename_passkey = my_page(_success(webauthn.EditWebAuthnView, "me").as_view())  # type: ignore[attr-defined]
remove_passkey = my_page(_success(webauthn.RemoveWebAuthnView, "me").as_view())  # type: ignore[attr-defined]
list_sessions = my_page(Sessions.as_view())
authenticate = page(Authenticate.as_view())
