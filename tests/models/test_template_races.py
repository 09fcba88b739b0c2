"""Several people at one template at the same moment, in real threads: one wins, nobody is lost."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from flows.models import Account, Template, TemplateVersion, User, reviews, templates
from flows.models.review import Decision, Review
from tests import cast
from tests.models.test_templates import FIRST, SECOND, approve, edit
from tests.running import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 6


@pytest.fixture
def draft(account: Account, marketer: User) -> Template:
    cast.make_connection(account)
    return templates.create(account, FIRST, {}, by=marketer)


def read(template: Template) -> Template:
    return Template.objects.select_related("account").get(pk=template.pk)


def test_one_of_many_simultaneous_saves_wins(draft: Template, marketer: User) -> None:
    copies = [read(draft) for _ in range(PEOPLE)]

    def saving(number: int) -> Callable[[], None]:
        mine = replace(FIRST, body=f"Text number {number}.")
        return lambda: templates.save(copies[number], mine, {}, by=marketer, revision=1)

    became = at_once(*(saving(number) for number in range(PEOPLE)))
    assert sorted(became) == ["TemplateChanged"] * (PEOPLE - 1) + ["done"]
    assert read(draft).revision == 2


def test_simultaneous_requests_hand_one_text_in(draft: Template, marketer: User) -> None:
    copies = [read(draft) for _ in range(PEOPLE)]
    became = at_once(*(lambda c=c: templates.submit(c, by=marketer) for c in copies))  # type: ignore[misc]
    assert became.count("done") == 1
    assert TemplateVersion.objects.count() == Review.objects.count() == 1


def test_simultaneous_templates_of_one_name_become_one(account: Account, marketer: User) -> None:
    became = at_once(*[lambda: templates.create(account, FIRST, {}, by=marketer)] * PEOPLE)
    assert sorted(became) == ["NameTaken"] * (PEOPLE - 1) + ["done"]


def test_approval_and_edit_at_once_lose_neither(draft: Template, marketer: User) -> None:
    """Whoever comes first: the approved text is in force, and the edit is kept or refused."""
    approve(draft, by=marketer)
    edit(draft, SECOND, by=marketer)
    review = templates.submit(draft, by=marketer)
    third, mine = replace(SECOND, footer="Acme"), read(draft)
    save = lambda: templates.save(mine, third, {}, by=marketer, revision=mine.revision)  # noqa: E731
    approving, saving = at_once(lambda: reviews.approve(review, by=None), save)
    now = read(draft)
    assert approving == "done"
    assert (now.version, now.content) == (2, SECOND)
    assert templates.working_copy(now) == (third if saving == "done" else SECOND)


def test_deleting_and_answering_at_once_leave_no_open_request(
    draft: Template, marketer: User
) -> None:
    review, mine = templates.submit(draft, by=marketer), read(draft)
    at_once(lambda: reviews.approve(review, by=None), lambda: templates.delete(mine, by=marketer))
    assert not Review.objects.filter(decision=Decision.OPEN).exists()
