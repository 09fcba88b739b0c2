"""API keys: made with a secret that is shown once, changed, revoked with the name typed."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from flows.forms.ip_ranges import IpRangesField
from flows.models import Account, ApiKey, AuditEntry, Flow, KeyKind, User, keys
from flows.models.people import hash_secret
from tests import cast

SECRET = re.compile(r"\bA[0-9a-f]{32}\b")


def url(account: Account, name: str = "api-key-list", *args: object) -> str:
    return reverse(name, args=[account.sid, *args])


def make(client: Client, account: Account, **fields: str) -> str:
    given = {"name": "Shop", "kind": "test", "ip_ranges": "", **fields}
    answer = client.post(url(account, "api-key-create"), given)
    return str(answer.content.decode())


# --- A new key ------------------------------------------------------------------------------------


def test_the_secret_is_in_one_answer_and_works(as_admin: Client, account: Account) -> None:
    answer = as_admin.post(url(account, "api-key-create"), {"name": "Shop", "kind": "live"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    (secret,) = set(SECRET.findall(answer.content.decode()))
    key = ApiKey.objects.get()
    assert (key.kind, key.prefix, key.secret_hash) == ("live", secret[:5], hash_secret(secret))
    path = f"/v1/{account.sid}/workflow/v1/invocations/{'a' * 22}"
    assert Client().get(path, headers={"api-key": secret}).status_code == 404


def test_the_secret_is_nowhere_else(
    as_admin: Client, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        answer = as_admin.post(url(account, "api-key-create"), {"name": "Shop", "kind": "live"})
    secret = SECRET.findall(answer.content.decode())[0]
    entry = AuditEntry.objects.get()
    assert entry.action == "apikey.create"
    assert secret not in json.dumps([entry.before, entry.after, entry.object_label])
    assert secret not in caplog.text
    assert secret not in str(answer.cookies)
    for page in (url(account), url(account, "api-key-edit", ApiKey.objects.get().public_id)):
        assert secret not in as_admin.get(page).content.decode()


def test_reloading_the_answer_makes_no_second_key(as_admin: Client, account: Account) -> None:
    make(as_admin, account)
    assert "Another key is called “Shop” already" in make(as_admin, account, name=" shop ")
    assert ApiKey.objects.count() == 1


def test_the_name_of_a_revoked_key_is_free_again(as_admin: Client, account: Account) -> None:
    make(as_admin, account)
    ApiKey.objects.get().revoke()
    assert SECRET.search(make(as_admin, account))


def test_a_ready_call_of_the_newest_published_flow(
    as_admin: Client, published_flow: Flow, admin: User
) -> None:
    account = published_flow.account
    newest = cast.make_published_flow(account, by=admin, title="Newest")
    page = make(as_admin, account)
    assert f"/v1/{account.sid}/workflow/v1/instances/{newest.workflow_id}/invoke" in page
    assert "$FALLBACK_API_KEY" in page


def test_a_team_key_is_tried_with_a_test_recipient(as_admin: Client, published_flow: Flow) -> None:
    cast.make_test_recipient(published_flow.account, number="919811110002")
    assert "919811110002" in make(as_admin, published_flow.account, kind="team")


def test_without_a_published_flow_it_says_so(as_admin: Client, account: Account) -> None:
    assert "No flow is published yet" in make(as_admin, account)


def test_a_live_key_of_a_sandbox_account_sends_nothing_yet(
    as_admin: Client, account: Account
) -> None:
    cast.make_connection(account)
    assert "only a Sandbox" in make(as_admin, account, kind="live")
    assert "only a Sandbox" in as_admin.get(url(account)).content.decode()


def test_ranges_that_leave_out_the_own_address_are_pointed_out(
    as_admin: Client, account: Account
) -> None:
    assert "Your own address is not in" in make(as_admin, account, ip_ranges="203.0.113.0/24")
    assert "Your own address is not in" not in make(
        as_admin, account, name="Here", ip_ranges="127.0.0.0/8"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Enter a name"),
        ({"name": "x" * 61}, "Shorten the name to 60 characters"),
        ({"kind": ""}, "Choose what the key may do"),
        ({"kind": "root"}, "Choose what the key may do"),
        ({"ip_ranges": "10.0.0.1\noffice"}, "Line 2: “office” is neither an IP address nor"),
        ({"ip_ranges": "10.0.0.0/33"}, "Line 1: “10.0.0.0/33” is neither"),
        ({"ip_ranges": "\n".join(f"10.0.0.{n}" for n in range(21))}, "at most 20 ranges"),
    ],
)
def test_what_is_wrong_is_said(
    as_admin: Client, account: Account, fields: dict[str, str], sentence: str
) -> None:
    answer = as_admin.post(
        url(account, "api-key-create"), {"name": "Shop", "kind": "test", **fields}
    )
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("typed", "ranges"),
    [
        ("", []),
        (" 203.0.113.7/24 \n\n203.0.113.0/24", ["203.0.113.0/24"]),
        ("192.0.2.1\n2001:db8::/32", ["192.0.2.1/32", "2001:db8::/32"]),
        ("::ffff:192.0.2.1", ["192.0.2.1/32"]),
        ("::ffff:192.0.2.0/120", ["192.0.2.0/24"]),
    ],
)
def test_ranges_have_one_spelling(typed: str, ranges: list[str]) -> None:
    assert IpRangesField(required=False).clean(typed) == ranges


# --- Changing -------------------------------------------------------------------------------------


def test_name_and_ranges_can_be_changed_and_nothing_else(
    as_admin: Client, account: Account
) -> None:
    key, _ = cast.make_key(account, KeyKind.TEST)
    given = {"name": "Renamed", "ip_ranges": "127.0.0.1", "kind": "live"}
    assert as_admin.post(url(account, "api-key-edit", key.public_id), given).status_code == 302
    changed = ApiKey.objects.get()
    assert (changed.name, changed.ip_ranges, changed.kind) == ("Renamed", ["127.0.0.1/32"], "test")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before["name"]) == ("apikey.change", "Test key")


def test_saving_what_is_there_changes_nothing(as_admin: Client, account: Account) -> None:
    key, _ = cast.make_key(account)
    given = {"name": key.name, "ip_ranges": ""}
    answer = as_admin.post(url(account, "api-key-edit", key.public_id), given, follow=True)
    assert "was left as it was" in answer.content.decode()
    assert not AuditEntry.objects.exists()


def test_a_change_that_locks_the_admin_out_warns(as_admin: Client, account: Account) -> None:
    key, _ = cast.make_key(account)
    given = {"name": key.name, "ip_ranges": "10.0.0.0/8"}
    answer = as_admin.post(url(account, "api-key-edit", key.public_id), given, follow=True)
    assert "Calls from your own address 127.0.0.1 are refused" in answer.content.decode()


def test_a_revoked_key_cannot_be_changed(as_admin: Client, account: Account, admin: User) -> None:
    key, _ = cast.make_key(account)
    stale = ApiKey.objects.get()
    keys.revoke(key, by=admin)
    assert as_admin.get(url(account, "api-key-edit", key.public_id)).status_code == 302
    with pytest.raises(keys.KeyRevoked):
        keys.change(stale, by=admin, name="Again", ip_ranges=[])


# --- Revoking -------------------------------------------------------------------------------------


def test_revoking_asks_for_the_name(as_admin: Client, account: Account) -> None:
    key, _ = cast.make_key(account, name="Shop")
    where = url(account, "api-key-revoke", key.public_id)
    assert "Type the name of the key to go on: Shop" in as_admin.get(where).content.decode()
    for wrong in ("", "Shopp", key.prefix):
        answer = as_admin.post(where, {"typed": wrong})
        assert answer.status_code == 422
    key.refresh_from_db()
    assert key.revoked_at is None
    assert as_admin.post(where, {"typed": " shop "}).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert AuditEntry.objects.get().action == "apikey.revoke"


def test_a_revoked_key_stays_in_the_list(as_admin: Client, account: Account) -> None:
    key, _ = cast.make_key(account, name="Old shop")
    key.revoke()
    assert "Old shop" in as_admin.get(url(account)).content.decode()


def test_revoking_twice_keeps_the_first_time(account: Account, admin: User) -> None:
    key, _ = cast.make_key(account)
    keys.revoke(key, by=admin)
    with pytest.raises(keys.KeyRevoked):
        keys.revoke(key, by=admin)
    assert AuditEntry.objects.count() == 1


# --- The list -------------------------------------------------------------------------------------


def test_the_list_filters_by_status_and_kind(as_admin: Client, account: Account) -> None:
    cast.make_key(account, KeyKind.LIVE, name="Working live")
    gone, _ = cast.make_key(account, KeyKind.TEAM, name="Gone team")
    gone.revoke()
    shown = as_admin.get(f"{url(account)}?state=active").content.decode()
    assert "Working live" in shown
    assert "Gone team" not in shown
    shown = as_admin.get(f"{url(account)}?state=revoked&kind=team").content.decode()
    assert "Gone team" in shown
    assert "Working live" not in shown
    assert "No key fits" in as_admin.get(f"{url(account)}?kind=test").content.decode()
    assert as_admin.get(f"{url(account)}?kind=nonsense&state=%00").status_code == 200


def test_keys_of_test_sends_are_nobodys_business(as_admin: Client, account: Account) -> None:
    hidden, _ = cast.make_key(account, name="Hidden", is_for_test_send=True)
    assert "Hidden" not in as_admin.get(url(account)).content.decode()
    assert as_admin.get(url(account, "api-key-edit", hidden.public_id)).status_code == 404


def test_an_empty_list_teaches(as_admin: Client, account: Account) -> None:
    assert "Begin with a test key" in as_admin.get(url(account)).content.decode()


def test_pages_follow_each_other(as_admin: Client, account: Account) -> None:
    made = [cast.make_key(account, name=f"Key {n}")[0].name for n in range(60)][::-1]
    first = as_admin.get(url(account)).context["page"]
    second = as_admin.get(f"{url(account)}?older={first.older}").context["page"]
    assert [key.name for key in (*first.rows, *second.rows)] == made


def test_the_list_costs_the_same_for_many_keys(
    as_admin: Client, account: Account, admin: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for number in range(20):
        keys.issue(account, name=f"Key {number}", kind=KeyKind.TEST, by=admin)
    with django_assert_max_num_queries(12):
        as_admin.get(url(account))


def test_last_use_and_maker_are_shown(as_admin: Client, account: Account, admin: User) -> None:
    key, _ = keys.issue(account, name="Used", kind=KeyKind.LIVE, by=admin, ip_ranges=["10.0.0.0/8"])
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
    shown = as_admin.get(url(account)).content.decode()
    assert "Asha" in shown
    assert "10.0.0.0/8" in shown
    assert account.sid in shown
