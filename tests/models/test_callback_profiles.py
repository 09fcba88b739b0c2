"""The verbs of callback profiles and their deliveries: guards, races, what the log may hold."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from flows.callback_body import PLACEHOLDER, body_of
from flows.callback_tips import tip_for
from flows.engine import callbacks
from flows.forms.callback_profile import template_problem
from flows.models import (
    Account,
    AuditEntry,
    CallbackDelivery,
    CallbackProfile,
    Flow,
    User,
    callback_deliveries,
    callback_profiles,
)
from flows.models.callback_profiles import ProfileRefused, ProfileTitleTaken, Wanted
from tests import cast

WANTED = Wanted("Order system", "https://hooks.example.com/a?token=t-1")


@pytest.fixture
def profile(account: Account, admin: User) -> CallbackProfile:
    return callback_profiles.create(account, WANTED, by=admin)


def copy_of(profile: CallbackProfile) -> CallbackProfile:
    """The same profile as somebody else has loaded it."""
    return CallbackProfile.objects.select_related("account").get(pk=profile.pk)


def owe(profile: CallbackProfile, flow: Flow, **fields: Any) -> CallbackDelivery:
    shared = {"payload": {}, "created_at": timezone.now(), **fields}
    return CallbackDelivery.objects.create(
        profile=profile, execution=cast.make_execution(flow), **shared
    )


def test_titles_differ_by_more_than_case(
    profile: CallbackProfile, account: Account, admin: User
) -> None:
    with pytest.raises(ProfileTitleTaken):
        callback_profiles.create(account, Wanted("ORDER System", WANTED.url), by=admin)
    other = callback_profiles.create(account, Wanted("Other", WANTED.url), by=admin)
    taken = Wanted("order system", WANTED.url)
    with pytest.raises(ProfileTitleTaken):
        callback_profiles.change(other, taken, by=admin, mark=other.mark)
    renamed = Wanted("ORDER SYSTEM", WANTED.url)
    callback_profiles.change(profile, renamed, by=admin, mark=profile.mark)
    assert CallbackProfile.objects.get(pk=profile.pk).title == "ORDER SYSTEM"


def test_saving_nothing_new_writes_nothing(profile: CallbackProfile, admin: User) -> None:
    callback_profiles.change(profile, WANTED, by=admin, mark=profile.mark)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["callbackprofile.create"]


def test_of_two_rotations_at_once_one_counts(profile: CallbackProfile, admin: User) -> None:
    first, second, mark = copy_of(profile), copy_of(profile), profile.mark
    callback_profiles.rotate(first, by=admin, mark=mark)
    with pytest.raises(ProfileRefused):
        callback_profiles.rotate(second, by=admin, mark=mark)
    assert copy_of(profile).signing_secrets(timezone.now()) == [first.secret, profile.secret]


def test_a_second_rotation_ends_the_first_secret(profile: CallbackProfile, admin: User) -> None:
    first = profile.secret
    callback_profiles.rotate(profile, by=admin, mark=profile.mark)
    second = profile.secret
    callback_profiles.rotate(profile, by=admin, mark=profile.mark)
    found = copy_of(profile).signing_secrets(timezone.now())
    assert found == [profile.secret, second]
    assert first not in found


@pytest.mark.parametrize("verb", ["disable", "enable", "delete", "end_old_secret"])
def test_nothing_happens_to_a_deleted_profile(
    profile: CallbackProfile, admin: User, verb: str
) -> None:
    stale = copy_of(profile)
    callback_profiles.delete(profile, by=admin)
    count = AuditEntry.objects.count()
    with pytest.raises(ProfileRefused):
        getattr(callback_profiles, verb)(stale, by=admin)
    with pytest.raises(ProfileRefused):
        callback_profiles.rotate(stale, by=admin, mark=stale.mark)
    assert AuditEntry.objects.count() == count


def test_engine_and_admin_disable_at_the_same_moment(profile: CallbackProfile, admin: User) -> None:
    stale = copy_of(profile)
    callback_profiles.disable(profile, by=admin)
    assert not callback_profiles.give_up(stale, reason="The endpoint answered 410 Gone.")
    assert copy_of(profile).disabled_reason == f"Disabled by {admin}."


def test_deleting_drops_what_waits_but_not_what_is_being_posted(
    profile: CallbackProfile, admin: User, published_flow: Flow
) -> None:
    now = timezone.now()
    waiting = owe(profile, published_flow, wake_at=now)
    leased = owe(profile, published_flow, wake_at=now, lease_until=now + timedelta(seconds=60))
    callback_profiles.delete(profile, by=admin)
    waiting.refresh_from_db()
    leased.refresh_from_db()
    assert (waiting.state, waiting.wake_at) == ("dropped", None)
    assert leased.state == "pending"
    callbacks.turn(now + timedelta(seconds=61))
    leased.refresh_from_db()
    assert leased.state == "dropped"


def test_many_lost_results_are_spread_and_bounded(
    profile: CallbackProfile,
    admin: User,
    published_flow: Flow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(callback_deliveries, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(callback_deliveries, "A_SECOND", 2)
    rows = [owe(profile, published_flow, state="failed") for _ in range(7)]
    since = timezone.now() - timedelta(hours=1)
    assert callback_deliveries.resend_lost(profile, since=since, by=admin) == 5
    due = [CallbackDelivery.objects.get(pk=row.pk).wake_at for row in rows]
    assert due[5:] == [None, None]
    first = due[0]
    assert first is not None
    assert [at and round((at - first).total_seconds()) for at in due[:5]] == [0, 0, 1, 1, 2]


def test_headers_are_encrypted_at_rest(profile: CallbackProfile) -> None:
    profile.headers = {"X-Key": "key-secret-1"}
    profile.save()
    row = CallbackProfile.objects.filter(pk=profile.pk).values().get()
    assert "key-secret-1" not in json.dumps(row, default=str)
    assert copy_of(profile).headers == {"X-Key": "key-secret-1"}


# --- Bodies and tips ------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_PIECES = st.lists(
    st.sampled_from(
        [PLACEHOLDER, f'"{PLACEHOLDER}"', '"a"', "{", "}", "[", "]", ":", ",", '"', " "]
    ),
    max_size=12,
).map("".join)


@given(template=_PIECES, payload=st.dictionaries(st.text(max_size=8), _JSON, max_size=4))
def test_template_that_is_taken_always_makes_json(template: str, payload: dict[str, Any]) -> None:
    if not template_problem(template):
        json.loads(body_of(payload, template))


@given(shape=_JSON, payload=st.dictionaries(st.text(max_size=8), _JSON, max_size=4))
def test_result_lands_in_any_shape_whole(shape: Any, payload: dict[str, Any]) -> None:
    template = json.dumps({"shape": shape, "event": PLACEHOLDER})
    assert template_problem(template) == ""
    assert json.loads(body_of(payload, template))["event"] == payload


@given(st.none() | st.integers(100, 599), st.text(max_size=30))
def test_every_answer_has_words(status: int | None, error: str) -> None:
    tip = tip_for(status, error)
    assert tip.title
    assert tip.is_fine == (status is not None and 200 <= status < 300)
