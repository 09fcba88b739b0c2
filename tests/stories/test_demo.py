"""The demo: ready at once, the same when seeded again, its secrets kept or replaced."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from flows.demo import history
from flows.models import (
    Account,
    ApiKey,
    Execution,
    ExecutionState,
    Flow,
    KeyKind,
    Membership,
    Outcome,
    Role,
    Template,
    User,
    lifecycle,
)

pytestmark = pytest.mark.django_db
TABLES = (Account, ApiKey, Execution, Flow, Membership, Template, User)


@pytest.fixture(autouse=True)
def file(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    monkeypatch.setattr(history, "EXECUTIONS", 24)
    return settings.VAR_DIR / "demo.json"


def seed(file: Path) -> dict[str, Any]:
    call_command("seed_demo", verbosity=0)
    return json.loads(file.read_text())


def test_the_file_holds_all_that_is_needed_and_only_its_owner_reads_it(file: Path) -> None:
    demo = seed(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(demo) == {"sid", "base_url", "api_keys", "users", "flows"}
    assert set(demo["api_keys"]) == {"live", "team", "test"}
    assert [user["role"] for user in demo["users"]] == ["admin", "marketer", "tester", "viewer"]
    assert {flow["status"] for flow in demo["flows"]} == {"published", "draft"}
    for flow in demo["flows"]:
        assert set(flow) == {"title", "status", "workflow_id"}
        assert bool(flow["workflow_id"]) == (flow["status"] == "published")


def test_everybody_can_sign_in_with_what_the_file_says(file: Path) -> None:
    demo = seed(file)
    for person in demo["users"]:
        user = User.objects.get(email=person["email"])
        assert user.check_password(person["password"])
        assert user.memberships.get(account__sid=demo["sid"]).role == person["role"]


def test_seeding_again_changes_nothing(file: Path) -> None:
    first = seed(file)
    counts = [table.objects.count() for table in TABLES]
    assert seed(file) == first
    assert [table.objects.count() for table in TABLES] == counts


def test_a_lost_file_means_new_keys_and_the_old_ones_are_revoked(file: Path) -> None:
    before = seed(file)
    file.unlink()
    after = seed(file)
    for kind in KeyKind.values:
        assert before["api_keys"][kind] != after["api_keys"][kind]
        usable = ApiKey.objects.get(account__sid=after["sid"], kind=kind, revoked_at=None)
        assert usable.matches(after["api_keys"][kind])
    assert ApiKey.objects.exclude(revoked_at=None).count() == len(KeyKind)


def test_a_lost_database_gets_the_keys_that_scripts_already_use(file: Path) -> None:
    before = seed(file)
    ApiKey.objects.all().delete()
    assert seed(file)["api_keys"] == before["api_keys"]
    assert all(
        ApiKey.objects.get(kind=kind).matches(secret) for kind, secret in before["api_keys"].items()
    )


def test_the_history_is_finished_and_has_every_kind_of_end(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "EXECUTIONS", 150)
    seed(file)
    executions = Execution.objects.all()
    assert {one.state for one in executions} == {ExecutionState.ENDED}
    assert {one.outcome for one in executions} == set(Outcome)
    assert {one.outcome_channel for one in executions} >= {"whatsapp", "sms"}
    assert all(one.reason for one in executions)
    moments = list(executions.order_by("id").values_list("created_at", flat=True))
    assert moments == sorted(moments)
    assert 10 <= (moments[-1] - moments[0]).days <= history.DAYS
    assert not executions.filter(ended_at__lt=moments[0]).exists()


def test_the_draft_is_there_to_be_finished_and_the_new_account_to_be_onboarded(file: Path) -> None:
    demo = seed(file)
    draft = Flow.objects.get(account__sid=demo["sid"], live_version=None)
    assert lifecycle.problems_of(draft)
    new = Account.objects.exclude(sid=demo["sid"]).get()
    assert new.fallback_enabled_at is None
    assert new.memberships.get().role == Role.ADMIN
