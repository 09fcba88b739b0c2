"""Asking for approval and the answers: what they do, who wins a race, who is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from flows.engine import chores
from flows.models import (
    Account,
    AssetStatus,
    AuditEntry,
    Decision,
    KycStatus,
    OutgoingMail,
    Review,
    ReviewKind,
    Role,
    Sender,
    Template,
    User,
    reviews,
    templates,
)
from flows.placeholders import Channel
from tests import cast

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=1)


@pytest.fixture
def owner(bare_account: Account) -> User:
    return cast.make_person(bare_account, Role.ADMIN, name="Olga")


@pytest.fixture
def support(db: None) -> User:
    return cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True)


def settle() -> int:
    return reviews.settle_due(timezone.now() + LATER)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def new_sender(account: Account, **fields: Any) -> Sender:
    return cast.make_sender(account, Channel.SMS, status=AssetStatus.DRAFT, **fields)


def new_template(account: Account, by: User, **fields: Any) -> Template:
    return cast.make_template(
        account, Channel.SMS, **{"status": AssetStatus.DRAFT, "version": 0, **fields}
    )


# --- Who answers ---------------------------------------------------------------------------------


def test_an_account_lives_in_the_sandbox_when_all_its_connections_do(bare_account: Account) -> None:
    assert not reviews.lives_in_sandbox(bare_account)
    cast.make_connection(bare_account)
    assert reviews.lives_in_sandbox(bare_account)
    cast.make_connection(bare_account, "kaleyra")
    assert not reviews.lives_in_sandbox(bare_account)


def test_the_sandbox_answers_after_a_while_and_not_before(
    bare_account: Account, owner: User
) -> None:
    cast.make_connection(bare_account)
    review = reviews.ask_for_fallback(bare_account, by=owner)
    assert reviews.settle_due(timezone.now()) == 0
    assert chores.turn(timezone.now() + LATER) == 1
    review.refresh_from_db()
    assert (review.decision, review.decided_by) == (Decision.APPROVED, None)
    assert settle() == 0


def test_without_the_sandbox_people_answer(bare_account: Account, owner: User) -> None:
    reviews.ask_for_fallback(bare_account, by=owner)
    reviews.submit_company(bare_account, by=owner)
    assert settle() == 0


def test_the_senders_own_connection_says_who_answers(bare_account: Account, owner: User) -> None:
    real = cast.make_connection(bare_account, "kaleyra")
    played = reviews.submit_sender(new_sender(bare_account), by=owner)
    real_one = new_sender(bare_account, identifier="ACMEIN", connection=real)
    assert played.settles_at
    assert reviews.submit_sender(real_one, by=owner).settles_at is None


@pytest.mark.parametrize("name", ["reject_me", "Please Reject", "REJECTED"])
def test_the_sandbox_rejects_every_name_with_reject_and_says_so(
    bare_account: Account, owner: User, name: str
) -> None:
    cast.make_connection(bare_account)
    template = new_template(bare_account, owner, name=name)
    sender = new_sender(bare_account, display_name=name)
    cast.make_company(bare_account, legal_name=name)
    reviews.submit_template(template, by=owner)
    reviews.submit_sender(sender, by=owner)
    reviews.submit_company(bare_account, by=owner)
    assert settle() == 3
    for row in (template, sender, bare_account):
        row.refresh_from_db()
    assert (template.status, sender.status) == (AssetStatus.REJECTED, AssetStatus.REJECTED)
    assert template.status_reason == sender.status_reason == reviews.SANDBOX_REASON
    assert (bare_account.kyc_status, bare_account.is_kyc_by_sandbox) == ("rejected", False)
    assert not OutgoingMail.objects.exists()


def test_one_turn_answers_only_so_many(bare_account: Account, owner: User) -> None:
    for number in range(5):
        sender = new_sender(bare_account, identifier=f"ACME{number}")
        reviews.submit_sender(sender, by=owner)
    assert reviews.settle_due(timezone.now() + LATER, limit=3) == 3
    assert settle() == 2


# --- The company ---------------------------------------------------------------------------------


def test_people_approve_a_company(bare_account: Account, owner: User, support: User) -> None:
    review = reviews.submit_company(bare_account, by=owner)
    bare_account.refresh_from_db()
    assert bare_account.kyc_status == KycStatus.IN_REVIEW
    reviews.approve(review, by=support)
    bare_account.refresh_from_db()
    assert (bare_account.kyc_status, bare_account.is_kyc_by_sandbox) == ("approved", False)
    assert actions() == ["company.submit", "company.approve"]


def test_a_rejected_company_is_put_right_and_handed_in_again(
    bare_account: Account, owner: User, support: User
) -> None:
    reviews.reject(reviews.submit_company(bare_account, by=owner), by=support, reason=" Blurred ")
    bare_account.refresh_from_db()
    assert bare_account.kyc_status == KycStatus.REJECTED
    assert Review.objects.get().reason == "Blurred"
    assert reviews.submit_company(bare_account, by=owner).decision == Decision.OPEN


def test_a_company_in_review_cannot_be_handed_in_again(bare_account: Account, owner: User) -> None:
    reviews.submit_company(bare_account, by=owner)
    with pytest.raises(reviews.ReviewRefused):
        reviews.submit_company(bare_account, by=owner)
    assert Review.objects.count() == 1


def test_what_was_withdrawn_is_to_do_again(bare_account: Account, owner: User) -> None:
    review = reviews.submit_company(bare_account, by=owner)
    reviews.withdraw(review, by=owner)
    bare_account.refresh_from_db()
    assert bare_account.kyc_status == KycStatus.TO_DO
    assert actions() == ["company.submit", "company.withdraw"]


@pytest.fixture
def played_account(bare_account: Account, owner: User) -> Account:
    """One that only the Sandbox has approved."""
    cast.make_connection(bare_account)
    reviews.submit_company(bare_account, by=owner)
    settle()
    bare_account.refresh_from_db()
    assert (bare_account.kyc_status, bare_account.is_kyc_by_sandbox) == ("approved", True)
    return bare_account


def _real_check(account: Account, owner: User) -> Review:
    review = reviews.submit_company(account, by=owner)
    assert review.settles_at is None
    assert settle() == 0
    account.refresh_from_db()
    assert (account.kyc_status, account.is_kyc_by_sandbox) == ("approved", True)
    return review


def test_what_the_sandbox_approved_people_may_approve_for_real(
    played_account: Account, owner: User, support: User
) -> None:
    reviews.approve(_real_check(played_account, owner), by=support)
    played_account.refresh_from_db()
    assert (played_account.kyc_status, played_account.is_kyc_by_sandbox) == ("approved", False)
    with pytest.raises(reviews.ReviewRefused):
        reviews.submit_company(played_account, by=owner)


@pytest.mark.parametrize("verb", ["withdraw", "reject"])
def test_what_the_sandbox_approved_stays_so_when_the_real_check_ends_otherwise(
    played_account: Account, owner: User, support: User, verb: str
) -> None:
    review = _real_check(played_account, owner)
    if verb == "withdraw":
        reviews.withdraw(review, by=owner)
    else:
        reviews.reject(review, by=support, reason="This is a sample")
    played_account.refresh_from_db()
    assert (played_account.kyc_status, played_account.is_kyc_by_sandbox) == ("approved", True)
    _real_check(played_account, owner)  # again for people, not for the Sandbox


def test_only_one_real_check_at_a_time(played_account: Account, owner: User) -> None:
    _real_check(played_account, owner)
    with pytest.raises(reviews.ReviewRefused, match="checked already"):
        reviews.submit_company(played_account, by=owner)


# --- Fallback ------------------------------------------------------------------------------------


def test_fallback_is_asked_for_once_and_enabled_once(
    bare_account: Account, owner: User, support: User
) -> None:
    review = reviews.ask_for_fallback(bare_account, by=owner)
    with pytest.raises(reviews.ReviewRefused, match="checked already"):
        reviews.ask_for_fallback(bare_account, by=owner)
    reviews.approve(review, by=support)
    bare_account.refresh_from_db()
    enabled_at = bare_account.fallback_enabled_at
    assert enabled_at
    with pytest.raises(reviews.ReviewRefused, match="enabled already"):
        reviews.ask_for_fallback(bare_account, by=owner)


def test_fallback_that_was_refused_can_be_asked_for_again(
    bare_account: Account, owner: User, support: User
) -> None:
    review = reviews.ask_for_fallback(bare_account, by=owner)
    reviews.reject(review, by=support, reason="Pay first")
    bare_account.refresh_from_db()
    assert bare_account.fallback_enabled_at is None
    reviews.ask_for_fallback(bare_account, by=owner)


# --- Senders -------------------------------------------------------------------------------------


def test_a_sender_goes_from_draft_to_approved(account: Account, admin: User, support: User) -> None:
    sender = new_sender(account)
    review = reviews.submit_sender(sender, by=admin)
    assert sender.status == AssetStatus.PENDING
    reviews.approve(review, by=support)
    sender.refresh_from_db()
    assert sender.status == AssetStatus.APPROVED


def test_a_rejected_sender_tells_why_until_it_is_handed_in_again(
    account: Account, admin: User, support: User
) -> None:
    sender = new_sender(account)
    reviews.reject(reviews.submit_sender(sender, by=admin), by=support, reason="Taken by others")
    sender.refresh_from_db()
    assert (sender.status, sender.status_reason) == (AssetStatus.REJECTED, "Taken by others")
    reviews.submit_sender(sender, by=admin)
    assert (sender.status, sender.status_reason) == (AssetStatus.PENDING, "")


@pytest.mark.parametrize("status", ["pending", "approved", "paused", "disabled"])
def test_only_a_draft_or_rejected_sender_is_handed_in(
    account: Account, admin: User, status: str
) -> None:
    sender = cast.make_sender(account, Channel.SMS, status=status)
    with pytest.raises(reviews.ReviewRefused):
        reviews.submit_sender(sender, by=admin)
    sender.refresh_from_db()
    assert sender.status == status
    assert not Review.objects.exists()


def test_a_deleted_sender_is_not_handed_in(account: Account, admin: User) -> None:
    sender = new_sender(account)
    Sender.objects.update(deleted_at=timezone.now())
    with pytest.raises(reviews.ReviewRefused):
        reviews.submit_sender(sender, by=admin)


# --- Templates -----------------------------------------------------------------------------------


def test_the_first_version_of_a_template_is_its_text(
    account: Account, admin: User, support: User
) -> None:
    template = new_template(account, admin)
    review = reviews.submit_template(template, by=admin)
    version = template.versions.get()
    assert (version.number, version.status, template.status) == (1, "pending", "pending")
    reviews.approve(review, by=support)
    template.refresh_from_db()
    version.refresh_from_db()
    assert (template.version, template.status, version.status) == (1, "approved", "approved")
    assert version.decided_at


def test_version_1_stays_in_force_until_version_2_is_approved(
    account: Account, admin: User, support: User
) -> None:
    template = cast.make_template(account, Channel.SMS)
    _draft(template, "Hello {#var#}, it is new.")
    review = reviews.submit_template(template, by=admin)
    template.refresh_from_db()
    assert (template.status, template.version) == (AssetStatus.APPROVED, 1)
    assert "new" not in template.body
    reviews.approve(review, by=support)
    template.refresh_from_db()
    assert (template.status, template.version, template.draft) == (AssetStatus.APPROVED, 2, None)
    assert "new" in template.body


@pytest.mark.parametrize("verb", ["withdraw", "reject"])
def test_version_1_stays_in_force_when_version_2_is_not_approved(
    account: Account, admin: User, support: User, verb: str
) -> None:
    template = cast.make_template(account, Channel.SMS)
    _draft(template, "Hello, it is new.")
    review = reviews.submit_template(template, by=admin)
    if verb == "withdraw":
        reviews.withdraw(review, by=admin)
    else:
        reviews.reject(review, by=support, reason="Says too little")
    template.refresh_from_db()
    assert (template.status, template.status_reason) == (AssetStatus.APPROVED, "")
    assert (template.version, template.draft["body"]) == (1, "Hello, it is new.")
    again = reviews.submit_template(template, by=admin)
    assert again.template_version
    assert again.template_version.number == 3


def test_what_is_written_while_version_2_is_checked_stays_a_draft(
    account: Account, admin: User, support: User
) -> None:
    template = cast.make_template(account, Channel.SMS)
    _draft(template, "Second")
    review = reviews.submit_template(template, by=admin)
    _draft(template, "Third")
    reviews.approve(review, by=support)
    template.refresh_from_db()
    assert (template.body, template.version, template.draft["body"]) == ("Second", 2, "Third")


def test_one_text_of_a_template_is_checked_at_a_time(account: Account, admin: User) -> None:
    template = cast.make_template(account, Channel.SMS)
    _draft(template, "Second")
    reviews.submit_template(template, by=admin)
    _draft(template, "Third")
    with pytest.raises(reviews.ReviewRefused, match="checked already"):
        reviews.submit_template(template, by=admin)
    assert template.versions.count() == 1


def test_a_template_with_nothing_new_is_not_handed_in(account: Account, admin: User) -> None:
    with pytest.raises(reviews.ReviewRefused, match="Nothing has changed"):
        reviews.submit_template(cast.make_template(account, Channel.SMS), by=admin)


def test_a_text_that_was_changed_meanwhile_is_not_handed_in(account: Account, admin: User) -> None:
    template = new_template(account, admin)
    Template.objects.update(revision=9)
    with pytest.raises(reviews.ReviewRefused, match="changed meanwhile"):
        reviews.submit_template(template, by=admin)
    assert not template.versions.exists()


def test_a_paused_template_stays_paused_when_its_next_version_is_approved(
    account: Account, admin: User, support: User
) -> None:
    template = cast.make_template(account, Channel.SMS)
    templates.pause(template, by=admin)
    _draft(template, "Second")
    reviews.approve(reviews.submit_template(template, by=admin), by=support)
    template.refresh_from_db()
    assert (template.status, template.body) == (AssetStatus.PAUSED, "Second")


def _draft(template: Template, body: str) -> None:
    template.draft = {**template.content.to_json(), "body": body}
    template.save(update_fields=["draft"])


# --- Answers -------------------------------------------------------------------------------------


def test_a_rejection_needs_a_reason(account: Account, admin: User, support: User) -> None:
    review = reviews.submit_sender(new_sender(account), by=admin)
    with pytest.raises(reviews.ReviewRefused, match="Say why"):
        reviews.reject(review, by=support, reason="  ")
    review.refresh_from_db()
    assert review.decision == Decision.OPEN


def test_an_answer_of_people_is_mailed_to_the_admins_and_who_asked(
    account: Account, admin: User, marketer: User, support: User
) -> None:
    template = new_template(account, marketer, name="Promise")
    review = reviews.submit_template(template, by=marketer)
    reviews.reject(review, by=support, reason="Says too little")
    letters = {letter.to: letter for letter in OutgoingMail.objects.all()}
    assert set(letters) == {admin.email, marketer.email}
    letter = letters[marketer.email]
    assert "rejected" in letter.subject
    assert "Promise" in letter.subject
    assert "Says too little" in letter.text


def test_a_request_that_was_taken_back_is_mailed_to_nobody(account: Account, admin: User) -> None:
    reviews.withdraw(reviews.submit_sender(new_sender(account), by=admin), by=admin)
    assert not OutgoingMail.objects.exists()


def test_the_log_says_who_answered_and_why(account: Account, admin: User, support: User) -> None:
    review = reviews.submit_sender(new_sender(account), by=admin)
    reviews.reject(review, by=support, reason="Taken")
    entry = AuditEntry.objects.get(action="sender.reject")
    assert (entry.actor, entry.after, entry.object_label) == (
        support,
        {"reason": "Taken"},
        "ACMERT",
    )


ANSWERS: dict[str, Callable[[Review, User], None]] = {
    "approve": lambda review, user: reviews.approve(review, by=user),
    "reject": lambda review, user: reviews.reject(review, by=user, reason="No"),
    "withdraw": lambda review, user: reviews.withdraw(review, by=user),
}


@pytest.mark.parametrize("second", ANSWERS)
@pytest.mark.parametrize("first", ANSWERS)
def test_the_second_answer_is_refused_and_changes_nothing(
    account: Account, admin: User, first: str, second: str
) -> None:
    review = reviews.submit_sender(new_sender(account), by=admin)
    stale = Review.objects.get(pk=review.pk)
    ANSWERS[first](review, admin)
    kept = list(Sender.objects.values()), list(Review.objects.values()), actions()
    letters = OutgoingMail.objects.count()
    with pytest.raises(reviews.ReviewRefused, match="already"):
        ANSWERS[second](stale, admin)
    assert (list(Sender.objects.values()), list(Review.objects.values()), actions()) == kept
    assert OutgoingMail.objects.count() == letters


# --- At the same moment --------------------------------------------------------------------------

PEOPLE = 6


def at_once(acts: list[Callable[[], object]]) -> list[str]:
    start = Barrier(len(acts))

    def go(act: Callable[[], object]) -> str:
        try:
            start.wait()
            act()
        except reviews.ReviewRefused:
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(go, acts))


@pytest.mark.django_db(transaction=True)
def test_of_many_answers_at_once_one_counts(account: Account, admin: User) -> None:
    template = cast.make_template(account, Channel.SMS)
    _draft(template, "Second")
    review = reviews.submit_template(template, by=admin)
    Review.objects.update(settles_at=timezone.now())
    copies = [Review.objects.get(pk=review.pk) for _ in ANSWERS]
    acts: list[Callable[[], object]] = [
        lambda copy=copy, answer=answer: answer(copy, admin)  # type: ignore[misc]
        for copy, answer in zip(copies, ANSWERS.values(), strict=True)
    ]
    became = at_once([*acts, settle])
    decided = Review.objects.get()
    assert became[:3].count("done") == (decided.decided_by is not None)
    template.refresh_from_db()
    assert (template.version == 2) == (decided.decision == Decision.APPROVED)
    answers = [action for action in actions() if not action.endswith(".submit")]
    assert len(answers) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_engines_one_answers(account: Account, admin: User) -> None:
    review = reviews.submit_sender(new_sender(account), by=admin)
    assert review.settles_at
    at_once([settle] * PEOPLE)
    assert actions() == ["sender.submit", "sender.approve"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", list(ReviewKind))
def test_what_many_hand_in_at_once_is_handed_in_once(
    bare_account: Account, owner: User, kind: ReviewKind
) -> None:
    sender, template = new_sender(bare_account), new_template(bare_account, owner)
    asks: dict[ReviewKind, Callable[[], object]] = {
        ReviewKind.KYC: lambda: reviews.submit_company(bare_account, by=owner),
        ReviewKind.FALLBACK: lambda: reviews.ask_for_fallback(bare_account, by=owner),
        ReviewKind.SENDER: lambda: reviews.submit_sender(
            Sender.objects.get(pk=sender.pk), by=owner
        ),
        ReviewKind.TEMPLATE: lambda: reviews.submit_template(
            Template.objects.get(pk=template.pk), by=owner
        ),
    }
    became = at_once([asks[kind]] * PEOPLE)
    assert sorted(became) == ["done"] + ["refused"] * (PEOPLE - 1)
    assert Review.objects.count() == 1
