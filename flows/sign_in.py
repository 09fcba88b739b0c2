"""Where django-allauth asks us: addresses of callers, links in e-mails, secrets, words.

The pages are flows/views/me_urls.py; what is written down about changes, security_events.py.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from flows import tries
from flows.client_ip import client_ip
from flows.models import User
from flows.models.letters import link
from flows.models.secret import decrypt, encrypt

NO_ADDRESS = "::"  # a request through a socket file comes from none
# What allauth would say in its own words; whatever is not listed is not said at all.
SAID = {
    "account/messages/password_changed.txt": "Your password was changed.",
    "account/messages/password_set.txt": "You can sign in with your password now.",
    "account/messages/email_confirmed.txt": "Your email address is confirmed.",
    "account/messages/email_confirmation_failed.txt": "Somebody else uses this email address.",
    "mfa/messages/totp_activated.txt": "Your authenticator app is set up.",
    "mfa/messages/totp_deactivated.txt": "Your authenticator app was removed.",
    "mfa/messages/recovery_codes_generated.txt": "You have new recovery codes. Keep them safe.",
    "mfa/messages/webauthn_added.txt": "The passkey was added.",
    "mfa/messages/webauthn_removed.txt": "The passkey was removed.",
    "usersessions/messages/sessions_logged_out.txt": "You are signed out everywhere else.",
    "socialaccount/messages/account_connected.txt": "Connected.",
    "socialaccount/messages/account_disconnected.txt": "Disconnected.",
}

# The ways in which somebody proves once more who they are.
AGAIN = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


def is_inside(request: HttpRequest, url: str) -> bool:
    """Whether `next` may be followed: a path of this installation, nothing with a host in it."""
    hosts = {request.get_host()}
    return url.startswith("/") and url_has_allowed_host_and_scheme(
        url, allowed_hosts=hosts, require_https=request.is_secure()
    )


def is_proved(email: str) -> bool:
    """Whether somebody here has this address for certain: by a code, or because support says so."""
    return bool(EmailAddress.objects.filter(email__iexact=email, verified=True).exists())


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": (
            "The email or the password is not right. Check both and try again."
        ),
        "email_taken": "Somebody has this email address already. Sign in, or use another one.",
        "duplicate_email": "This is your email address already. Enter another one.",
        "enter_current_password": "This is not your current password",
        "incorrect_password": "This is not your password",
        "incorrect_code": "This code is not right. Check it and try again.",
        "rate_limited": "Too many tries. Wait a minute, then try again.",
        "too_many_login_attempts": "Too many tries. Wait a minute, then try again.",
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or NO_ADDRESS

    def is_safe_url(self, url: str) -> bool:
        return is_inside(self.request, url)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Every try of a password is counted here, wherever it is asked for."""
        email = str(credentials.get("email", "")).strip().lower()
        if tries.used_up(address=client_ip(request), email=email):
            raise self.validation_error("too_many_login_attempts")

    def save_user(
        self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True
    ) -> User:
        user.first_name = form.cleaned_data.get("name", "")
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def get_reset_password_from_key_url(self, key: str) -> str:
        """As somebody outside must write it, whatever host name this request used."""
        uid, _, token = key.partition("-")
        return link(reverse("account_reset_password_from_key", args=[uid, token]))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, {**context, "site": settings.PUBLIC_BASE_URL})

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [{**method, "description": AGAIN[method["id"]]} for method in methods]

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("me")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        return reverse("me" if self.request.user.is_authenticated else "sign-in")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        words = message or SAID.get(message_template or "", "")
        if words:
            level = messages.SUCCESS if message_template and level < messages.ERROR else level
            messages.add_message(request, level, words)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right. Check it and try again.",
        "unverified_email": "Confirm your email address first.",
    }

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        made = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {made + 1}" if made else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        found: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**found, "name": "Fallback"}


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The company's own sign-in (OpenID Connect); it is there when OIDC_ISSUER is set."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """A newcomer gets no account by this, only a way to be invited into one."""
        return True

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Without a mail server nobody proves the address they type: whoever typed this one before
        its owner came would share the owner's sign-in, by a passkey for example."""
        proved = settings.SENDS_MAIL or is_proved(email)
        return proved and bool(super().can_authenticate_by_email(login, email))

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        for address in sociallogin.email_addresses:  # some providers write "false" in quotes
            address.verified = address.verified in (True, "true")
        user.first_name = user.first_name or str(data.get("name") or "")[:150]
        return user
