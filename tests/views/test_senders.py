"""The pages of senders: list with filters, one sender, forms, asking for approval, deleting."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flows.models import (
    Account,
    AssetStatus,
    Flow,
    Review,
    Sender,
    User,
    reviews,
    senders,
)
from flows.placeholders import Channel
from tests import cast

WHATSAPP = {"identifier": "+91 80-4718 2200", "display_name": "Acme", "generation": "V1"}
SMS = {"identifier": "ACMERT", "country": "IN", "dlt_entity_id": "1101"}


def page(name: str, account: Account, *args: object) -> str:
    return reverse(name, args=[account.sid, *args])


def text(answer: Any) -> str:
    return str(answer.content.decode())


def create(client: Client, account: Account, channel: str, **fields: Any) -> Any:
    given = {"connection": cast.make_connection(account).pk, **fields}
    return client.post(page("sender-create", account) + f"?channel={channel}", given)


# --- List -----------------------------------------------------------------------------------------


def test_empty_list_teaches(as_admin: Client, as_marketer: Client, account: Account) -> None:
    assert "Register a sender" in text(as_admin.get(page("sender-list", account)))
    assert "An admin of this account registers them" in text(
        as_marketer.get(page("sender-list", account))
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?channel=sms", {"ACMERT", "ACMEXX"}),
        ("?status=rejected", {"ACMEXX"}),
        ("?q=%2B91+80471", {"+918047182200"}),
        ("?q=retail", {"+918047182200"}),
        ("?q=nothing", set()),
        ("?channel=nonsense", {"ACMERT", "ACMEXX", "+918047182200"}),
    ],
)
def test_filters_live_in_the_url(
    as_marketer: Client, account: Account, query: str, shown: set[str]
) -> None:
    cast.make_sender(account, Channel.WHATSAPP)
    cast.make_sender(account, Channel.SMS)
    cast.make_sender(account, Channel.SMS, identifier="ACMEXX", status=AssetStatus.REJECTED)
    answer = text(as_marketer.get(page("sender-list", account) + query))
    assert {name for name in ("ACMERT", "ACMEXX", "+918047182200") if name in answer} == shown


def test_list_says_how_many_flows_use_a_sender(
    as_marketer: Client, account: Account, flow: Flow, published_flow: Flow
) -> None:
    assert text(as_marketer.get(page("sender-list", account))).count("2 flows") == 2


def test_list_costs_the_same_however_long_it_is(
    as_marketer: Client, account: Account, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        cast.make_sender(account, Channel.SMS, identifier=f"ACME{number}")
    with django_assert_max_num_queries(7):
        answer = text(as_marketer.get(page("sender-list", account)))
    assert "ACME59" in answer and "ACME5<" not in answer
    last = Sender.objects.order_by("-pk")[49]
    older = text(as_marketer.get(page("sender-list", account) + f"?older={last.public_id}"))
    assert "ACME5<" in older and "ACME59" not in older


def test_htmx_gets_the_list_alone(as_marketer: Client, account: Account) -> None:
    cast.make_sender(account, Channel.SMS)
    answer = as_marketer.get(
        page("sender-list", account) + "?channel=sms", headers={"HX-Request": "true"}
    )
    assert "<html" not in text(answer)
    assert answer["HX-Push-Url"].endswith("?channel=sms")


# --- Forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["+91 80-4718 2200", "918047182200", "0091 (80) 47182200"])
def test_a_number_may_be_typed_as_people_do(as_admin: Client, account: Account, typed: str) -> None:
    answer = create(as_admin, account, "whatsapp", **{**WHATSAPP, "identifier": typed})
    assert answer.status_code == 302
    sender = Sender.objects.get()
    assert (sender.identifier, sender.status) == ("918047182200", AssetStatus.DRAFT)


@pytest.mark.parametrize(
    ("channel", "fields", "sentence"),
    [
        ("whatsapp", {**WHATSAPP, "identifier": "080 4718"}, "not with 0"),
        ("whatsapp", {**WHATSAPP, "identifier": "ACMERT"}, "Use digits only"),
        ("whatsapp", {**WHATSAPP, "identifier": "1" * 41}, "at most 15 digits"),
        ("whatsapp", {**WHATSAPP, "display_name": ""}, "Enter the name that people see"),
        ("whatsapp", {**WHATSAPP, "generation": "V3"}, "only V1 can be used in flows"),
        ("sms", {**SMS, "identifier": "AC"}, "3 to 11 letters and digits"),
        ("sms", {**SMS, "identifier": "ACME-RT"}, "3 to 11 letters and digits"),
        ("sms", {**SMS, "identifier": "ACMERETAILCO"}, "3 to 11 letters and digits"),
        ("sms", {**SMS, "dlt_entity_id": ""}, "India takes no message without it"),
        ("sms", {**SMS, "dlt_entity_id": "11A"}, "digits only"),
        ("sms", {**SMS, "country": "XX"}, "Choose a country"),
        ("sms", {**SMS, "connection": "999999"}, "Choose the connection"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    as_admin: Client, account: Account, channel: str, fields: dict[str, str], sentence: str
) -> None:
    answer = create(as_admin, account, channel, **fields)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not Sender.objects.exists()


@pytest.mark.parametrize("typed", ["56161", "+44 7700 900 123"])
def test_an_sms_sender_may_be_a_number(as_admin: Client, account: Account, typed: str) -> None:
    fields = {**SMS, "identifier": typed, "country": "GB", "dlt_entity_id": ""}
    assert create(as_admin, account, "sms", **fields).status_code == 302
    assert Sender.objects.get().identifier in {"56161", "447700900123"}


def test_a_number_that_is_there_already_is_said_at_the_field(
    as_admin: Client, account: Account
) -> None:
    cast.make_sender(account, Channel.WHATSAPP)
    answer = create(as_admin, account, "whatsapp", **WHATSAPP)
    assert answer.status_code == 422
    assert "This account has this sender already" in text(answer)


def test_a_connection_of_another_account_cannot_be_chosen(
    as_admin: Client, account: Account, bare_account: Account
) -> None:
    foreign = cast.make_connection(bare_account)
    answer = create(as_admin, account, "sms", **{**SMS, "connection": foreign.pk})
    assert "Choose the connection" in text(answer)


def test_without_a_connection_the_page_leads_to_one(as_admin: Client, account: Account) -> None:
    shown = text(as_admin.get(page("sender-create", account)))
    assert page("connection-create", account) in shown


def test_form_of_whatsapp_shows_the_business_manager(as_admin: Client, account: Account) -> None:
    cast.make_connection(account)
    assert account.business_manager_id in text(as_admin.get(page("sender-create", account)))


def test_one_button_saves_and_hands_in(as_admin: Client, account: Account) -> None:
    create(as_admin, account, "sms", **SMS, submit="")
    assert Sender.objects.get().status == AssetStatus.PENDING
    assert Review.objects.get().sender == Sender.objects.get()


def test_a_rejected_sender_is_corrected_and_handed_in_again(
    as_admin: Client, admin: User, account: Account
) -> None:
    sender = cast.make_sender(
        account, Channel.SMS, status=AssetStatus.REJECTED, status_reason="Not your name."
    )
    assert "Not your name." in text(as_admin.get(page("sender-detail", account, sender.public_id)))
    edit = page("sender-edit", account, sender.public_id)
    assert "ACMERT" in text(as_admin.get(edit))
    given = {**SMS, "identifier": "ACMEIN", "connection": sender.connection_id, "submit": ""}
    assert as_admin.post(edit, given).status_code == 302
    sender.refresh_from_db()
    assert (sender.identifier, sender.status, sender.status_reason) == ("ACMEIN", "pending", "")


def test_an_approved_sender_keeps_its_number(as_admin: Client, account: Account) -> None:
    sender = cast.make_sender(account, Channel.WHATSAPP)
    edit = page("sender-edit", account, sender.public_id)
    shown = text(as_admin.get(edit))
    assert 'name="identifier"' not in shown and 'name="submit"' not in shown
    as_admin.post(edit, {**WHATSAPP, "identifier": "918047182299", "submit": ""})
    sender.refresh_from_db()
    assert (sender.identifier, sender.display_name) == ("918047182200", "Acme")
    assert sender.status == AssetStatus.APPROVED


def test_what_is_being_checked_cannot_be_edited(as_admin: Client, account: Account) -> None:
    sender = cast.make_sender(account, Channel.SMS, status=AssetStatus.PENDING)
    answer = as_admin.get(page("sender-edit", account, sender.public_id), follow=True)
    assert "Take the request back to change it." in text(answer)


# --- Approval, and its answer ---------------------------------------------------------------------


def draft(account: Account) -> Sender:
    return cast.make_sender(account, Channel.SMS, status=AssetStatus.DRAFT)


def test_the_sandbox_answers_and_the_page_notices(as_admin: Client, account: Account) -> None:
    sender = draft(account)
    as_admin.post(page("sender-submit", account, sender.public_id))
    detail = page("sender-detail", account, sender.public_id)
    shown = text(as_admin.get(detail))
    assert "hx-get" in shown and "Look again" in shown
    ask = {"path": f"{detail}?was=pending", "headers": {"HX-Request": "true"}}
    assert as_admin.get(**ask).status_code == 204
    reviews.settle_due(timezone.now() + timedelta(seconds=4))
    answer = as_admin.get(**ask)
    assert answer.status_code == 200
    assert "Approved" in text(answer) and "data-poll" not in text(answer)


def test_a_request_that_people_answer_is_not_polled_for(as_admin: Client, account: Account) -> None:
    sender = draft(account)
    connection = cast.make_connection(account, "kaleyra")
    Sender.objects.update(connection=connection)
    as_admin.post(page("sender-submit", account, sender.public_id))
    shown = text(as_admin.get(page("sender-detail", account, sender.public_id)))
    assert "data-poll" not in shown and "Look again" in shown


def test_polling_ends_when_no_answer_comes(as_admin: Client, admin: User, account: Account) -> None:
    sender = draft(account)
    reviews.submit_sender(sender, by=admin)
    Review.objects.update(settles_at=timezone.now() - timedelta(minutes=2))
    detail = page("sender-detail", account, sender.public_id)
    answer = as_admin.get(f"{detail}?was=pending", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "data-poll" not in text(answer)


def test_a_request_can_be_taken_back(as_admin: Client, admin: User, account: Account) -> None:
    sender = draft(account)
    reviews.submit_sender(sender, by=admin)
    as_admin.post(page("sender-withdraw", account, sender.public_id))
    sender.refresh_from_db()
    assert sender.status == AssetStatus.DRAFT
    answer = as_admin.post(page("sender-withdraw", account, sender.public_id), follow=True)
    assert "There is no open request for it" in text(answer)


def test_history_says_who_did_what(as_admin: Client, admin: User, account: Account) -> None:
    sender = draft(account)
    review = reviews.submit_sender(sender, by=admin)
    reviews.reject(review, by=None, reason="No.")
    sender.refresh_from_db()
    senders.change(sender, by=admin, identifier="ACMEXX")
    shown = text(as_admin.get(page("sender-detail", account, sender.public_id)))
    assert "Handed in for approval by Asha" in shown
    assert "Rejected by the Sandbox: No." in shown
    assert "number or Sender ID from ACMERT to ACMEXX" in shown


def test_a_marketer_sees_it_and_can_do_nothing(as_marketer: Client, account: Account) -> None:
    sender = cast.make_sender(account, Channel.WHATSAPP)
    shown = text(as_marketer.get(page("sender-detail", account, sender.public_id)))
    assert account.business_manager_id in shown
    assert "Delete" not in shown and "Edit" not in shown


# --- Pausing and deleting -------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["pause", "delete"])
def test_asking_names_the_flows_that_use_it(
    as_admin: Client, account: Account, flow: Flow, published_flow: Flow, verb: str
) -> None:
    sender = account.senders.get(channel="sms")
    shown = text(as_admin.get(page(f"sender-{verb}", account, sender.public_id)))
    assert "Order update" in shown and "Delivery notice" in shown
    assert "their step is skipped at run time" in shown


def test_pause_and_resume(as_admin: Client, account: Account) -> None:
    sender = cast.make_sender(account, Channel.SMS)
    answer = as_admin.post(page("sender-pause", account, sender.public_id), follow=True)
    assert "Resume" in text(answer)
    as_admin.post(page("sender-resume", account, sender.public_id))
    sender.refresh_from_db()
    assert sender.status == AssetStatus.APPROVED


def test_delete_can_be_undone(as_admin: Client, account: Account) -> None:
    sender = cast.make_sender(account, Channel.SMS)
    answer = as_admin.post(page("sender-delete", account, sender.public_id), follow=True)
    undo = page("sender-restore", account, sender.public_id)
    assert "ACMERT was deleted." in text(answer) and undo in text(answer)
    assert as_admin.get(page("sender-detail", account, sender.public_id)).status_code == 404
    assert "ACMERT is back." in text(as_admin.post(undo, follow=True))


# --- Flows that use what is no longer approved ----------------------------------------------------


@pytest.mark.parametrize("verb", ["pause", "delete"])
def test_flows_warn_and_cannot_be_published(
    as_admin: Client, account: Account, flow: Flow, published_flow: Flow, verb: str
) -> None:
    sender = account.senders.get(channel="sms")
    as_admin.post(page(f"sender-{verb}", account, sender.public_id))
    assert "Step skipped" in text(as_admin.get(page("flow-list", account)))
    live = text(as_admin.get(page("flow-detail", account, published_flow.public_id)))
    assert "Part of this flow cannot be sent" in live
    given = {"revision": flow.revision, "note": ""}
    refused = as_admin.post(page("flow-publish", account, flow.public_id), given)
    assert refused.status_code == 422
    flow.refresh_from_db()
    assert not flow.is_published
