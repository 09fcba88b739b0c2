"""Django's admin for support: what it can do, that it is logged, and that it shows no secret."""

import json
import re
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.admin.assets import ConnectionAdmin
from flows.models import (
    Account,
    ApiKey,
    AssetStatus,
    AuditEntry,
    Connection,
    Decision,
    Execution,
    Flow,
    KeyKind,
    KycStatus,
    Membership,
    RejectedCall,
    ReviewKind,
    Role,
    Sender,
    Template,
    TestRecipient,
    User,
)
from flows.placeholders import Channel
from flows.views.connection_words import history
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
    review = cast.make_review(bare_account, ReviewKind.KYC, by=support)
    run(as_support, "account", "approve_kyc", bare_account)
    run(as_support, "account", "enable_fallback", bare_account)
    bare_account.refresh_from_db()
    review.refresh_from_db()
    assert (review.decision, review.decided_by) == (Decision.APPROVED, support)
    assert bare_account.kyc_status == KycStatus.APPROVED
    assert bare_account.fallback_enabled_at is not None
    entries = list(AuditEntry.objects.filter(account=bare_account).order_by("id"))
    assert [entry.action for entry in entries] == [
        "company.submit", "company.approve", "account.change",
    ]  # fmt: skip
    assert {entry.actor for entry in entries} == {support}
    assert entries[2].before == {"fallback_enabled_at": None}


def test_enabling_answers_who_has_asked(
    as_support: Client, support: User, bare_account: Account
) -> None:
    review = cast.make_review(bare_account, ReviewKind.FALLBACK, by=support)
    run(as_support, "account", "enable_fallback", bare_account)
    bare_account.refresh_from_db()
    review.refresh_from_db()
    assert review.decision == Decision.APPROVED
    assert bare_account.fallback_enabled_at is not None


def test_kyc_is_not_approved_unasked(as_support: Client, bare_account: Account) -> None:
    answer = run(as_support, "account", "approve_kyc", bare_account)
    assert "the account has to ask first" in shown(answer)
    page = reverse("admin:flows_account_change", args=[bare_account.pk])
    given = {"name": "N", "region": "IN", "time_zone": "UTC", "retention_days": 90}
    given |= {"kyc_status": "approved", "business_manager_id": ""}
    assert as_support.post(page, given).status_code == 302
    bare_account.refresh_from_db()
    assert (bare_account.name, bare_account.kyc_status) == ("N", KycStatus.TO_DO)


def test_enabling_again_keeps_the_first_time(as_support: Client, account: Account) -> None:
    before = account.fallback_enabled_at
    run(as_support, "account", "enable_fallback", account)
    account.refresh_from_db()
    assert account.fallback_enabled_at == before
    assert not AuditEntry.objects.exists()


# --- API keys -------------------------------------------------------------------------------------


def test_keys_are_made_on_the_account_s_own_page_only(as_support: Client, account: Account) -> None:
    """Its answer shows the secret once; here it would travel through a message."""
    key, _ = cast.make_key(account, KeyKind.TEST)
    given = {"account": account.pk, "name": "Shop", "kind": "live", "ip_ranges": ""}
    assert as_support.post(reverse("admin:flows_apikey_add"), given).status_code == 403
    page = reverse("admin:flows_apikey_change", args=[key.pk])
    assert key.prefix in shown(as_support.get(page))
    assert as_support.post(page, {"name": "Renamed"}).status_code == 403
    assert ApiKey.objects.get().name == key.name


def test_revoking_twice_writes_one_entry(as_support: Client, account: Account) -> None:
    key, _ = cast.make_key(account, KeyKind.LIVE)
    run(as_support, "apikey", "revoke", key)
    run(as_support, "apikey", "revoke", key)
    assert AuditEntry.objects.filter(action="apikey.revoke").count() == 1


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


@pytest.mark.parametrize("kind", [ReviewKind.SENDER, ReviewKind.TEMPLATE])
def test_approving_answers_the_open_request(
    as_support: Client, support: User, account: Account, kind: str
) -> None:
    review = cast.make_review(account, kind, by=support)
    version = review.template_version
    row = review.sender or (version and version.template)
    answer = run(as_support, kind, "approve", row)
    assert "1 of 1 approved" in shown(answer)
    row.refresh_from_db()
    review.refresh_from_db()
    assert (row.status, review.decided_by) == (AssetStatus.APPROVED, support)


def test_what_was_not_handed_in_is_not_approved(as_support: Client, account: Account) -> None:
    template = cast.make_template(account, Channel.SMS, status=AssetStatus.DRAFT, version=0)
    assert "has to ask first" in shown(run(as_support, "template", "approve", template))
    template.refresh_from_db()
    assert template.status == AssetStatus.DRAFT


def test_support_disables_and_enables_again(as_support: Client, account: Account) -> None:
    sender = cast.make_sender(account, Channel.SMS)
    run(as_support, "sender", "disable", sender)
    sender.refresh_from_db()
    assert (sender.status, sender.status_reason) == ("disabled", "Disabled by support.")
    run(as_support, "sender", "enable", sender)
    sender.refresh_from_db()
    assert (sender.status, sender.status_reason) == ("approved", "")
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["sender.disable", "sender.enable"]


TEMPLATE_FIELDS = (
    *("channel", "name", "kind", "language", "category", "header_kind", "header_text", "body"),
    *("footer", "dlt_template_id"),
)


def template_fields(template: Template, **changes: Any) -> dict[str, Any]:
    """What the page of the template posts when nothing is changed."""
    fields = {name: getattr(template, name) for name in TEMPLATE_FIELDS}
    return {**fields, "account": template.account_id, "buttons": "[]", "samples": "{}", **changes}


