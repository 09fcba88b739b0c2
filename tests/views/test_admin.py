"""Django's admin for support: what it can do, that it is logged, and that it shows no secret."""

import json
import re
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.test import Client
from django.urls import reverse

from flows.models import (
    Account,
    ApiKey,
    AssetStatus,
    AuditEntry,
    CallbackProfile,
    Connection,
    Execution,
    Flow,
    KeyKind,
    KycStatus,
    Membership,
    RejectedCall,
    Role,
    Template,
    TestRecipient,
    User,
)
from flows.placeholders import Channel
from tests import cast

MODELS = sorted(
    model._meta.model_name or ""
    for model in django_admin.site._registry
    if model._meta.app_label == "flows"
)


@pytest.fixture
def support(db: None) -> User:
    return User.objects.create_superuser("support@fallback.example", cast.PASSWORD)


@pytest.fixture
def as_support(support: User) -> Client:
    client = Client()
    client.force_login(support)
    return client


@pytest.fixture
def everything(account: Account, published_flow: Flow) -> Account:
    """One row of each kind, with every secret that there is."""
    connection = Connection.objects.get(account=account)
    connection.config = {"token": "carrier-secret"}
    connection.save()
    profile = cast.make_callback_profile(account)
    profile.basic_auth = "user:basic-secret"
    profile.save()
    cast.make_key(account, KeyKind.LIVE)
    cast.make_execution(published_flow)
    TestRecipient.objects.create(account=account, name="Office", number=cast.RECIPIENT)
    RejectedCall.objects.create(
        account=account,
        public_id="x" * 22,
        workflow_id="w",
        status=400,
        errors=["It is wrong."],
        created_at=published_flow.created_at,
    )
    account.test_target_key = "target-secret"
    account.save()
    return account


def secrets_of(account: Account) -> list[str]:
    key, profile = account.api_keys.get(), account.callback_profiles.get()
    connection = account.connections.get()
    return [
        key.secret_hash,
        profile.secret,
        profile.secret_encrypted,
        profile.basic_auth_encrypted,
        "basic-secret",
        connection.config_encrypted,
        "carrier-secret",
        account.test_target_key_encrypted,
        "target-secret",
    ]


def run(client: Client, model: str, action: str, *rows: Any) -> Any:
    return client.post(
        reverse(f"admin:flows_{model}_changelist"),
        {"action": action, "_selected_action": [row.pk for row in rows]},
        follow=True,
    )


def shown(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.parametrize("model", MODELS)
def test_every_page_opens_and_shows_no_secret(
    as_support: Client, everything: Account, model: str
) -> None:
    pages = [reverse(f"admin:flows_{model}_changelist") + "?q=a"]
    registered = next(
        found for found in django_admin.site._registry if found._meta.model_name == model
    )
    pages.append(reverse(f"admin:flows_{model}_changelist"))
    for row in registered._default_manager.all()[:3]:
        pages.append(reverse(f"admin:flows_{model}_change", args=[row.pk]))
    if django_admin.site._registry[registered].has_add_permission(
        type("Request", (), {"user": User(is_superuser=True, is_active=True)})()
    ):
        pages.append(reverse(f"admin:flows_{model}_add"))
    assert len(pages) > 2
    for page in pages:
        answer = as_support.get(page)
        assert answer.status_code == 200, page
        text = shown(answer)
        assert not [secret for secret in secrets_of(everything) if secret in text], page
        assert "style=" not in text.replace("data-style=", ""), page
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text), page


def test_only_support_staff_comes_in(as_admin: Client, anonymous: Client) -> None:
    for client in (as_admin, anonymous):
        answer = client.get(reverse("admin:flows_account_changelist"))
        assert answer.status_code == 302
        assert "/admin/login/" in answer["Location"]


def test_staff_without_the_permission_is_refused(account: Account) -> None:
    user = User.objects.create_user("new@fallback.example", cast.PASSWORD, is_staff=True)
    client = Client()
    client.force_login(user)
    assert client.get(reverse("admin:flows_apikey_changelist")).status_code == 403


