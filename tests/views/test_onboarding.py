"""The task list and the pages behind it: from an empty account to one that may create flows."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from flows import onboarding
from flows.countries import COUNTRIES
from flows.models import (
    Account,
    AuditEntry,
    Company,
    CompanyDocument,
    Connection,
    Flow,
    KycStatus,
    OutgoingMail,
    Review,
    Role,
    Sender,
    Template,
    TestRecipient,
    User,
    companies,
    connections,
    lifecycle,
    reviews,
    samples,
    senders,
)
from flows.placeholders import Channel
from flows.sample_pdf import sample_pdf
from tests import cast
from tests.views.reading import words

pytestmark = pytest.mark.django_db

DETAILS = {
    "legal_name": "Fresh Foods Pte Ltd",
    "registration_number": "201912345K",
    "tax_number": "",
    "address": "1 Raffles Place",
    "city": "Singapore",
    "postal_code": "048616",
    "country": "SG",
}


@pytest.fixture
def owner(bare_account: Account) -> User:
    return cast.make_person(bare_account, Role.ADMIN, name="Olga")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_owner(owner: User) -> Client:
    return client_of(owner)


def url(name: str, account: Account, *args: object) -> str:
    return reverse(name, args=[account.sid, *args])


def task(account: Account, title: str) -> onboarding.Task:
    account.refresh_from_db()
    return next(t for t in onboarding.tasks(account) if title in t.title)


def states(account: Account) -> list[str]:
    account.refresh_from_db()
    return [t.state for t in onboarding.tasks(account)]


def settle() -> int:
    return reviews.settle_due(timezone.now() + timedelta(minutes=1))


def by_htmx(client: Client, account: Account, **query: str) -> Any:
    return client.get(url("onboarding", account), query, headers={"HX-Request": "true"})


# --- The rows ------------------------------------------------------------------------------------


def test_an_empty_account_has_seven_things_to_do_each_with_a_link(
    as_owner: Client, bare_account: Account
) -> None:
    tasks = onboarding.tasks(bare_account)
    assert {t.state for t in tasks} == {"to_do"}
    assert [t.verb for t in tasks] == [
        "Add company details",
        "Enter the ID",
        "Register a number",
        "Write a template",
        "Register a Sender ID",
        "Write a template",
        "Ask support to enable it",
    ]
    page = as_owner.get(url("onboarding", bare_account))
    for t in tasks:
        assert f'href="{t.url}"' in page.content.decode()
        assert as_owner.get(t.url).status_code == 200, t.url


def test_each_role_gets_the_links_it_may_follow(bare_account: Account, owner: User) -> None:
    def verbs(role: Role) -> set[str]:
        page = client_of(cast.make_person(bare_account, role)).get(url("onboarding", bare_account))
        assert "Next: an admin of this account" in words(page)
        return set(re.findall(r'class="btn small[^>]*>([^<]+)', page.content.decode()))

    assert verbs(Role.VIEWER) == verbs(Role.TESTER) == set()
    assert verbs(Role.MARKETER) == {"Write a template"}


def test_the_kyc_row_leads_on(bare_account: Account, owner: User) -> None:
    assert task(bare_account, "KYC").verb == "Add company details"
    cast.make_company(bare_account)
    assert task(bare_account, "KYC").verb == "Upload a document"
    cast.make_document(bare_account)
    assert task(bare_account, "KYC").verb == "Hand it in"
    review = companies.submit(bare_account, by=owner)
    row = task(bare_account, "KYC")
    assert (row.state, row.who, row.awaits_people) == ("in_review", "support", True)
    reviews.reject(review, by=owner, reason="The scan is blurred")
    row = task(bare_account, "KYC")
    assert (row.state, row.verb) == ("blocked", "Put it right")
    assert "The scan is blurred" in row.sentence
    reviews.approve(companies.submit(bare_account, by=owner), by=owner)
    assert task(bare_account, "KYC").is_completed


@pytest.mark.parametrize(
    ("status", "state", "verb"),
    [
        ("draft", "to_do", "Hand it in"),
        ("pending", "in_review", "See it"),
        ("rejected", "blocked", "See why"),
        ("paused", "blocked", "See it"),
        ("disabled", "blocked", "See it"),
        ("approved", "completed", ""),
    ],
)
def test_a_sender_and_a_template_show_how_far_they_are(
    bare_account: Account, status: str, state: str, verb: str
) -> None:
    sender = cast.make_sender(bare_account, Channel.WHATSAPP, status=status)
    template = cast.make_template(bare_account, Channel.SMS, status=status)
    for title, thing in (("WhatsApp: number", sender), ("SMS: template", template)):
        row = task(bare_account, title)
        assert (row.state, row.verb) == (state, verb)
        assert (str(thing.public_id) in row.url) == (state != "completed")


def test_the_best_sender_counts(bare_account: Account) -> None:
    cast.make_sender(bare_account, Channel.SMS, identifier="AAA", status="rejected")
    cast.make_sender(bare_account, Channel.SMS, identifier="BBB", status="draft")
    assert task(bare_account, "SMS: Sender ID").state == "to_do"
    cast.make_sender(bare_account, Channel.SMS, identifier="CCC", status="approved")
    assert task(bare_account, "SMS: Sender ID").is_completed


def test_only_v1_numbers_count(bare_account: Account) -> None:
    cast.make_sender(bare_account, Channel.WHATSAPP, generation="V2")
    row = task(bare_account, "WhatsApp: number")
    assert row.state == "blocked"
    assert "V2" in row.sentence


def test_support_is_led_to_its_desk_and_self_approvers_to_theirs(
    as_owner: Client, bare_account: Account, owner: User, settings: Any
) -> None:
    reviews.submit_company(bare_account, by=owner)
    assert "Decide" not in words(as_owner.get(url("onboarding", bare_account)))
    settings.FALLBACK_SELF_APPROVE = True
    page = as_owner.get(url("onboarding", bare_account)).content.decode()
    assert url("review-list", bare_account) in page
    User.objects.update(is_staff=True)
    page = as_owner.get(url("onboarding", bare_account)).content.decode()
    assert f'href="{reverse("support-queue")}"' in page


def test_the_list_costs_the_same_whatever_the_account_holds(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        cast.make_sender(account, Channel.SMS, identifier=f"ACME{number}")
        cast.make_template(account, Channel.SMS, name=f"Text {number}")
    cast.make_sender(account, Channel.WHATSAPP)
    cast.make_template(account, Channel.WHATSAPP)
    with django_assert_num_queries(3):
        assert onboarding.is_ready(onboarding.tasks(account))


# --- Home and the list that refreshes itself ------------------------------------------------------


def test_home_begins_with_the_list_and_one_primary_action(
    as_owner: Client, bare_account: Account
) -> None:
    cast.make_connection(bare_account)
    page = as_owner.get(url("account-home", bare_account))
    assert page.content.decode().count("btn primary") == 1
    assert "Fill everything in with samples" in words(page)
    assert "Last 24 hours" not in words(page)


def test_without_the_sandbox_the_first_thing_to_do_is_the_primary_action(
    as_owner: Client, bare_account: Account
) -> None:
    cast.make_connection(bare_account, "kaleyra")
    page = as_owner.get(url("account-home", bare_account)).content.decode()
    assert re.findall(r'class="btn small primary"[^>]*>([^<]+)', page) == ["Add company details"]


def test_the_list_leaves_home_when_it_is_done(as_admin: Client, account: Account) -> None:
    cast.make_definition(account)
    page = as_admin.get(url("account-home", account))
    assert 'id="onboarding"' not in page.content.decode()
    assert "Create your first flow" in words(page)
    assert "All done" in words(as_admin.get(url("onboarding", account)))


def test_the_list_asks_again_only_while_the_sandbox_answers(
    as_owner: Client, bare_account: Account, owner: User
) -> None:
    def page() -> str:
        return as_owner.get(url("account-home", bare_account)).content.decode()

    assert "hx-get" not in page()
    reviews.ask_for_fallback(bare_account, by=owner)
    assert "hx-get" not in page()  # people may take their time
    Review.objects.update(settles_at=timezone.now())
    assert "every 2s" in page()
    assert "Look again" in page()
    settle()
    assert "hx-get" not in page()


def test_nobody_asks_for_ever_when_the_engine_is_away(
    as_owner: Client, bare_account: Account, owner: User
) -> None:
    cast.make_connection(bare_account)
    reviews.ask_for_fallback(bare_account, by=owner)
    Review.objects.update(settles_at=timezone.now() - timedelta(minutes=5))
    page = as_owner.get(url("account-home", bare_account))
    assert "hx-get" not in page.content.decode()
    assert "its engine does not answer" in words(page)


def test_the_fragment_comes_only_when_something_is_new(
    as_owner: Client, bare_account: Account, owner: User
) -> None:
    cast.make_connection(bare_account)
    reviews.ask_for_fallback(bare_account, by=owner)
    first = by_htmx(as_owner, bare_account)
    assert "<html" not in first.content.decode()
    told = re.search(r"told=(\w+)", first.content.decode())
    assert told
    assert by_htmx(as_owner, bare_account, told=told[1]).status_code == 204
    settle()
    after = by_htmx(as_owner, bare_account, told=told[1])
    assert "Fallback is enabled" in words(after)
    assert "hx-get" not in after.content.decode()


def test_the_page_is_drawn_anew_when_the_list_is_done(as_admin: Client, account: Account) -> None:
    cast.make_definition(account)
    assert by_htmx(as_admin, account, told="x").headers["HX-Refresh"] == "true"


# --- No flow before it is done --------------------------------------------------------------------


def test_no_flow_comes_into_being_before_the_list_is_done(
    as_admin: Client, flow: Flow, account: Account
) -> None:
    lifecycle.delete(cast.make_flow(account, by=flow.created_by, title="Gone"), by=flow.created_by)  # type: ignore[arg-type]
    Account.objects.update(fallback_enabled_at=None)
    count = Flow.objects.count()
    new = url("flow-create", account)
    page = as_admin.get(new)
    assert "a few things are missing" in words(page)
    assert "Ask support to enable it" in words(page)
    assert as_admin.post(new, {"title": "Early"}).status_code == 409
    for path in (url("flow-sample", account), url("flow-duplicate", account, flow.public_id)):
        assert as_admin.post(path)["Location"] == new
    assert Flow.objects.count() == count


# --- Company details ------------------------------------------------------------------------------


def test_company_details_are_kept_and_logged(as_owner: Client, bare_account: Account) -> None:
    page = as_owner.post(url("company-edit", bare_account), DETAILS, follow=True)
    assert "Fresh Foods Pte Ltd" in words(page)
    assert "Singapore" in words(page)
    entry = AuditEntry.objects.get(action="company.save")
    assert (entry.before, entry.after) == (None, DETAILS)
    as_owner.post(url("company-edit", bare_account), DETAILS)
    assert AuditEntry.objects.filter(action="company.save").count() == 1


def test_wrong_details_are_said_in_our_own_words(as_owner: Client, bare_account: Account) -> None:
    wrong = {**dict.fromkeys(DETAILS, ""), "country": "XX", "tax_number": "9" * 41}
    page = as_owner.post(url("company-edit", bare_account), wrong)
    assert page.status_code == 422
    for sentence in (
        "Enter the company’s legal name",
        "Use at most 40 characters",
        "Enter the address",
        "Enter the city",
        "Enter the postal code",
        "Choose a country from the list",
    ):
        assert sentence in words(page)
    assert not Company.objects.exists()


@pytest.mark.parametrize("value", ["\0", "<script>alert(1)</script>", "\u202e", "'; --"])
def test_hostile_details_are_refused_or_harmless(
    as_owner: Client, bare_account: Account, value: str
) -> None:
    answer = as_owner.post(url("company-edit", bare_account), {**DETAILS, "city": value})
    assert answer.status_code in (302, 422)
    page = as_owner.get(url("company-detail", bare_account))
    assert "<script>alert" not in page.content.decode()


def test_every_country_has_a_name() -> None:
    assert len(COUNTRIES) == 249
    assert all(re.fullmatch("[A-Z]{2}", code) and name for code, name in COUNTRIES.items())


def test_nothing_is_handed_in_before_it_is_there(as_owner: Client, bare_account: Account) -> None:
    submit = url("company-submit", bare_account)
    assert "company details first" in words(as_owner.post(submit, follow=True))
    as_owner.post(url("company-edit", bare_account), DETAILS)
    assert "one document first" in words(as_owner.post(submit, follow=True))
    assert not Review.objects.exists()


def test_from_handing_in_to_the_answer(
    as_owner: Client, bare_account: Account, owner: User
) -> None:
    as_owner.post(url("company-edit", bare_account), DETAILS)
    file = SimpleUploadedFile("register.pdf", sample_pdf(["Register"]))
    as_owner.post(url("document-create", bare_account), {"kind": "identity", "file": file})
    detail = url("company-detail", bare_account)
    assert "Hand in for review" in words(as_owner.get(detail))
    page = as_owner.post(url("company-submit", bare_account), follow=True)
    assert "Being checked" in words(page)
    assert "Upload a document" not in words(page)
    page = as_owner.post(url("company-submit", bare_account), follow=True)
    assert "Withdraw the request to change anything" in words(page)
    support = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True)
    reviews.reject(Review.objects.get(), by=support, reason="The scan is blurred")
    page = as_owner.get(detail)
    assert "The scan is blurred" in words(page)
    assert OutgoingMail.objects.filter(to=owner.email).exists()
    as_owner.post(url("company-submit", bare_account))
    assert "Withdraw the company details?" in words(
        as_owner.get(url("company-withdraw", bare_account))
    )
    as_owner.post(url("company-withdraw", bare_account))
    assert "Nothing is being checked" in words(
        as_owner.post(url("company-withdraw", bare_account), follow=True)
    )
    as_owner.post(url("company-submit", bare_account))
    reviews.approve(Review.objects.order_by("-id")[0], by=support)
    page = as_owner.get(detail)
    assert "Approved" in words(page)
    assert "Hand in" not in words(page)
    assert "blurred" not in words(page)


def test_what_the_sandbox_approved_can_be_handed_in_for_real(
    as_owner: Client, bare_account: Account, owner: User
) -> None:
    cast.make_connection(bare_account)
    cast.make_company(bare_account)
    cast.make_document(bare_account)
    page = as_owner.post(url("company-submit", bare_account), follow=True)
    assert "The Sandbox answers within a few seconds" in words(page)
    settle()
    for name in ("account-home", "onboarding"):
        notice = words(as_owner.get(url(name, bare_account)))
        assert "Real carriers need a check by support" in notice
    page = as_owner.get(url("company-detail", bare_account))
    assert "Approved by the Sandbox only" in words(page)
    assert "Hand in for a check by support" in words(page)
    page = as_owner.post(url("company-submit", bare_account), follow=True)
    assert "Being checked" in words(page)
    assert task(bare_account, "KYC").is_completed  # the Sandbox goes on
    assert "it is being checked" in words(as_owner.get(url("account-home", bare_account)))
    reviews.approve(Review.objects.order_by("-id")[0], by=owner)
    assert "Real carriers" not in words(as_owner.get(url("account-home", bare_account)))


# --- Business Manager, Fallback, Sandbox ----------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", ["", "1234", "1" * 21, "12a45", "１２３４５６", "12 345", "12345\n6"]
)
def test_a_business_manager_id_is_digits(
    as_owner: Client, bare_account: Account, wrong: str
) -> None:
    path = url("business-manager-edit", bare_account)
    assert as_owner.post(path, {"business_manager_id": wrong}).status_code == 422
    bare_account.refresh_from_db()
    assert bare_account.business_manager_id == ""


def test_a_business_manager_id_is_kept_and_logged(as_owner: Client, bare_account: Account) -> None:
    path = url("business-manager-edit", bare_account)
    page = as_owner.post(path, {"business_manager_id": " 284915037716402 "}, follow=True)
    assert "Business Manager 284915037716402" in words(page)
    entry = AuditEntry.objects.get(action="account.business_manager")
    assert entry.after == {"business_manager_id": "284915037716402"}


def test_fallback_is_asked_for_withdrawn_and_asked_for_again(
    as_owner: Client, bare_account: Account, owner: User
) -> None:
    ask, take_back = (url(f"fallback-{verb}", bare_account) for verb in ("request", "withdraw"))
    assert "Ask support to enable Fallback?" in words(as_owner.get(ask))
    assert "You get an email" in words(as_owner.post(ask, follow=True))
    assert task(bare_account, "Fallback").state == "in_review"
    assert "checked already" in words(as_owner.post(ask, follow=True))
    assert as_owner.get(take_back).status_code == 200
    as_owner.post(take_back)
    assert task(bare_account, "Fallback").state == "to_do"
    assert "Nobody is being asked" in words(as_owner.post(take_back, follow=True))
    as_owner.post(ask)
    reviews.reject(Review.objects.order_by("-id")[0], by=owner, reason="Sign the contract first")
    row = task(bare_account, "Fallback")
    assert (row.state, row.verb) == ("blocked", "Ask again")
    assert "Sign the contract first" in row.sentence
    as_owner.post(ask)
    reviews.approve(Review.objects.order_by("-id")[0], by=owner)
    assert task(bare_account, "Fallback").is_completed
    assert "enabled already" in words(as_owner.post(ask, follow=True))


def test_an_account_without_a_connection_is_offered_the_sandbox(
    as_owner: Client, bare_account: Account
) -> None:
    assert "Use the Sandbox" in words(as_owner.get(url("account-home", bare_account)))
    for _ in range(2):
        as_owner.post(url("sandbox-connect", bare_account))
    assert Connection.objects.get().connector == "sandbox"
    assert AuditEntry.objects.filter(action="connection.create").count() == 1
    page = words(as_owner.get(url("account-home", bare_account)))
    assert "Use the Sandbox" not in page
    assert "Fill everything in with samples" in page


def test_a_marketer_reads_who_can_do_it(bare_account: Account, owner: User) -> None:
    client = client_of(cast.make_person(bare_account, Role.MARKETER))
    home = url("account-home", bare_account)
    assert "Olga can connect it to the Sandbox" in words(client.get(home))
    cast.make_connection(bare_account)
    page = client.get(home)
    assert "Olga can fill the list in with samples" in words(page)
    assert "btn primary" not in page.content.decode()


def test_a_real_carrier_is_not_mixed_with_the_sandbox(bare_account: Account, owner: User) -> None:
    cast.make_connection(bare_account, "kaleyra")
    with pytest.raises(connections.ConnectionRefused):
        connections.use_sandbox(bare_account, by=owner)


# --- Samples --------------------------------------------------------------------------------------


@pytest.fixture
def played(bare_account: Account) -> Account:
    cast.make_connection(bare_account)
    return bare_account


def fill_in(client: Client, account: Account) -> Any:
    return client.post(url("sample-fill", account), follow=True)


def test_one_press_and_the_sandboxs_answers_complete_the_list(
    as_owner: Client, played: Account
) -> None:
    page = fill_in(as_owner, played)
    assert "The Sandbox answers within a few seconds" in words(page)
    assert "Fill everything in" not in words(page)
    assert states(played) == ["in_review", "completed", *["in_review"] * 5]
    settle()
    assert set(states(played)) == {"completed"}
    page = as_owner.post(url("flow-sample", played), follow=True)
    assert not lifecycle.problems_of(Flow.objects.get())
    assert TestRecipient.objects.filter(account=played).count() == len(samples.TEST_RECIPIENTS)
    made = set(Template.objects.values_list("channel", "kind"))
    assert made == {
        ("whatsapp", "text"),
        ("whatsapp", "authentication"),
        ("sms", "TXN"),
        ("sms", "OTP"),
    }


def test_the_press_is_in_the_log_as_if_done_by_hand(as_owner: Client, played: Account) -> None:
    fill_in(as_owner, played)
    done = set(AuditEntry.objects.values_list("action", flat=True))
    assert done >= {
        "company.save",
        "document.upload",
        "company.submit",
        "account.business_manager",
        "sender.create",
        "sender.submit",
        "template.create",
        "template.submit",
        "testrecipient.create",
        "fallback.submit",
    }


def _rows() -> list[int]:
    kinds = (Company, CompanyDocument, Sender, Template, TestRecipient, Review, AuditEntry)
    return [kind.objects.count() for kind in kinds]  # type: ignore[attr-defined]


def test_pressing_again_changes_nothing(as_owner: Client, played: Account) -> None:
    fill_in(as_owner, played)
    rows = _rows()
    fill_in(as_owner, played)
    assert _rows() == rows
    settle()
    rows = _rows()
    fill_in(as_owner, played)
    assert _rows() == rows


def test_what_is_there_already_is_left_alone(
    as_owner: Client, played: Account, owner: User
) -> None:
    cast.make_company(played)
    cast.make_template(played, Channel.SMS)
    Account.objects.update(business_manager_id="99999")
    fill_in(as_owner, played)
    played.refresh_from_db()
    assert played.business_manager_id == "99999"
    assert played.company.legal_name == "Acme Retail Ltd"
    assert Template.objects.filter(channel="sms").count() == 1


def test_a_sample_whose_name_is_taken_gets_another(
    as_owner: Client, played: Account, owner: User
) -> None:
    fill_in(as_owner, played)
    settle()
    for sender in Sender.objects.all():
        senders.pause(sender, by=owner)
    Template.objects.update(status="paused")
    fill_in(as_owner, played)
    settle()
    assert set(states(played)) == {"completed"}
    assert Template.objects.filter(name="order_update_2").exists()


def test_samples_are_only_for_the_sandbox(as_owner: Client, bare_account: Account) -> None:
    cast.make_connection(bare_account, "kaleyra")
    assert "only send with the Sandbox" in words(fill_in(as_owner, bare_account))
    assert not Sender.objects.exists()


def test_all_of_it_or_nothing(
    as_owner: Client,
    played: Account,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
    own_documents: Path,
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise companies.CompanyRefused("Not now.")

    monkeypatch.setattr(companies, "add_document", refuse)
    assert "Not now." in words(fill_in(as_owner, played))
    assert _rows() == [0] * 7
    assert states(played).count("to_do") == 7
    assert not (own_documents / played.sid).exists()


@pytest.mark.parametrize("role", [Role.MARKETER, Role.TESTER, Role.VIEWER])
def test_only_admins_press(bare_account: Account, role: Role) -> None:
    cast.make_connection(bare_account)
    client = client_of(cast.make_person(bare_account, role))
    assert client.post(url("sample-fill", bare_account)).status_code == 403
    assert not Sender.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_admins_press_at_once(played: Account, owner: User) -> None:
    from tests.models.test_reviews import at_once

    press: Callable[[], object] = lambda: samples.fill_in(played, by=owner)  # noqa: E731
    assert at_once([press] * 4) == ["done"] * 4
    assert Sender.objects.count() == 2
    assert CompanyDocument.objects.count() == 1
    assert Account.objects.get(pk=played.pk).kyc_status == KycStatus.IN_REVIEW