def unapproved(account: Account, channel: Channel = Channel.SMS) -> Template:
    return cast.make_template(account, channel, status=AssetStatus.DRAFT, version=0)


def test_status_is_never_typed_in(as_support: Client, account: Account) -> None:
    template = unapproved(account)
    page = reverse("admin:flows_template_change", args=[template.pk])
    given = template_fields(template, status="approved", body="New text")
    assert as_support.post(page, given).status_code == 302
    template.refresh_from_db()
    assert (template.status, template.body) == (AssetStatus.DRAFT, "New text")
    assert (template.version, template.revision) == (0, 2)


def test_a_text_that_was_approved_never_changes(as_support: Client, account: Account) -> None:
    template = cast.make_template(account, Channel.SMS)
    page = reverse("admin:flows_template_change", args=[template.pk])
    assert as_support.post(page, template_fields(template, body="New text")).status_code == 302
    template.refresh_from_db()
    assert (template.body, template.version) == ("Hi {#var#}, order {#var#} arrives soon.", 1)


def test_an_approved_sender_keeps_its_number(as_support: Client, account: Account) -> None:
    sender = cast.make_sender(account, Channel.SMS)
    page = reverse("admin:flows_sender_change", args=[sender.pk])
    assert as_support.post(page, {"identifier": "ACMEXX"}).status_code == 302
    sender.refresh_from_db()
    assert sender.identifier == "ACMERT"


def test_what_is_added_is_a_draft(as_support: Client, support: User, account: Account) -> None:
    given = {
        "account": account.pk, "connection": cast.make_connection(account).pk, "channel": "sms",
        "identifier": "ACMERT", "status": "approved",
    }  # fmt: skip
    assert as_support.post(reverse("admin:flows_sender_add"), given).status_code == 302
    sender = Sender.objects.get()
    assert (sender.status, sender.created_by) == (AssetStatus.DRAFT, support)


def test_a_real_carrier_needs_company_details_that_people_have_seen(
    as_support: Client, account: Account, settings: Any
) -> None:
    settings.EXTRA_CONNECTORS = ["tests.engine.ledger_connector"]
    Account.objects.update(is_kyc_by_sandbox=True)
    given = {"account": account.pk, "connector": "ledger", "name": "Carrier", "config": ""}
    page = reverse("admin:flows_connection_add")
    assert "Only the Sandbox has approved" in shown(as_support.post(page, given))
    assert not Connection.objects.exists()
    assert as_support.post(page, {**given, "connector": "sandbox"}).status_code == 302
    Account.objects.update(is_kyc_by_sandbox=False)
    assert as_support.post(page, given).status_code == 302
    connection = Connection.objects.get(connector="sandbox")
    page = reverse("admin:flows_connection_change", args=[connection.pk])
    assert as_support.post(page, {**given, "name": "Renamed"}).status_code == 302
    connection.refresh_from_db()
    assert (connection.name, connection.connector) == ("Renamed", "sandbox")


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
    template = unapproved(account)
    page = reverse("admin:flows_template_change", args=[template.pk])
    assert sentence in shown(as_support.post(page, template_fields(template, **changes)))


def test_names_on_whatsapp_are_lower_case(as_support: Client, account: Account) -> None:
    template = unapproved(account, Channel.WHATSAPP)
    page = reverse("admin:flows_template_change", args=[template.pk])
    answer = as_support.post(page, template_fields(template, name="Order update"))
    assert "Use lower-case letters, digits and _ only." in shown(answer)


def test_an_asset_stays_in_its_account_and_channel(
    as_support: Client, account: Account, bare_account: Account
) -> None:
    template = unapproved(account)
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


@pytest.mark.parametrize("model", ["execution", "rejectedcall", "auditentry", "callbackprofile"])
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


def test_only_support_points_a_connection_at_another_address(
    as_support: Client, as_admin: Client, account: Account
) -> None:
    connection = cast.make_connection(account)
    Connection.objects.update(failures=3)
    page = reverse("admin:flows_connection_change", args=[connection.pk])
    given = {"name": "Carrier", "config": "", "base_url": "http://127.0.0.1:9/"}
    assert as_admin.post(page, given)["Location"] != page
    assert as_support.post(page, {**given, "base_url": "ftp://127.0.0.1"}).status_code == 200
    assert Connection.objects.get().base_url == ""
    assert as_support.post(page, given).status_code == 302
    found = Connection.objects.get()
    assert found.base_url.rstrip("/") == "http://127.0.0.1:9"
    assert found.revision == connection.revision + 1
    entry = AuditEntry.objects.get(action="connection.change")
    assert "base_url" in entry.after
    assert history(entry).endswith(": name, address of the carrier.")


def test_what_the_engine_counts_meanwhile_is_not_put_back(
    as_support: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = cast.make_connection(account)
    page = reverse("admin:flows_connection_change", args=[connection.pk])
    keep = ConnectionAdmin.keep

    def keep_late(self: ConnectionAdmin, obj: Any, *, change: bool) -> None:
        Connection.objects.update(unread_hooks=5)
        keep(self, obj, change=change)

    monkeypatch.setattr(ConnectionAdmin, "keep", keep_late)
    as_support.post(page, {"name": "Renamed", "config": "", "base_url": ""})
    found = Connection.objects.get()
    assert (found.name, found.unread_hooks) == ("Renamed", 5)


def test_a_deleted_connection_is_only_looked_at(as_support: Client, account: Account) -> None:
    connection = cast.make_connection(account, deleted_at=timezone.now())
    page = reverse("admin:flows_connection_change", args=[connection.pk])
    assert as_support.get(page).status_code == 200
    answer = as_support.post(page, {"name": "Renamed", "config": "", "base_url": ""})
    assert answer.status_code == 403