# --- Accounts -------------------------------------------------------------------------------------


def test_support_approves_kyc_and_enables_fallback(
    as_support: Client, support: User, bare_account: Account
) -> None:
    run(as_support, "account", "approve_kyc", bare_account)
    run(as_support, "account", "enable_fallback", bare_account)
    bare_account.refresh_from_db()
    assert bare_account.kyc_status == KycStatus.APPROVED
    assert bare_account.fallback_enabled_at is not None
    entries = list(AuditEntry.objects.filter(account=bare_account).order_by("id"))
    assert [entry.actor for entry in entries] == [support, support]
    assert entries[0].before == {"kyc_status": "to_do"}
    assert entries[0].after == {"kyc_status": "approved"}
    assert entries[1].before == {"fallback_enabled_at": None}


def test_enabling_again_keeps_the_first_time(as_support: Client, account: Account) -> None:
    before = account.fallback_enabled_at
    run(as_support, "account", "enable_fallback", account)
    account.refresh_from_db()
    assert account.fallback_enabled_at == before
    assert not AuditEntry.objects.exists()


# --- API keys -------------------------------------------------------------------------------------


def issue(client: Client, account: Account, **fields: str) -> Any:
    given = {"account": account.pk, "name": "Shop", "kind": "live", "ip_ranges": "", **fields}
    return client.post(reverse("admin:flows_apikey_add"), given, follow=True)


def test_secret_of_a_new_key_is_shown_once_and_works(
    as_support: Client, support: User, account: Account
) -> None:
    answer = issue(as_support, account, ip_ranges="127.0.0.1\n 203.0.113.7/24 \n")
    found = re.search(r"\bA[0-9a-f]{32}\b", shown(answer))
    assert found is not None
    key = ApiKey.objects.get()
    assert (key.account, key.kind, key.created_by) == (account, KeyKind.LIVE, support)
    assert key.ip_ranges == ["127.0.0.1/32", "203.0.113.0/24"]
    assert key.matches(found.group())
    path = f"/v1/{account.sid}/workflow/v1/invocations/{'a' * 22}"
    assert Client().get(path, headers={"api-key": found.group()}).status_code == 404
    again = as_support.get(reverse("admin:flows_apikey_change", args=[key.pk]))
    assert found.group() not in shown(again)
    entry = AuditEntry.objects.get()
    assert entry.action == "apikey.create"
    assert found.group() not in json.dumps([entry.before, entry.after])


def test_a_range_that_is_none_is_refused(as_support: Client, account: Account) -> None:
    answer = issue(as_support, account, ip_ranges="office")
    assert "“office” is neither an IP address nor a range." in shown(answer)
    assert not ApiKey.objects.exists()


def test_kind_and_account_of_a_key_are_fixed(
    as_support: Client, account: Account, bare_account: Account
) -> None:
    key, _ = cast.make_key(account, KeyKind.TEST)
    page = reverse("admin:flows_apikey_change", args=[key.pk])
    given = {"name": "Renamed", "ip_ranges": "", "kind": "live", "account": bare_account.pk}
    assert as_support.post(page, given).status_code == 302
    changed = ApiKey.objects.get()
    assert (changed.name, changed.kind, changed.account) == ("Renamed", KeyKind.TEST, account)
    assert changed.secret_hash == key.secret_hash


def test_revoked_key_stays_in_the_list(as_support: Client, account: Account) -> None:
    key, _ = cast.make_key(account, KeyKind.LIVE)
    run(as_support, "apikey", "revoke", key)
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert AuditEntry.objects.get().action == "apikey.revoke"


def test_keys_of_test_sends_are_not_shown(as_support: Client, account: Account) -> None:
    cast.make_key(account, KeyKind.TEST, name="Hidden", is_for_test_send=True)
    assert "Hidden" not in shown(as_support.get(reverse("admin:flows_apikey_changelist")))


