"""The account's own page of its requests, and answering them where the installation allows it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from flows.models import Account, AssetStatus, Decision, Review, ReviewKind, User, reviews
from tests import cast

VERBS = ("approve", "reject")


def page(name: str, account: Account, *args: object) -> str:
    return reverse(name, args=[account.sid, *args])


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def review(account: Account, admin: User) -> Review:
    return cast.make_review(account, by=admin)


def answer(client: Client, verb: str, account: Account, review: Review) -> Any:
    path = page(f"review-{verb}", account, review.public_id)
    return client.post(path, {"words": "Not yet."}, follow=True)


def test_an_empty_page_teaches(as_admin: Client, account: Account) -> None:
    assert "Nothing was asked yet" in text(as_admin.get(page("review-list", account)))


def test_list_shows_state_and_reason(
    as_admin: Client, account: Account, admin: User, review: Review
) -> None:
    second = cast.make_review(account, ReviewKind.TEMPLATE, by=admin)
    reviews.reject(second, by=admin, reason="Say who you are.")
    shown = text(as_admin.get(page("review-list", account)))
    assert reviews.label_of(review) in shown and "Open" in shown
    assert "Rejected" in shown and "Say who you are." in shown


def test_list_costs_the_same_however_long_it_is(
    as_admin: Client, account: Account, admin: User, django_assert_max_num_queries: Any
) -> None:
    made = [cast.make_review(account, by=admin) for _ in range(53)]
    with django_assert_max_num_queries(6):
        shown = text(as_admin.get(page("review-list", account)))
    first, last = (f">{reviews.label_of(one)}<" for one in (made[0], made[52]))
    assert last in shown and first not in shown


def test_a_request_can_be_taken_back_once(
    as_admin: Client, account: Account, review: Review
) -> None:
    path = page("review-withdraw", account, review.public_id)
    assert "is taken back" in text(as_admin.post(path, follow=True))
    review.refresh_from_db()
    assert review.decision == Decision.WITHDRAWN
    assert "already" in text(as_admin.post(path, follow=True))


def test_by_default_an_account_answers_nothing(
    as_admin: Client, account: Account, review: Review
) -> None:
    shown = text(as_admin.get(page("review-detail", account, review.public_id)))
    assert "Approve" not in shown and "Take the request back" in shown
    for verb in VERBS:
        refused = answer(as_admin, verb, account, review)
        assert refused.status_code == 403
        assert "answered by the support staff" in text(refused)
    review.refresh_from_db()
    assert review.decision == Decision.OPEN


def test_where_it_is_allowed_admins_answer_their_own(
    as_admin: Client, admin: User, account: Account, review: Review, settings: Any
) -> None:
    settings.FALLBACK_SELF_APPROVE = True
    shown = text(as_admin.get(page("review-detail", account, review.public_id)))
    assert page("review-approve", account, review.public_id) in shown
    assert "is approved" in text(answer(as_admin, "approve", account, review))
    review.refresh_from_db()
    assert (review.decision, review.decided_by) == (Decision.APPROVED, admin)
    assert review.sender is not None and review.sender.status == AssetStatus.APPROVED


def test_where_it_is_allowed_a_rejection_needs_a_reason_too(
    as_admin: Client, account: Account, review: Review, settings: Any
) -> None:
    settings.FALLBACK_SELF_APPROVE = True
    path = page("review-reject", account, review.public_id)
    assert as_admin.post(path, {}).status_code == 422
    assert "is rejected" in text(answer(as_admin, "reject", account, review))


def test_the_second_is_told(
    as_admin: Client, account: Account, admin: User, review: Review, settings: Any
) -> None:
    settings.FALLBACK_SELF_APPROVE = True
    reviews.approve(Review.objects.get(), by=admin)
    told = text(answer(as_admin, "reject", account, review))
    assert "Asha has approved" in told and "Your answer was not taken" in told


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_answers_for_another_account(
    as_stranger: Client, stranger: User, account: Account, review: Review, settings: Any, verb: str
) -> None:
    settings.FALLBACK_SELF_APPROVE = True
    own = stranger.memberships.get().account
    assert answer(as_stranger, verb, account, review).status_code == 404
    assert answer(as_stranger, verb, own, review).status_code == 404
    desk = reverse(f"support-{verb}", args=[review.public_id])
    assert as_stranger.post(desk, {"words": "No."}).status_code == 403
    review.refresh_from_db()
    assert review.decision == Decision.OPEN


@pytest.mark.parametrize("kind", list(ReviewKind))
def test_page_of_each_kind(as_admin: Client, account: Account, admin: User, kind: str) -> None:
    cast.make_company(account)
    document = cast.make_document(account)
    review = cast.make_review(account, kind, by=admin)
    shown = text(as_admin.get(page("review-detail", account, review.public_id)))
    download = page("document-download", account, document.public_id)
    assert (download in shown) == (kind == ReviewKind.KYC)
