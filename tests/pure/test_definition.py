"""What a flow must fulfil before it may be saved, published and pinned."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definition import (
    Catalog,
    Channel,
    Definition,
    DefinitionError,
    PinnedDefinition,
    Problem,
    Step,
)
from tests.pure.builders import (
    CATALOG,
    COMPLETE,
    SMS,
    SMS_STEP,
    WA_STEP,
    WHATSAPP,
    json_values,
    texts,
)

steps = st.builds(
    Step,
    channel=st.sampled_from(Channel),
    sender=st.sampled_from(["", "gone", *CATALOG.senders]),
    template=st.sampled_from(["", "gone", *CATALOG.templates]),
    media_url=st.sampled_from(["", "https://cdn.example/a.png", "http://cdn.example/a.png", "x"]),
    wait_s=st.none() | st.integers(0, 1000),
    counts_as=st.sampled_from(["delivered", "read", "accepted"]),
)
definitions = st.builds(
    Definition,
    title=st.sampled_from(["", "Order update"]),
    callback_profile=st.sampled_from(["", "IN_1", "gone"]),
    steps=st.lists(steps, max_size=6).map(tuple),
)
STEP_FIELDS = ("sender", "template", "media_url", "wait_s", "counts_as")
near_definitions = st.fixed_dictionaries(
    {},
    optional={
        "title": json_values,
        "callback_profile": json_values,
        "steps": json_values
        | st.lists(
            st.fixed_dictionaries(
                {"channel": st.sampled_from(["whatsapp", "sms"]) | json_values},
                optional=dict.fromkeys(
                    ("sender", "template", "media_url", "wait_s", "counts_as"), json_values
                ),
            ),
            max_size=7,
        ),
    },
)


def messages(definition: Definition) -> dict[str, str]:
    found = definition.problems(CATALOG)
    assert len({problem.field for problem in found}) == len(found)
    return {problem.field: problem.message for problem in found}


def with_wa(**changes: object) -> Definition:
    return COMPLETE.with_step(0, replace(WA_STEP, **changes))  # type: ignore[arg-type]


def with_sms(**changes: object) -> Definition:
    return COMPLETE.with_step(1, replace(SMS_STEP, **changes))  # type: ignore[arg-type]


# --- Title ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["A", "x" * 100, "Bestätigung ✔", "शीर्षक", "Flow “7” <b>"])
def test_a_title_of_one_to_a_hundred_characters_is_fine(title: str) -> None:
    assert Definition(title).draft_problems() == []


@pytest.mark.parametrize(
    ("title", "message"),
    [
        ("", "Enter a title."),
        ("   ", "Enter a title."),
        ("\u200b\u2060", "Enter a title."),
        ("x" * 101, "Shorten the title to 100 characters."),
        ("one\ntwo", "Remove line breaks and control characters from the title."),
        ("one\u2028two", "Remove line breaks and control characters from the title."),
        ("one\x00two", "Remove line breaks and control characters from the title."),
        ("one\ud800", "Remove line breaks and control characters from the title."),
    ],
)
def test_any_other_title_is_refused_even_for_a_draft(title: str, message: str) -> None:
    assert Definition(title).draft_problems() == [Problem("title", message)]
    assert messages(replace(COMPLETE, title=title)) == {"title": message}


def test_a_title_is_trimmed() -> None:
    assert Definition.parse({"title": "\u00a0 Order update \n"}).title == "Order update"


def test_a_draft_needs_nothing_but_its_title() -> None:
    assert Definition("Order update").draft_problems() == []


# --- Publishing -----------------------------------------------------------------------------------


def test_a_complete_definition_has_no_problems() -> None:
    assert COMPLETE.problems(CATALOG) == []


def test_all_problems_come_at_once_in_the_order_of_the_form() -> None:
    definition = Definition("", "gone", (Step(SMS, counts_as="read"),))
    assert definition.problems(CATALOG) == [
        Problem("title", "Enter a title."),
        Problem(
            "callback_profile",
            "Choose another callback profile or none: this one no longer exists.",
        ),
        Problem("steps", "Add a second step: a flow has 2 to 5 steps."),
        Problem("steps.0.sender", "Choose an SMS sender."),
        Problem("steps.0.template", "Choose an SMS template."),
        Problem("steps.0.wait_s", "Enter a wait from 5 seconds to 15 minutes."),
        Problem(
            "steps.0.counts_as",
            "Choose delivered or accepted: an SMS does not report that it was read.",
        ),
    ]


def test_a_callback_profile_is_optional() -> None:
    assert replace(COMPLETE, callback_profile="").problems(CATALOG) == []


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_two_to_five_steps_in_any_order_are_fine(count: int) -> None:
    mixed = (SMS_STEP, SMS_STEP, WA_STEP, SMS_STEP, WA_STEP)[:count]
    assert replace(COMPLETE, steps=mixed).problems(CATALOG) == []


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (0, "Add a first and a second step: a flow has 2 to 5 steps."),
        (1, "Add a second step: a flow has 2 to 5 steps."),
        (6, "Remove a step: a flow has at most 5 steps."),
    ],
)
def test_fewer_or_more_steps_are_not(count: int, message: str) -> None:
    assert messages(replace(COMPLETE, steps=(SMS_STEP,) * count)) == {"steps": message}


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        ("", "Choose a WhatsApp sender."),
        ("gone", "Choose a WhatsApp sender: this one no longer exists."),
        ("sms", "Choose a WhatsApp sender: Shop sms sends by SMS."),
        ("waiting", "Choose a WhatsApp sender that is approved: Shop waiting is pending."),
        ("v2", "Choose a WhatsApp sender of generation V1: Shop v2 is V2."),
    ],
)
def test_a_whatsapp_sender_must_be_approved_and_v1(sender: str, message: str) -> None:
    assert messages(with_wa(sender=sender)) == {"steps.0.sender": message}


def test_an_sms_sender_needs_no_generation() -> None:
    assert messages(with_sms(sender="wa")) == {
        "steps.1.sender": "Choose an SMS sender: Shop wa sends by WhatsApp."
    }
    assert messages(with_sms()) == {}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "Choose a WhatsApp template."),
        ("gone", "Choose a WhatsApp template: this one no longer exists."),
        ("sms", "Choose a WhatsApp template: Template sms is for SMS."),
        ("paused", "Choose a WhatsApp template that is approved: Template paused is paused."),
        (
            "carousel",
            "Choose a WhatsApp template of kind text or authentication: "
            "Template carousel is neither.",
        ),
    ],
)
def test_a_template_must_be_approved_and_of_the_channel(template: str, message: str) -> None:
    assert messages(with_wa(template=template)) == {"steps.0.template": message}


def test_an_authentication_template_is_fine() -> None:
    assert messages(with_wa(template="otp")) == {}


@pytest.mark.parametrize("wait_s", [5, 6, 60, 899, 900])
def test_a_wait_of_5_to_900_seconds_is_fine(wait_s: int) -> None:
    assert messages(with_wa(wait_s=wait_s)) == {}


@pytest.mark.parametrize("wait_s", [None, 4, 901, 0, -60, 10**8, True, 60.0, "60"])
def test_any_other_wait_is_refused_on_every_step(wait_s: object) -> None:
    message = "Enter a wait from 5 seconds to 15 minutes."
    assert messages(with_wa(wait_s=wait_s)) == {"steps.0.wait_s": message}
    assert messages(with_sms(wait_s=wait_s)) == {"steps.1.wait_s": message}


def test_a_media_url_is_required_for_a_media_header() -> None:
    assert messages(with_wa(template="image")) == {
        "steps.0.media_url": "Enter a media URL: the template begins with an image."
    }
    assert messages(with_wa(template="image", media_url="https://cdn.example/a.png?x=1")) == {}


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a.png", "cdn.example/a.png", "https://", "https:///a.png",
        "https://cdn.example:99999/", "https://[::1", "https://cdn.example/a b.png",
        "https://cdn.example/\n", "javascript:alert(1)", "https://" + "x" * 3000,
    ],
)  # fmt: skip
def test_a_media_url_must_be_https(url: str) -> None:
    assert messages(with_wa(template="image", media_url=url)) == {
        "steps.0.media_url": "Enter a media URL that starts with https://."
    }


def test_a_media_url_is_refused_where_nothing_shows_it() -> None:
    url = "https://cdn.example/a.png"
    assert messages(with_wa(media_url=url)) == {
        "steps.0.media_url": "Remove the media URL: the template has no media header."
    }
    assert messages(with_sms(media_url=url)) == {
        "steps.1.media_url": "Remove the media URL: an SMS carries no media."
    }


@pytest.mark.parametrize("counts_as", ["delivered", "accepted"])
def test_delivered_and_accepted_count_on_both_channels(counts_as: str) -> None:
    assert messages(with_wa(counts_as=counts_as)) == {}
    assert messages(with_sms(counts_as=counts_as)) == {}


def test_read_counts_on_whatsapp_only() -> None:
    assert messages(with_wa(counts_as="read")) == {}
    assert list(messages(with_sms(counts_as="read"))) == ["steps.1.counts_as"]


@given(definitions)
def test_any_definition_is_either_pinned_or_told_what_is_wrong(definition: Definition) -> None:
    problems = definition.problems(CATALOG)
    assert all(problem.message.endswith(".") for problem in problems)
    if len(definition.steps) <= 5:
        assert Definition.parse(definition.to_json()) == definition
    if problems:
        with pytest.raises(DefinitionError) as caught:
            definition.pin(CATALOG)
        assert caught.value.problems == problems
    else:
        assert definition.pin(CATALOG).editable() == definition


# --- Pinning --------------------------------------------------------------------------------------


def test_a_pinned_definition_holds_copies_of_everything() -> None:
    step = COMPLETE.pin(CATALOG).steps[0]
    assert step.sender_identifier == "918047182200"
    assert step.connection == "sandbox"
    assert step.content == CATALOG.templates["wa"].content


def test_a_pinned_definition_survives_json() -> None:
    pinned = COMPLETE.pin(CATALOG)
    assert PinnedDefinition.from_json(json.loads(json.dumps(pinned.to_json()))) == pinned


# --- Editing --------------------------------------------------------------------------------------


def test_a_new_step_takes_the_other_channel_and_a_usual_wait() -> None:
    definition = Definition("T").add_step().add_step().add_step()
    assert [step.channel for step in definition.steps] == [WHATSAPP, SMS, WHATSAPP]
    assert [step.wait_s for step in definition.steps] == [60, 60, 60]
    assert Definition("T").add_step(SMS).add_step(SMS).steps[1].channel is SMS


def test_a_sixth_step_is_refused() -> None:
    full = replace(COMPLETE, steps=(SMS_STEP,) * 5)
    with pytest.raises(DefinitionError, match="at most 5"):
        full.add_step()


def test_steps_move_and_stop_at_the_ends() -> None:
    swapped = COMPLETE.move_step(0, by=1)
    assert swapped.steps == (SMS_STEP, WA_STEP)
    assert swapped.move_step(1, by=-1) == COMPLETE
    assert COMPLETE.move_step(0, by=-1) == COMPLETE
    assert COMPLETE.move_step(1, by=1) == COMPLETE


def test_a_step_is_removed_or_replaced() -> None:
    assert COMPLETE.remove_step(0).steps == (SMS_STEP,)
    assert COMPLETE.with_step(1, WA_STEP).steps == (WA_STEP, WA_STEP)


@pytest.mark.parametrize("index", [-1, 2, 99])
def test_a_step_that_does_not_exist_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError, match="no step"):
        COMPLETE.with_step(index, WA_STEP)
    with pytest.raises(IndexError):
        COMPLETE.remove_step(index)
    with pytest.raises(IndexError):
        COMPLETE.move_step(index, by=1)


# --- Reading --------------------------------------------------------------------------------------


def test_what_is_missing_takes_its_default() -> None:
    assert Definition.parse({}) == Definition()
    assert Definition.parse({"steps": [{"channel": "sms"}]}).steps == (Step(SMS),)


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (None, ["steps"]),
        ([], ["steps"]),
        ({"title": 7, "callback_profile": []}, ["title", "callback_profile"]),
        ({"steps": "x"}, ["steps"]),
        ({"steps": [{"channel": "sms"}] * 6}, ["steps"]),
        ({"steps": [7, {"channel": "fax"}, {}]}, [f"steps.{i}.channel" for i in range(3)]),
        ({"steps": [{"channel": "sms", "wait_s": "60"}]}, ["steps.0.wait_s"]),
        ({"steps": [{"channel": "sms", "wait_s": True}]}, ["steps.0.wait_s"]),
        ({"steps": [{"channel": "sms", "wait_s": 10**5000}]}, ["steps.0.wait_s"]),
        ({"steps": [{"channel": "sms", "counts_as": ["read"]}]}, ["steps.0.counts_as"]),
        ({"steps": [{"channel": "sms", "sender": "a\x00"}]}, ["steps.0.sender"]),
        ({"steps": [{"channel": "sms", "media_url": "x" * 3000}]}, ["steps.0.media_url"]),
    ],
)
def test_what_is_mistyped_is_refused_by_field(value: object, fields: list[str]) -> None:
    with pytest.raises(DefinitionError) as caught:
        Definition.parse(value)
    assert [problem.field for problem in caught.value.problems] == fields


@given(json_values | near_definitions | texts)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        definition = Definition.parse(value)
    except DefinitionError as error:
        assert error.problems
    else:
        assert Definition.parse(json.loads(json.dumps(definition.to_json()))) == definition
        definition.problems(Catalog())