# --- Assets and callback profiles -----------------------------------------------------------------


def test_approving_clears_the_reason(as_support: Client, account: Account) -> None:
    template = cast.make_template(
        account, Channel.SMS, status=AssetStatus.REJECTED, status_reason="No sender name."
    )
    run(as_support, "template", "approve", template)
    template.refresh_from_db()
    assert (template.status, template.status_reason) == (AssetStatus.APPROVED, "")
    assert AuditEntry.objects.get().action == "template.approve"


TEMPLATE_FIELDS = (
    *("channel", "name", "kind", "language", "category", "header_kind", "header_text", "body"),
    *("footer", "dlt_template_id", "status", "status_reason"),
)


def template_fields(template: Template, **changes: Any) -> dict[str, Any]:
    """What the page of the template posts when nothing is changed."""
    fields = {name: getattr(template, name) for name in TEMPLATE_FIELDS}
    return {**fields, "account": template.account_id, "buttons": "[]", "samples": "{}", **changes}


def test_rejecting_needs_a_reason(as_support: Client, account: Account) -> None:
    template = cast.make_template(account, Channel.SMS)
    page = reverse("admin:flows_template_change", args=[template.pk])
    answer = as_support.post(page, template_fields(template, status="rejected"))
    assert "Say why it is rejected." in shown(answer)
    given = template_fields(template, status="rejected", status_reason="No opt-out.")
    assert as_support.post(page, given).status_code == 302
    template.refresh_from_db()
    assert (template.status, template.version) == (AssetStatus.REJECTED, 1)


def test_changing_the_text_makes_the_next_version(as_support: Client, account: Account) -> None:
    template = cast.make_template(account, Channel.SMS)
    page = reverse("admin:flows_template_change", args=[template.pk])
    assert as_support.post(page, template_fields(template, body="New text")).status_code == 302
    template.refresh_from_db()
    assert (template.body, template.version) == ("New text", 2)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "text"}, "Choose a kind of this channel."),
        ({"buttons": '[{"kind": "url"}]'}, "Enter a list like"),
        ({"buttons": "5"}, "Enter a list like"),
    ],
)
def test_template_that_cannot_be_is_refused(
    as_support: Client, account: Account, changes: dict[str, str], sentence: str
) -> None:
    template = cast.make_template(account, Channel.SMS)
    page = reverse("admin:flows_template_change", args=[template.pk])
    assert sentence in shown(as_support.post(page, template_fields(template, **changes)))


def test_names_on_whatsapp_are_lower_case(as_support: Client, account: Account) -> None:
    template = cast.make_template(account, Channel.WHATSAPP)
    page = reverse("admin:flows_template_change", args=[template.pk])
    answer = as_support.post(page, template_fields(template, name="Order update"))
    assert "Use lower-case letters, digits and _ only." in shown(answer)


def test_an_asset_stays_in_its_account_and_channel(
    as_support: Client, account: Account, bare_account: Account
) -> None:
    template = cast.make_template(account, Channel.SMS)
    page = reverse("admin:flows_template_change", args=[template.pk])
    given = template_fields(template, account=bare_account.pk, channel="whatsapp", footer="x")
    assert as_support.post(page, given).status_code == 302
    template.refresh_from_db()
    assert (template.account, template.channel, template.footer) == (account, Channel.SMS, "x")


def test_sender_of_whatsapp_is_a_number_with_a_generation(
    as_support: Client, account: Account, bare_account: Account
) -> None:
    connection = cast.make_connection(bare_account)
    given = {
        "account": account.pk,
        "connection": connection.pk,
        "channel": "whatsapp",
        "identifier": "+91",
        "status": "pending",
    }
    text = shown(as_support.post(reverse("admin:flows_sender_add"), given))
    assert "Leave out the +" in text
    assert "Choose V1 or V2" in text
    assert "Choose a connection of the same account." in text


