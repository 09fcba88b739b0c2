"""Sign-in, sign-up and a person's own security. allauth finds its pages by its own names, so they
are the names here; templates and tests use `sign-in`, `sign-out`, `sign-up` and `me`."""

from allauth.account import views as account
from allauth.mfa.webauthn import views as webauthn
from django.urls import path, re_path

from . import me, new_account, providers, session
from .pages import page

urlpatterns = [
    # Coming and going.
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-in/", session.sign_in, name="account_login"),
    path("sign-in/code/", me.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey/", page(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("sign-in/inactive/", page(account.account_inactive), name="account_inactive"),
    path("sign-in/with/cancelled/", providers.cancelled, name="socialaccount_login_cancelled"),
    path("sign-in/with/failed/", providers.failed, name="socialaccount_login_error"),
    path("sign-in/with/sign-up/", providers.sign_up, name="socialaccount_signup"),
    path("sign-in/with/<slug:provider_id>/", providers.leave, name="openid_connect_login"),
    path(
        "sign-in/with/<slug:provider_id>/back/", providers.come_back, name="openid_connect_callback"
    ),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("sign-out/", session.sign_out, name="account_logout"),
    path("sign-up/", session.sign_up, name="sign-up"),
    path("sign-up/", session.sign_up, name="account_signup"),
    path(
        "confirm-email/",
        page(account.email_verification_sent),
        name="account_email_verification_sent",
    ),
    path("password/reset/", page(account.password_reset), name="account_reset_password"),
    path(
        "password/reset/sent/",
        page(account.password_reset_done),
        name="account_reset_password_done",
    ),
    path(
        "password/reset/done/",
        page(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[\w-]+)/$",
        page(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    # Me.
    path("me/", me.me, name="me"),
    path("me/", me.me, name="mfa_index"),
    path("me/", me.me, name="mfa_list_webauthn"),
    path("me/account/new/", new_account.create, name="account-create"),
    path("me/name/", me.name, name="me-name"),
    path("me/email/", me.email, name="account_email"),
    path("me/password/", me.change_password, name="account_change_password"),
    path("me/password/first/", me.set_password, name="account_set_password"),
    path("me/again/", me.password_again, name="account_reauthenticate"),
    path("me/again/code/", me.code_again, name="mfa_reauthenticate"),
    path("me/again/passkey/", me.passkey_again, name="mfa_reauthenticate_webauthn"),
    path("me/second-factor/", me.second_factor_needed, name="second-factor"),
    path("me/authenticator/", me.add_authenticator, name="mfa_activate_totp"),
    path("me/authenticator/remove/", me.remove_authenticator, name="mfa_deactivate_totp"),
    path("me/recovery-codes/", me.view_codes, name="mfa_view_recovery_codes"),
    path("me/recovery-codes/new/", me.make_codes, name="mfa_generate_recovery_codes"),
    path("me/recovery-codes/file/", me.download_codes, name="mfa_download_recovery_codes"),
    path("me/passkeys/new/", me.add_passkey, name="mfa_add_webauthn"),
    path("me/passkeys/<int:pk>/", me.rename_passkey, name="mfa_edit_webauthn"),
    path("me/passkeys/<int:pk>/remove/", me.remove_passkey, name="mfa_remove_webauthn"),
    path("me/sessions/", me.list_sessions, name="usersessions_list"),
    path("me/providers/", providers.connections, name="socialaccount_connections"),
]
