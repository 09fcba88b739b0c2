"""What changed between two definitions, told in words."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flows.definition import Catalog, Definition, differences
from tests.pure.builders import (
    CATALOG,
    COMPLETE,
    SMS,
    SMS_STEP,
    WA_STEP,
    WHATSAPP,
    template,
    whatsapp,
)
from tests.pure.test_definition import definitions

DRAFT = Definition("Draft").add_step(WHATSAPP).add_step(SMS)


def told(new: Definition, old: Definition = COMPLETE) -> list[str]:
    return differences(old, new, catalog=CATALOG)


def test_nothing_changed_says_nothing() -> None:
    assert told(COMPLETE) == []
    assert differences(COMPLETE.pin(CATALOG), COMPLETE, catalog=CATALOG) == []


def test_title_and_callback_profile() -> None:
    assert told(replace(COMPLETE, title="Delivery", callback_profile="")) == [
        "Title changed from “Order update” to “Delivery”.",
        "Callback profile changed from “Order system” to none.",
    ]


def test_every_field_of_a_step() -> None:
    url = "https://cdn.example/a.png"
    step = replace(
        WA_STEP, sender="wa2", template="wa2", media_url=url, wait_s=90, counts_as="read"
    )
    assert told(COMPLETE.with_step(0, step)) == [
        "Step 1: sender changed from Shop wa to Shop wa2.",
        "Step 1: template changed from “Template wa” to “Template wa2”.",
        f"Step 1: media URL changed from none to {url}.",
        "Step 1: wait changed from 1 min to 1 min 30 s.",
        "Step 1: what counts as delivered changed from delivered to read.",
    ]


def test_a_step_was_added_at_the_end() -> None:
    assert told(replace(COMPLETE, steps=(*COMPLETE.steps, WA_STEP))) == [
        "Step 3 was added: WhatsApp from Shop wa with “Template wa”, wait 1 min."
    ]


def test_a_step_added_in_front_leaves_the_others_unmentioned() -> None:
    assert told(replace(COMPLETE, steps=(SMS_STEP, WA_STEP, SMS_STEP))) == [
        "Step 1 was added: SMS from Shop sms with “Template sms”, wait 2 min."
    ]


def test_a_step_was_removed_from_the_front() -> None:
    assert told(COMPLETE.remove_step(0)) == [
        "Step 1 was removed: WhatsApp from Shop wa with “Template wa”, wait 1 min."
    ]


def test_two_steps_changed_places() -> None:
    assert told(COMPLETE.move_step(0, by=1)) == [
        "The order of the steps is now SMS, WhatsApp, was WhatsApp, SMS."
    ]


def test_a_step_that_moved_and_changed_is_still_the_same_step() -> None:
    moved = COMPLETE.move_step(0, by=1).with_step(1, replace(WA_STEP, wait_s=90))
    assert told(moved) == [
        "The order of the steps is now SMS, WhatsApp, was WhatsApp, SMS.",
        "Step 2: wait changed from 1 min to 1 min 30 s.",
    ]


def test_another_channel_is_another_step() -> None:
    assert told(COMPLETE.with_step(1, WA_STEP)) == [
        "Step 2 was removed: SMS from Shop sms with “Template sms”, wait 2 min.",
        "Step 2 was added: WhatsApp from Shop wa with “Template wa”, wait 1 min.",
    ]


def test_filling_in_an_empty_step_is_a_change_of_that_step() -> None:
    assert told(DRAFT.with_step(0, WA_STEP), old=DRAFT) == [
        "Step 1: sender changed from none to Shop wa.",
        "Step 1: template changed from none to “Template wa”.",
    ]


def test_an_edited_template_is_told_though_the_flow_is_the_same() -> None:
    edited = Catalog(
        CATALOG.senders,
        {**CATALOG.templates, "wa": template("wa", whatsapp("Dear {{1}}"))},
        CATALOG.callback_profiles,
    )
    pinned = COMPLETE.pin(CATALOG)
    sentence = "Step 1: the content of template “Template wa” changed."
    assert differences(pinned, COMPLETE, catalog=edited) == [sentence]
    assert differences(pinned, COMPLETE.pin(edited), catalog=edited) == [sentence]


def test_what_was_deleted_since_is_named_from_the_version() -> None:
    sentences = differences(COMPLETE.pin(CATALOG), Definition("Order update"), catalog=Catalog())
    assert sentences == [
        "Callback profile changed from a deleted profile to none.",
        "Step 1 was removed: WhatsApp from 918047182200 with “order_update”, wait 1 min.",
        "Step 2 was removed: SMS from 918047182200 with “order”, wait 2 min.",
    ]


def test_what_was_deleted_since_a_draft_is_said_to_be() -> None:
    sentences = differences(COMPLETE, replace(COMPLETE, steps=()), catalog=Catalog())
    assert sentences[0] == (
        "Step 1 was removed: WhatsApp from a deleted sender with a deleted template, wait 1 min."
    )


@given(definitions, definitions)
def test_any_two_definitions_differ_in_words_or_are_equal(old: Definition, new: Definition) -> None:
    sentences = told(new, old)
    assert (sentences == []) == (old == new)
    assert all(sentence.endswith(".") for sentence in sentences)


@given(definitions, st.integers(0, 5))
def test_removing_a_step_is_told_in_one_sentence(definition: Definition, at: int) -> None:
    if at < len(definition.steps):
        sentences = told(definition.remove_step(at), definition)
        assert len(sentences) == 1
        assert " was removed: " in sentences[0]