def test_configuration_of_a_connection_is_kept_when_left_empty(
    as_support: Client, account: Account
) -> None:
    page = reverse("admin:flows_connection_add")
    given = {"account": account.pk, "connector": "sandbox", "name": "Carrier"}
    assert as_support.post(page, {**given, "config": '{"token": "t-1"}'}).status_code == 302
    connection = Connection.objects.get()
    assert connection.config == {"token": "t-1"}
    page = reverse("admin:flows_connection_change", args=[connection.pk])
    assert as_support.post(page, {**given, "name": "Renamed", "config": ""}).status_code == 302
    connection.refresh_from_db()
    assert (connection.name, connection.config) == ("Renamed", {"token": "t-1"})
    assert "t-1" not in json.dumps(list(AuditEntry.objects.values("before", "after")))
    assert "This is not JSON." in shown(as_support.post(page, {**given, "config": "{"}))


def test_signing_secret_is_shown_when_made_and_when_rotated(
    as_support: Client, account: Account, settings: Any
) -> None:
    settings.CALLBACK_ALLOW_PRIVATE = True
    given = {
        "account": account.pk,
        "title": "Orders",
        "url": "http://127.0.0.1:9/",
        "headers": "{}",
        "enabled": "on",
        "basic_auth": "user:secret",
    }
    answer = as_support.post(reverse("admin:flows_callbackprofile_add"), given, follow=True)
    profile = CallbackProfile.objects.get()
    first = profile.secret
    assert first in shown(answer).replace("&#x27;", "'")
    assert profile.basic_auth == "user:secret"
    assert profile.public_id.startswith(f"{account.region}_")
    answer = run(as_support, "callbackprofile", "rotate_secret", profile)
    profile.refresh_from_db()
    assert profile.secret != first
    assert profile.secret in shown(answer)
    assert "user:secret" not in json.dumps(list(AuditEntry.objects.values("before", "after")))


def test_private_callback_address_is_refused(as_support: Client, account: Account) -> None:
    given = {"account": account.pk, "title": "O", "url": "http://127.0.0.1:9/", "headers": "{}"}
    answer = as_support.post(reverse("admin:flows_callbackprofile_add"), given)
    assert "is not on the public internet" in shown(answer)


# --- People ---------------------------------------------------------------------------------------


def test_support_makes_a_person_and_gives_a_seat(
    as_support: Client, account: Account, admin: User
) -> None:
    given = {
        "email": "Mira@Acme.Example",
        "usable_password": "true",
        "password1": "quite-a-good-one-7",
        "password2": "quite-a-good-one-7",
    }
    assert as_support.post(reverse("admin:flows_user_add"), given).status_code == 302
    user = User.objects.get(email="mira@acme.example")
    assert user.check_password("quite-a-good-one-7")
    seat = {"account": account.pk, "user": user.pk, "role": "marketer"}
    assert as_support.post(reverse("admin:flows_membership_add"), seat).status_code == 302
    membership = Membership.objects.get(user=user)
    assert membership.role == Role.MARKETER
    page = reverse("admin:flows_membership_delete", args=[membership.pk])
    assert as_support.post(page, {"post": "yes"}).status_code == 302
    assert not Membership.objects.filter(user=user).exists()
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["membership.create", "membership.delete"]


# --- What happened --------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["execution", "rejectedcall", "auditentry"])
def test_what_happened_can_only_be_read(
    as_support: Client, everything: Account, model: str
) -> None:
    assert as_support.get(reverse(f"admin:flows_{model}_add")).status_code == 403
    if model == "execution":
        execution = Execution.objects.get()
        page = reverse("admin:flows_execution_change", args=[execution.pk])
        text = shown(as_support.get(page))
        assert cast.RECIPIENT not in text
        assert cast.PARAMS["2"] not in text
        assert as_support.post(page, {"state": "ended"}).status_code == 403
        delete = reverse("admin:flows_execution_delete", args=[execution.pk])
        assert as_support.post(delete, {"post": "yes"}).status_code == 403
