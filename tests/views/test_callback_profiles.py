"""The pages of callback profiles: list, form, secret shown once, rotation, life."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.connectors import http
from flows.models import Account, AuditEntry, CallbackProfile, Flow, User
from tests import cast


@pytest.fixture(autouse=True)
def own_endpoint(settings: LazySettings) -> None:
    """Tests know no names but localhost."""
    settings.CALLBACK_ALLOW_PRIVATE = True


@pytest.fixture
def profile(account: Account) -> CallbackProfile:
    made = cast.make_callback_profile(account, url="https://localhost/hook?token=t-1")
    made.headers, made.basic_auth = {"X-Api-Key": "key-secret-1"}, "user:pass-secret-1"
    made.save()
    return made


def page(name: str, of: Account | CallbackProfile, *more: Any) -> str:
    if isinstance(of, CallbackProfile):
        return reverse(name, args=[of.account.sid, of.public_id, *more])
    return reverse(name, args=[of.sid, *more])


def filled(**changes: str) -> dict[str, str]:
    given = {"title": "Order system 2", "url": "https://localhost/hook", "body": "bare"}
    return {**given, **changes}


def text(answer: Any) -> str:
    return str(answer.content.decode())


SECOND = {"header-1-name": "x-a", "header-1-value": "b"}
AUTHORIZATION = {"header-0-name": "Authorization", "header-0-value": "b"}


def secret_in(answer: Any) -> str:
    found = set(re.findall(r"whsec_[A-Za-z0-9+/]{43}=", text(answer)))
    assert len(found) == 1
    return found.pop()


def audit_of(profile: CallbackProfile) -> AuditEntry:
    return AuditEntry.objects.filter(object_id=profile.public_id).latest("id")


# --- The list -------------------------------------------------------------------------------------


def test_empty_list_teaches(as_admin: Client, account: Account) -> None:
    answer = as_admin.get(page("callback-profile-list", account))
    assert "Make the first profile" in text(answer)


def test_list_says_where_results_go_and_who_uses_it(
    as_admin: Client, admin: User, account: Account, profile: CallbackProfile
) -> None:
    cast.make_published_flow(account, by=admin, callback_profile=profile.public_id)
    shown = text(as_admin.get(page("callback-profile-list", account)))
    assert profile.public_id in shown
    assert "localhost" in shown
    assert "1 flow" in shown
    assert "t-1" not in shown
    assert "Nothing posted yet" in shown


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=order", {"Order system"}),
        ("state=disabled", {"Old shop"}),
        ("state=failing", {"Shaky"}),
        ("state=enabled", {"Order system", "Shaky"}),
        ("since=2999-01-01", {"Order system", "Old shop", "Shaky"}),  # no sensible day
        ("since=2099-01-01", set()),
        ("until=2020-01-01", {"Old shop"}),
        ("state=nonsense&since=x", {"Order system", "Old shop", "Shaky"}),
    ],
)
def test_list_is_filtered_by_title_state_and_day(
    as_admin: Client, account: Account, profile: CallbackProfile, query: str, titles: set[str]
) -> None:
    old = cast.make_callback_profile(account, title="Old shop", enabled=False)
    CallbackProfile.objects.filter(pk=old.pk).update(created_at="2019-05-05T00:00Z")
    cast.make_callback_profile(account, title="Shaky", failing_since=timezone.now())
    cast.make_callback_profile(account, title="Gone order", deleted_at=timezone.now())
    answer = as_admin.get(page("callback-profile-list", account) + f"?{query}")
    assert {row[0].title for row in answer.context["rows"]} == titles
    fragment = as_admin.get(
        page("callback-profile-list", account) + f"?{query}", headers={"HX-Request": "true"}
    )
    assert "<html" not in text(fragment)


def test_list_is_paged_and_costs_the_same_for_many(
    as_admin: Client, account: Account, django_assert_max_num_queries: Any
) -> None:
    for number in range(55):
        cast.make_callback_profile(account, title=f"Profile {number}")
    with django_assert_max_num_queries(12):
        first = as_admin.get(page("callback-profile-list", account))
    older = as_admin.get(
        page("callback-profile-list", account) + f"?older={first.context['page'].older}"
    )
    assert len(first.context["rows"]) == 50
    assert [row[0].title for row in older.context["rows"]] == [
        f"Profile {n}" for n in range(4, -1, -1)
    ]


@pytest.mark.parametrize("odd", ["a b", "x%00", "é", "IN_'--", "."])
def test_odd_ids_are_not_there(as_admin: Client, account: Account, odd: str) -> None:
    base = page("callback-profile-list", account)
    assert as_admin.get(f"{base}{odd}/").status_code == 404


# --- Making one -----------------------------------------------------------------------------------


def test_new_profile_shows_its_secret_once_and_leaves_it_nowhere(
    as_admin: Client, account: Account, admin: User
) -> None:
    answer = as_admin.post(page("callback-profile-create", account), filled())
    profile = CallbackProfile.objects.get()
    assert answer.status_code == 200
    assert secret_in(answer) == profile.secret
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies.get("messages")
    assert all(profile.secret not in str(s.get_decoded()) for s in Session.objects.all())
    assert "standardwebhooks" in text(answer)
    for name in ("callback-profile-detail", "callback-profile-edit", "callback-log"):
        assert profile.secret not in text(as_admin.get(page(name, profile)))
    assert profile.public_id.startswith(f"{account.region}_")
    entry = audit_of(profile)
    assert (entry.action, entry.actor) == ("callbackprofile.create", admin)


def test_posting_the_form_twice_makes_one_profile(as_admin: Client, account: Account) -> None:
    path = page("callback-profile-create", account)
    assert as_admin.post(path, filled()).status_code == 200
    again = as_admin.post(path, filled(title="ORDER SYSTEM 2"))
    assert again.status_code == 422
    assert "Another callback profile is called “ORDER SYSTEM 2”." in text(again)
    assert CallbackProfile.objects.count() == 1


def test_title_of_a_deleted_profile_and_of_another_account_is_free(
    as_admin: Client, account: Account, bare_account: Account
) -> None:
    cast.make_callback_profile(account, title="Order system 2", deleted_at=timezone.now())
    cast.make_callback_profile(bare_account, title="Order system 2")
    assert as_admin.post(page("callback-profile-create", account), filled()).status_code == 200


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": ""}, "Enter a title."),
        ({"title": "ab"}, "Use at least 3 characters."),
        ({"title": "Orders!"}, "Use letters, digits, spaces, - and _ only."),
        ({"title": "x" * 101}, "Use at most 100 characters."),
        ({"url": ""}, "Enter the URL that results are posted to."),
        ({"url": "no url"}, "Enter a whole URL like"),
        ({"url": "ftp://localhost/"}, "starts with https:// or http://"),
        ({"url": "https://user:pw@localhost/"}, "into the basic authentication fields"),
        ({"url": "https://nowhere.example/"}, "cannot be found"),
        ({"body": "other"}, "Choose a body."),
        ({"body": "own", "body_template": "{}"}, "Write &lt;workflowevent&gt; where"),
        ({"body": "own", "body_template": '{"a": "<workflowevent>"'}, "This is no JSON"),
        ({"body": "own", "body_template": "e=<workflowevent>"}, "This is no JSON"),
        ({"body": "own", "body_template": '["x<workflowevent>", <workflowevent>]'}, "no JSON"),
        ({"body": "own", "body_template": '["<workflowevent>", NaN]'}, "no JSON"),
        ({"header-0-value": "x"}, "Enter the name of this header"),
        ({"header-0-name": "X-A"}, "Enter a value for X-A"),
        ({"header-0-name": "X A", "header-0-value": "x"}, "Use letters, digits and - only"),
        ({"header-0-name": "X-A:", "header-0-value": "x"}, "Use letters, digits and - only"),
        ({"header-0-name": "Host", "header-0-value": "x"}, "Host is set by Fallback itself"),
        ({"header-0-name": "content-TYPE", "header-0-value": "x"}, "is set by Fallback itself"),
        ({"header-0-name": "Transfer-Encoding", "header-0-value": "x"}, "is set by Fallback"),
        ({"header-0-name": "Webhook-Anything", "header-0-value": "x"}, "is set by Fallback"),
        ({"header-0-name": "X-A", "header-0-value": "a\r\nX-B: c"}, "no line breaks"),
        ({"header-0-name": "X-A", "header-0-value": "a\n"}, "no line breaks"),
        ({"header-0-name": "X-A", "header-0-value": "naïve"}, "no accents"),
        (
            {
                "header-0-name": "X-A",
                "header-0-value": "a",
                "header-1-name": "x-a",
                "header-1-value": "b",
            },
            "is there twice",
        ),
        ({"auth_password": "x"}, "Enter the user name."),
        ({"auth_user": "a:b", "auth_password": "x"}, "without a colon"),
        ({"auth_user": "a", "auth_password": "x\ny"}, "of one line"),
        (
            {"auth_user": "a", "header-0-name": "Authorization", "header-0-value": "b"},
            "Use one of the two",
        ),
    ],
)
def test_what_cannot_be_posted_is_refused_in_words(
    as_admin: Client, account: Account, changes: dict[str, str], sentence: str
) -> None:
    answer = as_admin.post(page("callback-profile-create", account), filled(**changes))
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not CallbackProfile.objects.exists()


def test_private_address_is_refused_unless_the_operator_allows_it(
    as_admin: Client, account: Account, settings: LazySettings
) -> None:
    settings.CALLBACK_ALLOW_PRIVATE = False
    path = page("callback-profile-create", account)
    for url in ("http://127.0.0.1:9/", "http://10.0.0.1/", "http://[::1]/", "http://localhost/"):
        assert "is not on the public internet" in text(as_admin.post(path, filled(url=url)))


def test_slow_name_server_does_not_keep_the_page_waiting(
    as_admin: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LOOK_UP_TIMEOUT_S", 0.0)
    monkeypatch.setattr(http.socket, "getaddrinfo", lambda *_a, **_k: [])
    answer = as_admin.post(page("callback-profile-create", account), filled())
    assert "could not be looked up in time" in text(answer)


def test_everything_typed_is_kept(as_admin: Client, account: Account) -> None:
    given = filled(
        **{"header-0-name": "X-Api-Key", "header-0-value": " k 1 ", "header-3-name": "X-B"},
        **{"header-3-value": "b", "auth_user": "usér", "auth_password": " p:w "},
        body="own",
        body_template='{"event": "<workflowevent>", "v": 1}',
    )
    assert as_admin.post(page("callback-profile-create", account), given).status_code == 200
    profile = CallbackProfile.objects.get()
    assert profile.headers == {"X-Api-Key": "k 1", "X-B": "b"}
    assert profile.basic_auth == "usér: p:w "
    assert profile.body_template == '{"event": "<workflowevent>", "v": 1}'
    wrapped = filled(title="Wrapped one", body="wrapped", body_template="left over")
    as_admin.post(page("callback-profile-create", account), wrapped)
    made = CallbackProfile.objects.get(title="Wrapped one")
    assert made.body_template == '{"workflowevent": "<workflowevent>"}'


def test_more_rows_and_the_example_work_without_javascript(
    as_admin: Client, account: Account
) -> None:
    path = page("callback-profile-create", account)
    given = filled(**{"header-1-name": "X-B", "title": ""}, body="wrapped", do="rows")
    answer = as_admin.post(path, given)
    assert answer.status_code == 200
    assert 'name="header-4-name"' in text(answer)
    assert 'value="X-B"' in text(answer)
    assert "Enter a title." not in text(answer)
    assert "workflowevent" in answer.context["form"].example
    assert not CallbackProfile.objects.exists()


def test_example_follows_what_is_typed(
    as_admin: Client, account: Account, profile: CallbackProfile
) -> None:
    path = page("callback-profile-example", account) + f"?of={profile.public_id}"
    htmx = {"HX-Request": "true"}
    given = filled(**{"header-0-name": "X-Own"}, url="https://localhost/a?b=c", body="wrapped")
    answer = text(as_admin.post(path, given, headers=htmx))
    assert "POST /a?b=c" in answer
    assert "X-Own: (not shown)" in answer
    assert "Authorization: Basic (not shown)" in answer
    assert "&quot;workflowevent&quot;" in answer
    broken = filled(body="own", body_template="<workflowevent")
    assert "Write &lt;workflowevent&gt; where" in text(as_admin.post(path, broken, headers=htmx))
    odd = page("callback-profile-example", account) + "?of=%00"
    assert as_admin.post(odd, filled(url="http://["), headers=htmx).status_code == 200


# --- Changing one ---------------------------------------------------------------------------------


def change(client: Client, profile: CallbackProfile, **changes: str) -> Any:
    profile.refresh_from_db()
    given = {
        "mark": profile.mark,
        "title": profile.title,
        "url": profile.url,
        "body": "bare",
        "auth": "keep",
        "header-0-name": "X-Api-Key",
        **changes,
    }
    return client.post(page("callback-profile-edit", profile), given)


def test_form_shows_no_stored_secret(as_admin: Client, profile: CallbackProfile) -> None:
    for name in ("callback-profile-edit", "callback-profile-detail"):
        shown = text(as_admin.get(page(name, profile)))
        assert "X-Api-Key" in shown
        for secret in ("key-secret-1", "pass-secret-1", profile.secret):
            assert secret not in shown


def test_empty_fields_keep_what_is_stored(as_admin: Client, profile: CallbackProfile) -> None:
    before = (profile.headers_encrypted, profile.basic_auth_encrypted, profile.secret_encrypted)
    assert change(as_admin, profile, title="Renamed").status_code == 302
    profile.refresh_from_db()
    assert profile.title == "Renamed"
    kept = (profile.headers_encrypted, profile.basic_auth_encrypted, profile.secret_encrypted)
    assert kept == before
    entry = audit_of(profile)
    assert entry.before["title"] == "Order system"
    assert entry.after["title"] == "Renamed"


def test_headers_and_password_are_replaced_and_removed(
    as_admin: Client, profile: CallbackProfile
) -> None:
    new = {"header-0-value": "key-secret-2", "auth": "replace", "auth_user": "u"}
    change(as_admin, profile, **new, auth_password="pass-secret-2")
    profile.refresh_from_db()
    assert profile.headers == {"X-Api-Key": "key-secret-2"}
    assert profile.basic_auth == "u:pass-secret-2"
    assert audit_of(profile).after["replaced"] == ["X-Api-Key", "basic_auth"]
    change(as_admin, profile, **{"header-0-name": "", "auth": "none"})
    profile.refresh_from_db()
    assert (profile.headers, profile.basic_auth) == ({}, "")
    written = json.dumps(list(AuditEntry.objects.values("before", "after")))
    for secret in ("key-secret", "pass-secret", "t-1", profile.secret):
        assert secret not in written


def test_password_typed_but_not_chosen_is_asked_about(
    as_admin: Client, profile: CallbackProfile
) -> None:
    answer = change(as_admin, profile, auth_user="u")
    assert answer.status_code == 422
    assert "Choose “Replace them”" in text(answer)


def test_renamed_header_needs_its_value_again(as_admin: Client, profile: CallbackProfile) -> None:
    answer = change(as_admin, profile, **{"header-0-name": "X-Other"})
    assert answer.status_code == 422
    assert "Enter a value for X-Other" in text(answer)


def test_second_of_two_people_does_not_undo_the_first(
    as_admin: Client, profile: CallbackProfile
) -> None:
    seen = profile.mark
    change(as_admin, profile, title="First")
    answer = change(as_admin, profile, title="Second", mark=seen)
    assert answer.status_code == 302
    profile.refresh_from_db()
    assert profile.title == "First"


def test_url_that_is_stored_is_not_looked_up_again(
    as_admin: Client, profile: CallbackProfile
) -> None:
    CallbackProfile.objects.update(url="https://not-there-any-more.example/")
    assert change(as_admin, profile, title="Renamed").status_code == 302


def test_duplicate_takes_the_stored_values_along_but_not_the_secret(
    as_admin: Client, account: Account, profile: CallbackProfile
) -> None:
    path = page("callback-profile-create", account) + f"?like={profile.public_id}"
    shown = as_admin.get(path)
    assert shown.context["form"]["title"].value() == "Order system copy"
    given = {**filled(title="Copy"), "auth": "keep", "header-0-name": "X-Api-Key"}
    answer = as_admin.post(path, given)
    copy = CallbackProfile.objects.get(title="Copy")
    assert secret_in(answer) == copy.secret != profile.secret
    assert (copy.headers, copy.basic_auth) == (profile.headers, profile.basic_auth)


def test_nobody_copies_from_another_account(
    as_admin: Client, account: Account, bare_account: Account
) -> None:
    other = cast.make_callback_profile(bare_account)
    path = page("callback-profile-create", account) + f"?like={other.public_id}"
    assert as_admin.get(path).status_code == 404
    assert as_admin.post(path, filled()).status_code == 404


# --- Rotation -------------------------------------------------------------------------------------


def test_rotation_shows_the_new_secret_once_and_keeps_the_old_for_a_day(
    as_admin: Client, profile: CallbackProfile
) -> None:
    old, path = profile.secret, page("callback-profile-rotate", profile)
    asked = text(as_admin.get(path))
    assert old not in asked
    mark = profile.mark
    answer = as_admin.post(path, {"mark": mark})
    profile.refresh_from_db()
    assert secret_in(answer) == profile.secret != old
    assert answer["Cache-Control"] == "no-store"
    now = timezone.now()
    assert profile.signing_secrets(now) == [profile.secret, old]
    assert profile.signing_secrets(now + timedelta(hours=24)) == [profile.secret]
    shown = text(as_admin.get(page("callback-profile-detail", profile)))
    assert "Two secrets until" in shown
    again = as_admin.post(path, {"mark": mark}, follow=True)  # the page was loaded anew
    assert "Somebody changed this profile meanwhile." in text(again)
    assert CallbackProfile.objects.get().secret == profile.secret
    assert audit_of(profile).action == "callbackprofile.rotate"


def test_a_second_rotation_warns_that_the_oldest_secret_stops_working(
    as_admin: Client, profile: CallbackProfile
) -> None:
    path, warning = page("callback-profile-rotate", profile), "stops working now"
    assert warning not in text(as_admin.get(path))
    as_admin.post(path, {"mark": profile.mark})
    assert warning in text(as_admin.get(path))


def test_old_secret_is_ended_by_hand(as_admin: Client, profile: CallbackProfile) -> None:
    as_admin.post(page("callback-profile-rotate", profile), {"mark": profile.mark})
    path = page("callback-profile-end-old", profile)
    assert "End the old secret" in text(as_admin.get(path))
    as_admin.post(path)
    profile.refresh_from_db()
    assert profile.signing_secrets(timezone.now()) == [profile.secret]
    assert profile.old_secret_encrypted == ""
    assert "There is no old secret any more." in text(as_admin.post(path, follow=True))


# --- On, off, gone --------------------------------------------------------------------------------


def test_disable_and_enable(as_admin: Client, admin: User, profile: CallbackProfile) -> None:
    as_admin.post(page("callback-profile-disable", profile))
    CallbackProfile.objects.update(failing_since=timezone.now())
    profile.refresh_from_db()
    assert (profile.enabled, profile.disabled_reason) == (False, f"Disabled by {admin}.")
    assert "Results are not posted" in text(as_admin.get(page("callback-profile-detail", profile)))
    as_admin.post(page("callback-profile-enable", profile))
    profile.refresh_from_db()
    assert (profile.enabled, profile.disabled_reason, profile.failing_since) == (True, "", None)
    again = as_admin.post(page("callback-profile-enable", profile), follow=True)
    assert "enabled already" in text(again)


def test_delete_names_the_flows_that_use_it(
    as_admin: Client, admin: User, account: Account, profile: CallbackProfile
) -> None:
    named = {"callback_profile": profile.public_id}
    cast.make_published_flow(account, by=admin, title="Live one", **named)
    cast.make_flow(account, by=admin, title="Draft one", **named)
    asked = text(as_admin.get(page("callback-profile-delete", profile)))
    assert "Live one" in asked
    assert "Draft one" in asked
    assert as_admin.post(page("callback-profile-delete", profile)).status_code == 302
    profile.refresh_from_db()
    assert profile.deleted_at is not None
    assert as_admin.get(page("callback-profile-detail", profile)).status_code == 404
    assert audit_of(profile).action == "callbackprofile.delete"


def test_detail_costs_few_queries(
    as_admin: Client, profile: CallbackProfile, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        as_admin.get(page("callback-profile-detail", profile))


def test_local_endpoint_is_told_of_the_receiver(as_admin: Client, account: Account) -> None:
    here = cast.make_callback_profile(account, url="http://127.0.0.1:9009/callbacks")
    shown = text(as_admin.get(page("callback-profile-detail", here)))
    assert "receive_callbacks --port 9009" in shown


# --- On the pages of flows ------------------------------------------------------------------------


def test_flow_leads_admins_to_its_profile(
    as_admin: Client, as_marketer: Client, admin: User, profile: CallbackProfile
) -> None:
    flow = cast.make_flow(profile.account, by=admin, callback_profile=profile.public_id)
    link = f'href="{page("callback-profile-detail", profile)}"'
    for name in ("flow-detail", "flow-check"):
        path = reverse(name, args=[profile.account.sid, flow.public_id])
        assert link in text(as_admin.get(path))
        shown = text(as_marketer.get(path))
        assert profile.title in shown
        assert link not in shown


def test_wizard_says_who_can_make_the_first_profile(
    as_admin: Client, as_marketer: Client, admin: User, account: Account, flow: Flow
) -> None:
    path = reverse("flow-edit", args=[account.sid, flow.public_id])
    assert f"Ask {admin} to make one" in text(as_marketer.get(path))
    assert page("callback-profile-create", account) in text(as_admin.get(path))
    cast.make_callback_profile(account)
    assert "no callback profile yet" not in text(as_marketer.get(path))
