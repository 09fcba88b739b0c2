"""Every door of the product, as the URL resolver knows it, and who may come in.

NEEDED is the only thing written by hand; a URL without an entry fails tests/views/test_access.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from flows.models import Role

ANYONE = "anyone"
SIGNED_IN = "anyone who is signed in"
SUPPORT = "the support staff of the installation"
OWN = "the person it belongs to"
API_KEY = "whoever has an API key of the account"
FRAGMENTS = {
    "flow-preview",
    "execution-news",
    "callback-profile-example",
    "template-preview",
}  # asked for by htmx alone, never by a person

NEEDED: dict[str, Role | str] = {
    "healthz": ANYONE,
    "theme": ANYONE,
    "hook": ANYONE,  # verified by the carrier's signature or the key in the address
    "sign-in": ANYONE,
    "sign-out": ANYONE,
    "sign-up": ANYONE,
    "account_login": ANYONE,
    "account_logout": ANYONE,
    "account_signup": ANYONE,
    "account_inactive": ANYONE,
    "account_email_verification_sent": ANYONE,
    "account_reset_password": ANYONE,
    "account_reset_password_done": ANYONE,
    "account_reset_password_from_key": ANYONE,
    "account_reset_password_from_key_done": ANYONE,
    "mfa_authenticate": ANYONE,  # in the middle of signing in
    "mfa_login_webauthn": ANYONE,
    "openid_connect_login": ANYONE,
    "openid_connect_callback": ANYONE,
    "socialaccount_login_cancelled": ANYONE,
    "socialaccount_login_error": ANYONE,
    "socialaccount_signup": ANYONE,
    "me": SIGNED_IN,
    "me-name": SIGNED_IN,
    "account-create": SIGNED_IN,
    "second-factor": SIGNED_IN,
    "account_email": SIGNED_IN,
    "account_change_password": SIGNED_IN,
    "account_set_password": SIGNED_IN,
    "account_reauthenticate": SIGNED_IN,
    "mfa_index": SIGNED_IN,
    "mfa_list_webauthn": SIGNED_IN,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_reauthenticate_webauthn": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_add_webauthn": SIGNED_IN,
    "usersessions_list": SIGNED_IN,
    "socialaccount_connections": SIGNED_IN,
    "mfa_deactivate_totp": OWN,
    "mfa_view_recovery_codes": OWN,
    "mfa_download_recovery_codes": OWN,
    "mfa_edit_webauthn": OWN,
    "mfa_remove_webauthn": OWN,
    "openapi": ANYONE,
    "api-no-page": ANYONE,
    "api-invoke": API_KEY,
    "api-invocation": API_KEY,
    "api-confirm": API_KEY,
    "api-cancel": API_KEY,
    "api-reference": ANYONE,
    "home": SIGNED_IN,
    "admin-sign-in": SUPPORT,
    "account-home": Role.VIEWER,
    "flow-list": Role.VIEWER,
    "flow-detail": Role.VIEWER,
    "flow-history": Role.VIEWER,
    "flow-create": Role.MARKETER,
    "flow-edit": Role.MARKETER,
    "flow-steps": Role.MARKETER,
    "flow-step": Role.MARKETER,
    "flow-check": Role.MARKETER,
    "flow-preview": Role.MARKETER,
    "flow-discard": Role.MARKETER,
    "flow-duplicate": Role.MARKETER,
    "flow-request": Role.MARKETER,
    "flow-request-withdraw": Role.MARKETER,
    "flow-request-decline": Role.ADMIN,
    "flow-version-restore": Role.MARKETER,
    "flow-publish": Role.ADMIN,
    "flow-unpublish": Role.ADMIN,
    "flow-delete": Role.ADMIN,
    "flow-restore": Role.ADMIN,
    "flow-deleted-list": Role.VIEWER,
    "test-send": Role.TESTER,
    "execution-list": Role.VIEWER,
    "execution-export": Role.VIEWER,
    "execution-detail": Role.VIEWER,
    "execution-timeline": Role.VIEWER,
    "execution-cancel": Role.ADMIN,
    "execution-news": Role.VIEWER,
    "flow-sample": Role.MARKETER,
    "test-send-result": Role.TESTER,
    "test-target": Role.ADMIN,
    "template-list": Role.VIEWER,
    "template-detail": Role.VIEWER,
    "template-create": Role.MARKETER,
    "template-edit": Role.MARKETER,
    "template-preview": Role.MARKETER,
    "template-submit": Role.MARKETER,
    "template-withdraw": Role.MARKETER,
    "template-pause": Role.MARKETER,
    "template-resume": Role.MARKETER,
    "template-delete": Role.MARKETER,
    "template-restore": Role.MARKETER,
    "template-duplicate": Role.MARKETER,
    "rejected-call-list": Role.VIEWER,
    "rejected-call-export": Role.VIEWER,
    "api-key-list": Role.ADMIN,
    "api-key-create": Role.ADMIN,
    "api-key-edit": Role.ADMIN,
    "api-key-revoke": Role.ADMIN,
    "test-recipient-list": Role.TESTER,
    "test-recipient-create": Role.ADMIN,
    "test-recipient-edit": Role.ADMIN,
    "test-recipient-delete": Role.ADMIN,
    "test-recipient-restore": Role.ADMIN,
    "account-settings": Role.ADMIN,
    "account-revoke-keys": Role.ADMIN,
    "account-unpublish-flows": Role.ADMIN,
    "account-close": Role.ADMIN,
    "onboarding": Role.VIEWER,
    "sample-fill": Role.ADMIN,
    "sandbox-connect": Role.ADMIN,
    "fallback-request": Role.ADMIN,
    "fallback-withdraw": Role.ADMIN,
    "business-manager-edit": Role.ADMIN,
    "company-detail": Role.ADMIN,
    "company-edit": Role.ADMIN,
    "company-submit": Role.ADMIN,
    "company-withdraw": Role.ADMIN,
    "document-create": Role.ADMIN,
    "document-download": Role.ADMIN,
    "document-delete": Role.ADMIN,
    "callback-resend": Role.ADMIN,
    "member-list": Role.ADMIN,
    "member-role": Role.ADMIN,
    "member-remove": Role.ADMIN,
    "member-leave": Role.VIEWER,
    "invitation-create": Role.ADMIN,
    "invitation-renew": Role.ADMIN,
    "invitation-withdraw": Role.ADMIN,
    "invitation": ANYONE,
    "invitation-open": ANYONE,
    "audit-log": Role.ADMIN,
    "audit-export": Role.ADMIN,
    "callback-profile-list": Role.ADMIN,
    "callback-profile-create": Role.ADMIN,
    "callback-profile-example": Role.ADMIN,
    "callback-profile-detail": Role.ADMIN,
    "callback-profile-edit": Role.ADMIN,
    "callback-profile-test": Role.ADMIN,
    "callback-profile-rotate": Role.ADMIN,
    "callback-profile-end-old": Role.ADMIN,
    "callback-profile-enable": Role.ADMIN,
    "callback-profile-disable": Role.ADMIN,
    "callback-profile-delete": Role.ADMIN,
    "callback-log": Role.ADMIN,
    "callback-detail": Role.ADMIN,
    "callback-resend-lost": Role.ADMIN,
    "review-list": Role.ADMIN,
    "review-detail": Role.ADMIN,
    "review-withdraw": Role.ADMIN,
    "review-approve": Role.ADMIN,  # where the installation lets accounts answer their own
    "review-reject": Role.ADMIN,
    "support-queue": SUPPORT,
    "support-history": SUPPORT,
    "support-review": SUPPORT,
    "support-approve": SUPPORT,
    "support-reject": SUPPORT,
    "support-document": SUPPORT,
    "support-account-list": SUPPORT,
    "support-account": SUPPORT,
    "support-reopen": SUPPORT,
    "connection-list": Role.ADMIN,
    "connection-create": Role.ADMIN,
    "connection-detail": Role.ADMIN,
    "connection-edit": Role.ADMIN,
    "connection-check": Role.ADMIN,
    "connection-new-address": Role.ADMIN,
    "connection-delete": Role.ADMIN,
    "connection-senders": Role.ADMIN,
    "connection-templates": Role.ADMIN,
    "connection-sync": Role.ADMIN,
    "connection-unread": Role.ADMIN,
    "connection-self-test": Role.ADMIN,
    "sender-list": Role.MARKETER,
    "sender-detail": Role.MARKETER,
    "sender-create": Role.ADMIN,
    "sender-edit": Role.ADMIN,
    "sender-submit": Role.ADMIN,
    "sender-withdraw": Role.ADMIN,
    "sender-pause": Role.ADMIN,
    "sender-resume": Role.ADMIN,
    "sender-delete": Role.ADMIN,
    "sender-restore": Role.ADMIN,
}


@dataclass(frozen=True)
class Door:
    """One URL pattern: its name, and the names of the values in its path."""

    name: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def _doors(resolver: URLResolver, values: tuple[str, ...] = ()) -> Iterator[Door]:
    for pattern in resolver.url_patterns:
        found = (*values, *pattern.pattern.converters)
        if isinstance(pattern, URLPattern):
            yield Door(pattern.name or str(pattern.pattern), found)
        elif pattern.namespace != "admin":
            yield from _doors(pattern, found)


DOORS = tuple(_doors(get_resolver()))
