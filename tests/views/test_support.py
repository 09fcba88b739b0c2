"""The support desk: queues, what is shown to decide, the answer, and who was first."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.models import (
    Account,
    AssetStatus,
    AuditEntry,
    Decision,
    OutgoingMail,
    Review,
    ReviewKind,
    Role,
    Sender,
    Template,
    User,
    reviews,
)
from flows.placeholders import Channel
from tests import cast


@pytest.fixture
def sue(db: None) -> User:
    """Support staff, with a seat nowhere."""
    return cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True)


@pytest.fixture
def as_sue(sue: User) -> Client:
    client = Client()
    client.force_login(sue)
    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def queue(client: Client, query: str = "") -> str:
    return text(client.get(reverse("support-queue") + query))


def page_of(review: Review) -> str:
    return reverse("support-review", args=[review.public_id])


def approve(client: Client, review: Review) -> Any:
    return client.post(reverse("support-approve", args=[review.public_id]), follow=True)


def reject(client: Client, review: Review, **fields: str) -> Any:
    return client.post(reverse("support-reject", args=[review.public_id]), fields, follow=True)


def label(review: Review) -> str:
    return reviews.label_of(review)


# --- The queue ------------------------------------------------------------------------------------


def test_an_empty_desk_says_so(as_sue: Client) -> None:
    assert "Nothing waits" in queue(as_sue)


def test_the_oldest_comes_first(as_sue: Client, account: Account, admin: User) -> None:
    old, new = (cast.make_review(account, by=admin) for _ in range(2))
    shown = queue(as_sue)
    assert shown.index(label(old)) < shown.index(label(new))
    assert account.sid in shown and "Asha" in shown


def test_a_queue_holds_one_kind_and_counts_all(
    as_sue: Client, account: Account, admin: User
) -> None:
    sender = cast.make_review(account, ReviewKind.SENDER, by=admin)
    template = cast.make_review(account, ReviewKind.TEMPLATE, by=admin)
    shown = queue(as_sue, "?kind=template")
    assert label(template) in shown and label(sender) not in shown
    for words, count in [("All", 2), ("Sender", 1), ("Template", 1), ("Company details", 0)]:
        assert f'<span>{words}</span> <b class="num">{count}</b>' in shown


def test_search_by_account(as_sue: Client, account: Account, admin: User) -> None:
    other = cast.make_account("Globex")
    mine, others = cast.make_review(account, by=admin), cast.make_review(other, by=admin)
    for search in ("acm", account.sid.lower()):
        shown = queue(as_sue, f"?q={search}")
        assert label(mine) in shown and label(others) not in shown
    assert "No request fits" in queue(as_sue, "?q=nobody")


def test_what_the_sandbox_is_about_to_answer_is_left_to_it(
    as_sue: Client, account: Account, admin: User
) -> None:
    review = cast.make_review(account, by=admin)
    Review.objects.update(settles_at=timezone.now())
    assert label(review) not in queue(as_sue)
    Review.objects.update(settles_at=timezone.now() - timedelta(minutes=2))
    assert label(review) in queue(as_sue)


def test_the_queue_costs_the_same_however_long_it_is(
    as_sue: Client, account: Account, admin: User, django_assert_max_num_queries: Any
) -> None:
    made = [cast.make_review(account, by=admin) for _ in range(55)]
    cast.make_review(account, ReviewKind.TEMPLATE, by=admin)
    with django_assert_max_num_queries(7):
        shown = queue(as_sue)
    assert label(made[0]) in shown and label(made[54]) not in shown
    further = queue(as_sue, f"?newer={made[49].public_id}")
    assert label(made[54]) in further and label(made[0]) not in further
    assert label(made[0]) in queue(as_sue, f"?older={made[50].public_id}")


def test_htmx_gets_the_list_alone(as_sue: Client) -> None:
    answer = as_sue.get(reverse("support-queue"), headers={"HX-Request": "true"})
    assert "<html" not in text(answer)


# --- What is shown --------------------------------------------------------------------------------


def test_kyc_shows_company_and_documents(as_sue: Client, account: Account, admin: User) -> None:
    company = cast.make_company(account)
    document = cast.make_document(account)
    review = cast.make_review(account, ReviewKind.KYC, by=admin)
    shown = text(as_sue.get(page_of(review)))
    assert company.legal_name in shown and document.file_name in shown
    assert reverse("support-document", args=[document.public_id]) in shown


def test_a_sender_shows_its_fields(as_sue: Client, account: Account, admin: User) -> None:
    review = cast.make_review(account, by=admin)
    Sender.objects.filter(reviews=review).update(country="IN", dlt_entity_id="110134")
    shown = text(as_sue.get(page_of(review)))
    assert "India" in shown and "110134" in shown and "Sandbox" in shown


def test_a_template_shows_its_message_and_variables(
    as_sue: Client, account: Account, admin: User
) -> None:
    review = cast.make_review(account, ReviewKind.TEMPLATE, by=admin)
    shown = text(as_sue.get(page_of(review)))
    assert "Priya" in shown and "SMS preview" in shown and "No flow" not in shown
    assert "Used by no flow" in shown
    assert "In force before" not in shown


def test_a_new_version_shows_what_is_new_and_which_flows_use_it(
    as_sue: Client, account: Account, admin: User
) -> None:
    cast.make_published_flow(account, by=admin)
    template = Template.objects.get(channel="sms")
    body = "Dear {#var#}, order {#var#} comes on {#var#}."
    template.draft = {**template.content.to_json(), "body": body}
    template.save()
    review = reviews.submit_template(template, by=admin)
    shown = text(as_sue.get(page_of(review)))
    assert "What is new in version 2" in shown and "In force before" in shown
    assert "The text of the message changed." in shown
    assert "Callers must now also send" in shown
    assert "Order update" in shown and "Used by 1 flow" in shown


def test_enablement_shows_the_other_tasks(as_sue: Client, account: Account, admin: User) -> None:
    review = cast.make_review(account, ReviewKind.FALLBACK, by=admin)
    shown = text(as_sue.get(page_of(review)))
    assert "Know your customer (KYC)" in shown and "Fallback for this account" in shown


def test_staff_without_a_seat_sees_no_way_into_the_account(
    as_sue: Client, account: Account, admin: User
) -> None:
    review = cast.make_review(account, by=admin)
    assert f"/a/{account.sid}/" not in text(as_sue.get(page_of(review)))


# --- The answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(ReviewKind))
def test_approving_takes_effect_is_logged_and_told(
    as_sue: Client, sue: User, account: Account, admin: User, kind: str
) -> None:
    review = cast.make_review(account, kind, by=admin)
    assert "is approved" in text(approve(as_sue, review))
    review.refresh_from_db()
    assert (review.decision, review.decided_by) == (Decision.APPROVED, sue)
    assert AuditEntry.objects.filter(account=account, actor=sue, action__endswith=".approve")
    assert OutgoingMail.objects.filter(to=admin.email).exists()


def test_after_an_answer_comes_the_next_of_the_queue(
    as_sue: Client, account: Account, admin: User
) -> None:
    first, second, third = (cast.make_review(account, by=admin) for _ in range(3))
    cast.make_review(account, ReviewKind.TEMPLATE, by=admin)
    assert approve(as_sue, second).redirect_chain[-1][0] == page_of(third)
    assert approve(as_sue, third).redirect_chain[-1][0] == page_of(first)
    assert approve(as_sue, first).redirect_chain[-1][0] == reverse("support-queue")


@pytest.mark.parametrize("kind", list(ReviewKind))
def test_rejecting_needs_a_reason(as_sue: Client, account: Account, admin: User, kind: str) -> None:
    review = cast.make_review(account, kind, by=admin)
    answer = reject(as_sue, review, ready="", words=" ")
    assert answer.status_code == 422
    assert "Choose a reason or write one" in text(answer)
    review.refresh_from_db()
    assert review.decision == Decision.OPEN


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ready": "The number is in use elsewhere."}, "The number is in use elsewhere."),
        ({"words": "Not yours. "}, "Not yours."),
        (
            {"ready": "The number is in use elsewhere.", "words": "At Globex."},
            "The number is in use elsewhere. At Globex.",
        ),
    ],
)
def test_a_reason_is_ready_or_written_or_both(
    as_sue: Client, account: Account, admin: User, fields: dict[str, str], reason: str
) -> None:
    review = cast.make_review(account, by=admin)
    assert "is rejected" in text(reject(as_sue, review, **fields))
    review.refresh_from_db()
    assert review.reason == reason
    assert review.sender is not None
    assert (review.sender.status, review.sender.status_reason) == (AssetStatus.REJECTED, reason)


def test_a_reason_of_another_kind_or_too_long_is_refused(
    as_sue: Client, account: Account, admin: User
) -> None:
    review = cast.make_review(account, by=admin)
    assert "Choose a reason from the list" in text(reject(as_sue, review, ready="Because"))
    assert "Use at most 300" in text(reject(as_sue, review, words="x" * 301))


def test_the_second_of_two_is_told_who_was_first(
    as_sue: Client, sue: User, account: Account, admin: User
) -> None:
    review = cast.make_review(account, by=admin)
    other = Client()
    other.force_login(cast.make_person(None, Role.ADMIN, name="Sol", is_staff=True))
    reject(other, review, words="Not yours.")
    answer = approve(as_sue, review)
    assert "Sol has rejected" in text(answer) and "Your answer was not taken" in text(answer)
    assert answer.redirect_chain[-1][0] == page_of(review)
    review.refresh_from_db()
    assert review.decision == Decision.REJECTED


def test_what_was_taken_back_cannot_be_answered(
    as_sue: Client, account: Account, admin: User
) -> None:
    review = cast.make_review(account, by=admin)
    reviews.withdraw(Review.objects.get(), by=admin)
    assert "was taken back meanwhile" in text(approve(as_sue, review))


# --- Looking back ---------------------------------------------------------------------------------


def test_history_is_filtered(as_sue: Client, account: Account, admin: User) -> None:
    yes, no, waits = (cast.make_review(account, by=admin) for _ in range(3))
    approve(as_sue, yes)
    reject(as_sue, no, words="Not yours.")
    history = reverse("support-history")
    everything = text(as_sue.get(history))
    assert label(yes) in everything and label(no) in everything and label(waits) not in everything
    rejected = text(as_sue.get(f"{history}?decision=rejected&kind=sender&q=acme"))
    assert label(no) in rejected and "Not yours." in rejected and label(yes) not in rejected
    assert "No decided request fits" in text(as_sue.get(f"{history}?kind=kyc"))


def test_accounts_are_found_and_counted(
    as_sue: Client, account: Account, bare_account: Account, admin: User
) -> None:
    cast.make_review(account, by=admin)
    cast.make_review(account, ReviewKind.TEMPLATE, by=admin)
    accounts = reverse("support-account-list")
    shown = text(as_sue.get(f"{accounts}?state=open"))
    assert account.sid in shown and bare_account.sid not in shown
    assert '<td data-label="Open requests" class="num">2</td>' in shown
    shown = text(as_sue.get(f"{accounts}?state=onboarding"))
    assert bare_account.sid in shown and account.sid not in shown
    assert bare_account.sid in text(as_sue.get(f"{accounts}?q=newcom"))
    assert "No account fits" in text(as_sue.get(f"{accounts}?state=closed"))


def test_list_of_accounts_costs_the_same_however_long_it_is(
    as_sue: Client, django_assert_max_num_queries: Any
) -> None:
    made = [cast.make_account(f"Company {number}") for number in range(52)]
    with django_assert_max_num_queries(7):
        shown = text(as_sue.get(reverse("support-account-list")))
    assert made[51].sid in shown and made[1].sid not in shown
    older = text(as_sue.get(reverse("support-account-list") + f"?older={made[2].sid}"))
    assert made[1].sid in older and made[2].sid not in older


def test_page_of_an_account(as_sue: Client, account: Account, admin: User) -> None:
    review = cast.make_review(account, by=admin)
    path = reverse("support-account", args=[account.sid])
    shown = text(as_sue.get(path))
    assert label(review) in shown and admin.email in shown
    assert "Django admin" not in shown  # this one may not use it
    assert as_sue.get(reverse("support-account", args=["HXNOWHERE"])).status_code == 404


def test_a_closed_account_can_be_opened_again(as_sue: Client, account: Account) -> None:
    Account.objects.update(closed_at=timezone.now())
    assert "Open it again" in text(as_sue.get(reverse("support-account", args=[account.sid])))
    answer = as_sue.post(reverse("support-reopen", args=[account.sid]), follow=True)
    assert "is open again" in text(answer)
    account.refresh_from_db()
    assert account.closed_at is None


def test_the_menu_of_staff_leads_to_the_desk_with_a_count(
    as_sue: Client, as_admin: Client, account: Account, admin: User
) -> None:
    cast.make_review(account, by=admin)
    assert '1<span class="vh"> open request</span>' in text(as_sue.get(reverse("support-history")))
    assert "Support desk" not in text(as_admin.get(reverse("flow-list", args=[account.sid])))


def test_only_sms_and_whatsapp_templates_have_bubbles(
    as_sue: Client, account: Account, admin: User
) -> None:
    template = cast.make_template(
        account, Channel.WHATSAPP, status=AssetStatus.DRAFT, version=0, header_kind="image"
    )
    review = reviews.submit_template(template, by=admin)
    assert "WhatsApp preview" in text(as_sue.get(page_of(review)))
