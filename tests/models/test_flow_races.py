"""Several people at the same moment, in real threads: one wins, the others are told."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from flows.definition import Definition
from flows.models import Account, AuditEntry, Flow, User, lifecycle
from tests import running

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 6


def at_once(act: Callable[[int], object]) -> list[str]:
    """What became of each person's deed: "done", or the name of the refusal."""
    return running.at_once(*(partial(act, person) for person in range(PEOPLE)))


def test_one_of_many_simultaneous_saves_wins_and_no_other_is_lost_silently(
    flow: Flow, admin: User
) -> None:
    def save(person: int) -> None:
        mine = Flow.objects.get(pk=flow.pk)
        changed = replace(flow.definition, title=f"Title {person}")
        lifecycle.save_draft(mine, changed, by=admin, revision=1)

    assert sorted(at_once(save)) == ["ChangedMeanwhile"] * (PEOPLE - 1) + ["done"]
    flow.refresh_from_db()
    assert flow.revision == 2
    assert AuditEntry.objects.get(action="flow.save").after["title"] == flow.title


def test_simultaneous_publishes_make_one_version_and_one_workflow_id(
    flow: Flow, admin: User
) -> None:
    copies = [Flow.objects.get(pk=flow.pk) for _ in range(PEOPLE)]
    became = at_once(lambda person: lifecycle.publish(copies[person], by=admin))
    assert became.count("done") == 1
    assert flow.versions.count() == 1


def test_simultaneous_flows_with_one_title_become_one_flow(account: Account, admin: User) -> None:
    same = Definition(title="Same")
    became = at_once(lambda _: lifecycle.create(account, same, by=admin))
    assert sorted(became) == ["TitleTaken"] * (PEOPLE - 1) + ["done"]
    assert Flow.objects.count() == 1
