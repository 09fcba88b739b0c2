"""Meta's answers to questions: credentials, numbers, and all pages of templates."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from flows.connectors.base import (
    Answer,
    AnswerLost,
    CarrierFault,
    ErrorClass,
    TemplateState,
)
from flows.placeholders import Button
from tests.connectors.cloud_api import (
    META,
    jsons,
    view,
    whatsapp,
)
from tests.connectors.staging import Canned, do
from tests.fakes.whatsapp_cloud import (
    NUMBER_ID,
    PARCEL_NEWS,
    FakeWhatsAppCloud,
)

# --- Questions ------------------------------------------------------------------------------------


def test_check_names_the_account(meta: FakeWhatsAppCloud) -> None:
    said = do(lambda web: META.check(connection=view(meta.url), http=web))
    assert said == "Meta accepts the credentials of the WhatsApp Business Account “Acme Retail”."


def test_check_notices_a_wrong_app_secret(meta: FakeWhatsAppCloud) -> None:
    wrong = view(meta.url, app_secret="0" * 32)
    with pytest.raises(CarrierFault, match="the app secret does not belong to it") as caught:
        do(lambda web: META.check(connection=wrong, http=web))
    assert caught.value.error_class is ErrorClass.BLOCKED


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (AnswerLost("no answer within 10 s"), "Meta did not answer: no answer within 10 s."),
        (Answer(503, {}, b""), "Meta has no time now. Try again later."),
        (Answer(400, {}, b'{"error":{"code":4}}'), "The app has made too many calls to Meta."),
    ],
)
def test_outage_in_the_middle_of_a_check_says_nothing_of_the_secret(
    answer: Answer | Exception, sentence: str
) -> None:
    class Failing(Canned):
        async def get(self, url: str, **_: object) -> Answer:
            if "appsecret_proof" in url:
                return await super().get(url)
            return Answer(200, {}, b'{"id": "1"}')

    with pytest.raises(CarrierFault) as caught:
        asyncio.run(META.check(connection=view(), http=Failing(answer)))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("account", ["", "me", "../me", "1/2"])
def test_account_that_is_no_id_is_never_asked_for(account: str) -> None:
    web = Canned(AssertionError("nobody may be asked"))
    with pytest.raises(CarrierFault, match="Business Account ID"):
        asyncio.run(META.check(connection=view(account_id=account), http=web))


def test_senders_come_with_what_meta_calls_them(meta: FakeWhatsAppCloud) -> None:
    (sender,) = do(lambda web: META.list_senders(connection=view(meta.url), http=web))
    assert (sender.identifier, sender.carrier_id) == ("918047182200", NUMBER_ID)
    assert sender.display_name == "Acme Retail"
    assert sender.note == "quality GREEN, throughput STANDARD"


def listed(meta: FakeWhatsAppCloud) -> dict[str, Any]:
    found = do(lambda web: META.list_templates(connection=view(meta.url), http=web))
    return {template.name: template for template in found}


def test_all_pages_of_templates_are_read(meta: FakeWhatsAppCloud) -> None:
    for number in range(23):
        meta.have(replace(PARCEL_NEWS, name=f"parcel_{number}"))
    meta.most_per_page = 4
    assert len(listed(meta)) == 25
    assert len(meta.asked) == 7
    assert not [request for request in meta.asked if "access_token" in request.path]


def test_page_that_is_too_long_is_asked_for_in_parts(meta: FakeWhatsAppCloud) -> None:
    long = "Hi {{1}}: " + "नमस्ते " * 140  # escaped, some 6 KB
    for number in range(60):
        meta.have(replace(PARCEL_NEWS, name=f"long_{number}", body=long[:1000]))
    assert len(listed(meta)) == 62


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("APPROVED", TemplateState.APPROVED),
        ("PENDING", TemplateState.PENDING),
        ("IN_APPEAL", TemplateState.PENDING),
        ("REJECTED", TemplateState.REJECTED),
        ("PAUSED", TemplateState.PAUSED),
        ("DISABLED", TemplateState.DISABLED),
        ("PENDING_DELETION", TemplateState.DISABLED),
        ("SOMETHING_NEW", TemplateState.UNKNOWN),
    ],
)
def test_states_of_templates(meta: FakeWhatsAppCloud, status: str, state: TemplateState) -> None:
    meta.have(PARCEL_NEWS, status=status)
    assert listed(meta)["parcel_news"].state is state


def test_rejection_has_its_reason(meta: FakeWhatsAppCloud) -> None:
    meta.have(PARCEL_NEWS, status="REJECTED", reason="TAG_CONTENT_MISMATCH")
    assert listed(meta)["parcel_news"].reason == "the text does not fit its category or language"
    meta.have(PARCEL_NEWS, status="REJECTED", reason="NEW_REASON")
    assert listed(meta)["parcel_news"].reason == "new reason"
    assert listed(meta)["order_update"].reason == ""


def test_content_is_told_as_ours(meta: FakeWhatsAppCloud) -> None:
    full = replace(
        PARCEL_NEWS,
        name="full",
        header_kind="text",
        header_text="For {{1}}",
        footer="Acme",
        buttons=(
            Button("quick_reply", "Stop"),
            Button("url", "Track", "https://acme.example/{{1}}"),
            Button("phone", "Call", "+919876543210"),
        ),
    )
    code = replace(
        whatsapp("code", "{{1}} is your code."), kind="authentication", category="authentication"
    )
    picture = replace(PARCEL_NEWS, name="picture", header_kind="image")
    for content in (full, code, picture):
        meta.have(content)
    found = listed(meta)
    assert [found[c.name].content for c in (full, code, picture)] == [full, code, picture]
    assert found["full"].language == "en"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "HEADER", "format": "LOCATION"},
        {"type": "BODY", "text": "Another body."},
        {"type": "CAROUSEL", "cards": []},
        {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "example": "x"}]},
        {"type": "BUTTONS", "buttons": [7]},
    ],
)
def test_content_that_we_cannot_say_is_left_out(meta: FakeWhatsAppCloud, part: object) -> None:
    meta.templates[0]["components"].append(part)
    assert listed(meta)["order_update"].content is None


@given(said=jsons)
def test_any_list_is_read_or_a_fault(said: object) -> None:
    web = Canned(Answer(200, {}, json.dumps({"data": said}).encode()))
    for ask in (META.list_templates, META.list_senders):
        try:
            asyncio.run(ask(connection=view(), http=web))  # type: ignore[operator]
        except CarrierFault as fault:
            assert str(fault)


def test_list_without_an_end_is_not_taken_over() -> None:
    page = {"data": [], "paging": {"cursors": {"after": "x"}, "next": "https://x.example"}}
    web = Canned(Answer(200, {}, json.dumps(page).encode()))
    with pytest.raises(CarrierFault, match="no end"):
        asyncio.run(META.list_templates(connection=view(), http=web))


@pytest.mark.parametrize(
    "listed",
    [
        {},
        {"data": None},
        {"data": {"name": "order_update"}},
        {"data": [], "paging": {"next": "https://x.example"}},
        {"data": [], "paging": {"next": "https://x.example", "cursors": {"after": 7}}},
    ],
)
def test_part_of_a_list_is_never_taken_for_the_whole(listed: object) -> None:
    """Templates that are not in it would count as unknown at Meta, and not be sent."""
    web = Canned(Answer(200, {}, json.dumps(listed).encode()))
    for ask in (META.list_templates, META.list_senders):
        with pytest.raises(CarrierFault, match="could not be read"):
            asyncio.run(ask(connection=view(), http=web))  # type: ignore[operator]
