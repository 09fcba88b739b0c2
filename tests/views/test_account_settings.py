"""Account settings: what is changed is written, who is overtaken is told; and the danger zone."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.models import (
    Account,
    ApiKey,
    AuditEntry,
    ExecutionState,
    Flow,
    KeyKind,
    OutgoingMail,
    User,
    accounts,
)
from flows.models.accounts import settings_of
from tests import cast

PAGE = "account-settings"


def url(account: Account, name: str = PAGE) -> str:
    return reverse(name, args=[account.sid])


def given(account: Account, **fields: Any) -> dict[str, Any]:
    """The form as the page has it, with some fields changed; False leaves a checkbox empty."""
    current = settings_of(account)
    wanted = {**current, "seen": json.dumps(current), **fields}
    return {name: value for name, value in wanted.items() if value is not False}


# --- Settings -------------------------------------------------------------------------------------


def test_only_what_was_changed_is_written_and_audited(as_admin: Client, account: Account) -> None:
    changed = given(account, name="Acme Retail", retention_days=30)
    assert as_admin.post(url(account), changed).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.retention_days) == ("Acme Retail", 30)
    entry = AuditEntry.objects.get()
    assert entry.action == "account.change"
    assert entry.before == {"name": "Acme", "retention_days": 90}
    assert entry.after == {"name": "Acme Retail", "retention_days": 30}


def test_saving_without_a_change_leaves_no_entry(as_admin: Client, account: Account) -> None:
    answer = as_admin.post(url(account), given(account), follow=True)
    assert "Nothing was changed." in answer.content.decode()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("kolkata", "Asia/Kolkata"),
        ("new york", "America/New_York"),
    ],
)
def test_a_time_zone_is_found_by_its_city(
    as_admin: Client, account: Account, typed: str, zone: str
) -> None:
    assert as_admin.post(url(account), given(account, time_zone=typed)).status_code == 302
    account.refresh_from_db()
    assert account.time_zone == zone


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "Enter a name"),
        ({"time_zone": "Atlantis"}, "Choose a time zone from the list"),
        ({"time_zone": "../../etc/passwd"}, "Choose a time zone from the list"),
        ({"retention_days": "0"}, "Enter a number from 1 to 3650"),
        ({"retention_days": "3651"}, "Enter a number from 1 to 3650"),
        ({"retention_days": "many"}, "Enter a number of days"),
        ({"region": "XX"}, "Choose a pod from the list"),
    ],
)
def test_what_is_wrong_is_said(
    as_admin: Client, account: Account, fields: dict[str, str], sentence: str
) -> None:
    answer = as_admin.post(url(account), given(account, **fields))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    before = settings_of(account)
    account.refresh_from_db()
    assert settings_of(account) == before


@pytest.mark.parametrize("seen", ["", "nonsense", "[]", "{}"])
def test_a_form_that_forgot_what_it_showed_still_saves(
    as_admin: Client, account: Account, seen: str
) -> None:
    as_admin.post(url(account), given(account, name="Acme Retail", seen=seen))
    account.refresh_from_db()
    assert account.name in ("Acme Retail", "Acme")  # `{}` has seen nothing: it is told, not obeyed


def test_two_admins_change_different_things(as_admin: Client, account: Account) -> None:
    mine = given(account, name="Mine")
    Account.objects.update(retention_days=7)
    assert as_admin.post(url(account), mine).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.retention_days) == ("Mine", 7)


def test_of_two_admins_who_change_the_same_the_second_is_told(
    as_admin: Client, account: Account
) -> None:
    mine = given(account, name="Mine", retention_days=30)
    Account.objects.update(name="Theirs")
    answer = as_admin.post(url(account), mine)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Somebody set this to “Theirs” meanwhile." in page
    assert 'value="Mine"' in page
    account.refresh_from_db()
    assert (account.name, account.retention_days) == ("Theirs", 90)
    again = {**mine, "seen": answer.context["form"]["seen"].value()}
    assert as_admin.post(url(account), again).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.retention_days) == ("Mine", 30)


def test_a_second_factor_is_asked_of_all_only_by_who_has_one(
    as_admin: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = given(account, needs_second_factor=True)
    answer = as_admin.post(url(account), wanted)
    assert answer.status_code == 422
    assert "Set up a second factor for yourself first" in answer.content.decode()
    monkeypatch.setattr("flows.access.has_second_factor", lambda user: True)
    assert as_admin.post(url(account), wanted).status_code == 302
    account.refresh_from_db()
    assert account.needs_second_factor


def test_the_page_explains_itself(as_admin: Client, account: Account) -> None:
    profile = cast.make_callback_profile(account)
    page = as_admin.get(url(account)).content.decode()
    for words in (profile.public_id, "Asia/Kolkata", "This installation", account.sid):
        assert words in page


def test_pages_say_times_in_the_account_s_zone(
    as_viewer: Client, account: Account, published_flow: Flow
) -> None:
    Account.objects.update(time_zone="Asia/Kolkata")
    assert " IST" in as_viewer.get(reverse("flow-list", args=[account.sid])).content.decode()
    Account.objects.update(time_zone="UTC")
    assert " IST" not in as_viewer.get(reverse("flow-list", args=[account.sid])).content.decode()


# --- The danger zone ------------------------------------------------------------------------------


def test_all_keys_are_revoked_at_once(as_admin: Client, account: Account) -> None:
    for kind in KeyKind:
        cast.make_key(account, kind)
    hidden, _ = cast.make_key(account, name="Hidden", is_for_test_send=True)
    asks = as_admin.get(url(account, "account-revoke-keys")).content.decode()
    assert "3 keys stop working" in asks
    as_admin.post(url(account, "account-revoke-keys"))
    assert list(ApiKey.objects.filter(revoked_at=None)) == [hidden]
    assert AuditEntry.objects.filter(action="apikey.revoke").count() == 3


def test_all_flows_are_unpublished_and_running_executions_are_named(
    as_admin: Client, account: Account, published_flow: Flow, admin: User
) -> None:
    cast.make_published_flow(account, by=admin, title="Second")
    running = cast.make_execution(published_flow, state=ExecutionState.WAITING)
    asks = as_admin.get(url(account, "account-unpublish-flows")).content.decode()
    assert "2 flows become drafts" in asks
    assert "1 execution is running and will finish." in asks
    as_admin.post(url(account, "account-unpublish-flows"))
    assert not accounts.published(account).exists()
    running.refresh_from_db()
    assert running.state == ExecutionState.WAITING


def test_closing_asks_for_the_name_and_says_numbers(
    as_admin: Client, account: Account, published_flow: Flow
) -> None:
    cast.make_key(account)
    where = url(account, "account-close")
    asks = as_admin.get(where).content.decode()
    assert "1 API key opens nothing" in asks
    assert "1 published flow" in asks
    assert as_admin.post(where, {"typed": "acm"}).status_code == 422
    account.refresh_from_db()
    assert account.closed_at is None


def test_nobody_enters_a_closed_account_and_no_key_opens_it(
    as_admin: Client, as_stranger: Client, account: Account, published_flow: Flow
) -> None:
    running = cast.make_execution(published_flow, state=ExecutionState.WAITING)
    _, secret = cast.make_key(account, KeyKind.LIVE)
    assert as_admin.post(url(account, "account-close"), {"typed": "Acme"}).status_code == 302
    answer = as_admin.get(url(account))
    assert answer.status_code == 404
    assert "Acme was closed." in answer.content.decode()
    assert "Acme" not in as_stranger.get(url(account)).content.decode()
    path = f"/v1/{account.sid}/workflow/v1/invocations/{running.public_id}"
    assert Client().get(path, headers={"api-key": secret}).status_code == 401
    running.refresh_from_db()
    assert running.state == ExecutionState.WAITING
    assert AuditEntry.objects.get(action="account.close").account == account
    (mail,) = OutgoingMail.objects.all()
    assert "was closed" in mail.subject


def test_a_closed_account_is_in_no_list(as_admin: Client, account: Account) -> None:
    as_admin.post(url(account, "account-close"), {"typed": "Acme"})
    page = as_admin.get(reverse("home"), follow=True)
    assert account.sid not in page.content.decode()


def test_support_opens_it_again_for_a_while(account: Account, admin: User) -> None:
    accounts.close(account, by=admin)
    with pytest.raises(accounts.AccountRefused):
        accounts.close(account, by=admin)
    accounts.reopen(account, by=admin)
    account.refresh_from_db()
    assert account.closed_at is None
    with pytest.raises(accounts.AccountRefused):
        accounts.reopen(account, by=admin)
    accounts.close(account, by=admin)
    with (
        time_machine.travel(timezone.now() + timedelta(days=31)),
        pytest.raises(accounts.AccountRefused),
    ):
        accounts.reopen(account, by=admin)
