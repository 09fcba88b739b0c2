"""What a template may say: one sentence per field, never an exception, and callers can fill it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definition.template_differences import (
    body_changes,
    content_differences,
    demand_sentences,
    demands_between,
)
from flows.definition.template_rules import (
    draft_problems,
    problems,
    settled,
    suggest_name,
    warnings,
)
from flows.placeholders import MAX_PARAMS, Button, Channel, TemplateContent, fields, resolve
from tests.pure.builders import SMS, WHATSAPP, bodies, sms, texts, whatsapp

BODY = "Hi {{1}}, your order {{2}} is on its way."


def wa(body: str = BODY, **more: object) -> TemplateContent:
    return whatsapp(body, **{"language": "en", "category": "utility", **more})  # type: ignore[arg-type]


def code(body: str = "{{1}} is your verification code.", **more: object) -> TemplateContent:
    return wa(body, **{"kind": "authentication", "category": "authentication", **more})


def told(content: TemplateContent) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in problems(content):
        found[problem.field] = " ".join([found.get(problem.field, ""), problem.message]).strip()
    return found


def names(content: TemplateContent) -> set[str]:
    return set(told(content))


# --- What is right -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        wa(),
        wa("Your order is on its way."),
        wa("Hello {{name}}, see you {{day}}."),
        wa(header_kind="text", header_text="Order {{1}}"),
        wa(header_kind="image", footer="Acme Retail"),
        wa(buttons=(Button("url", "Track", "https://shop.example/t/{{1}}"),)),
        wa(buttons=(Button("phone", "Call us", "+91 80471 82200"), Button("quick_reply", "Stop"))),
        code(),
        code("*{{1}}* is your verification code. For your security, do not share it."),
        sms("Hi {#var#}, order {#var#} arrives soon."),
        sms("Hello {name}, {day}"),
        sms("{#var#} is your code", kind="OTP"),
        sms("₹50 for {name}", unicode=True),
        sms("Hi", dlt_template_id="1107161234567890123"),
    ],
)
def test_content_that_is_right_has_no_problem(content: TemplateContent) -> None:
    assert problems(content) == []
    assert warnings(content) == []


# --- What is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        (replace(wa(), name=""), "name", "Enter a name."),
        (replace(wa(), name="Order Update!"), "name", "like order_update"),
        (replace(wa(), name="a" * 101), "name", "Shorten the name to 100"),
        (replace(sms(), name="\u200b "), "name", "Enter a title."),
        (wa(language="xx"), "language", "Choose a language"),
        (wa(category="authentication"), "category", "Utility or Marketing"),
        (wa(""), "body", "Enter the text"),
        (wa("x" * 1025), "body", "it has 1 too many"),
        (wa("{{1}} and more"), "body", "Begin with words"),
        (wa("Hello {{1}}"), "body", "{{1}} at the end"),
        (wa("Hello *{{1}}*"), "body", "{{1}} at the end"),
        (wa("{{1}}"), "body", "refuses"),
        (wa("Hi {{1}} {{2}}, ok."), "body", "Put words between {{1}} and {{2}}"),
        (wa("Hi {{1}}{{2}}, ok."), "body", "Put words between"),
        (wa("Hi {{1}}, see {{3}} there."), "body", "{{2}} is missing"),
        (wa("Hi {{1}}, see {{name}} there."), "body", "one kind of variable: {{1}} or {{name}}"),
        (sms("Hi {#var#}, see {{1}} there"), "body", "one kind of variable: {#var#} or {{1}}"),
        (wa("Hi {{51}}, ok."), "body", "a call cannot fill {{51}}"),
        (sms("Save {20% now} only"), "body", "letters, digits and _ only: {20% now}"),
        (wa(header_kind="text"), "header_text", "Enter the header"),
        (wa(header_kind="text", header_text="{{1}} and {{2}}"), "header_text", "remove {{2}}"),
        (wa(header_kind="text", header_text="a\nb"), "header_text", "one line"),
        (wa(header_kind="text", header_text="Sale 🎉"), "header_text", "emoji"),
        (wa(header_kind="text", header_text="x" * 61), "header_text", "60 characters"),
        (wa(footer="{{1}}"), "footer", "Remove the variable"),
        (wa(footer="x" * 61), "footer", "60 characters"),
        (code("Your code."), "body", "Write {{1}}"),
        (code("{{1}} is your code for {{2}}."), "body", "remove {{2}}"),
        (code("{{code}} is yours."), "body", "remove {{code}}"),
        (code("{{1}}: https://acme.example"), "body", "Remove the link"),
        (code("{{1}} is your code 🎉"), "body", "Remove the emoji"),
        (code(header_kind="image"), "header_kind", "no header"),
        (code(buttons=(Button("quick_reply", "Yes"),)), "buttons", "Remove the buttons"),
        (code(category="utility"), "category", "Authentication"),
        (sms("Save — now"), "body", "Replace — with -, or switch Unicode on"),
        (sms("नमस्ते"), "body", "Switch Unicode on"),
        (sms("No code here", kind="OTP"), "body", "Write {#var#}"),
        (sms("Hi", kind="text"), "kind", "Choose what kind"),
        (sms("Hi", dlt_template_id="11-07"), "dlt_template_id", "in digits"),
    ],
)
def test_problem_is_named_at_its_field(content: TemplateContent, field: str, words: str) -> None:
    assert words in told(content)[field]


@pytest.mark.parametrize(
    ("button", "field", "words"),
    [
        (Button("quick_reply", ""), "text", "Enter the words"),
        (Button("quick_reply", "x" * 26), "text", "25 characters"),
        (Button("quick_reply", "Hi {{1}}"), "text", "Remove the variable"),
        (Button("phone", "Call", ""), "value", "Enter the phone number"),
        (Button("phone", "Call", "12"), "value", "like +919876543210"),
        (Button("url", "Open", ""), "value", "Enter the address"),
        (Button("url", "Open", "shop.example"), "value", "starts with https://"),
        (Button("url", "Open", "https://s.example/{{1}}/x"), "value", "Move {{1}} to the end"),
        (Button("url", "Open", "https://s.example/{{1}}{{2}}"), "value", "one variable at most"),
        (Button("url", "Open", "https://s.example/{{1}"), "value", "starts with https://"),
    ],
)
def test_button_problem_is_named_at_its_field(button: Button, field: str, words: str) -> None:
    assert words in told(wa(buttons=(button,)))[f"buttons.0.{field}"]


def test_too_many_or_equal_buttons_are_refused() -> None:
    replies = tuple(Button("quick_reply", f"Answer {n}") for n in range(4))
    assert "at most 3 quick replies" in told(wa(buttons=replies))["buttons"]
    links = tuple(Button("url", f"Open {n}", "https://s.example/{{1}}") for n in range(2))
    assert "Only one link" in told(wa(buttons=links))["buttons"]
    same = (Button("quick_reply", "Yes"), Button("quick_reply", "yes "))
    assert names(wa(buttons=same)) == {"buttons.0.text", "buttons.1.text"}


def test_more_variables_than_a_call_carries_are_refused() -> None:
    fits = " ".join("{#var#}" for _ in range(MAX_PARAMS))
    assert names(sms(fits)) == set()
    assert "at most 50 values" in told(sms(fits + " {#var#}"))["body"]
    link = Button("url", "Open", "https://s.example/{{1}}")
    full = "Hi " + ", and ".join(f"{{{{{n}}}}}" for n in range(1, 51)) + "."
    assert "these are 51" in told(wa(full, buttons=(link,)))["body"]


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_form() -> None:
    content = wa("", language="", category="", footer="{{1}}", header_kind="text")
    found = [problem.field for problem in problems(replace(content, name="Á"))]
    assert found == ["name", "language", "category", "header_text", "body", "footer"]


def test_each_fault_of_a_text_is_said() -> None:
    sentences = [problem.message for problem in problems(wa("{{1}} and {{3}}"))]
    assert [sentence.split(":")[0] for sentence in sentences] == [
        "Number the variables without a gap",
        "Begin with words",
        "End with words or a full stop",
    ]


def test_a_draft_may_leave_everything_out_but_its_name() -> None:
    assert draft_problems(wa("", language="", category="")) == []
    assert [p.field for p in draft_problems(replace(wa("x" * 1025), name=""))] == ["name", "body"]


# --- What is hardly meant ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stretch"),
    [
        ("Hi {{name }, ok.", "{{name }"),
        ("Hi {{ }}, ok.", "{{ }}"),
        ("Hi {{}}, ok.", "{{}}"),
        ("Hi {name}, ok.", "{name}"),
        ("Hi name}}, ok.", "name}"),
        ("Hi {{1, ok.", "{{1,"),
    ],
)
def test_braces_that_look_like_a_broken_variable_are_warned_about(text: str, stretch: str) -> None:
    found = [warning.message for warning in warnings(wa(text))]
    assert any(f"“{stretch}” looks like a broken variable" in sentence for sentence in found)


def test_unicode_that_nothing_needs_is_warned_about() -> None:
    assert [w.field for w in warnings(sms("Hello {name}", unicode=True))] == ["unicode"]


def test_a_name_is_suggested() -> None:
    assert suggest_name(" Ordér Update, 2nd! ") == "order_update_2nd"
    assert suggest_name("नमस्ते") == ""


# --- Whatever is typed ---------------------------------------------------------------------------

buttons = st.builds(Button, st.sampled_from(["quick_reply", "phone", "url"]), texts, bodies | texts)
contents = st.builds(
    TemplateContent,
    st.sampled_from(list(Channel)),
    texts | st.just("order_update"),
    st.sampled_from(["text", "authentication", "OTP", "TXN", "MKT", "DEFAULT", "carousel"]),
    bodies | texts,
    language=st.sampled_from(["en", "", "xx"]),
    category=st.sampled_from(["utility", "marketing", "authentication", ""]),
    header_kind=st.sampled_from(["none", "text", "image", "nothing"]),
    header_text=bodies | texts,
    footer=texts,
    buttons=st.lists(buttons, max_size=8).map(tuple),
    dlt_template_id=texts | st.just("1107161234567890123"),
    unicode=st.booleans(),
)
likely = st.builds(wa, bodies.map(lambda body: f"Dear {body}.")) | st.builds(sms, bodies)


@given(contents)
def test_any_content_is_judged_with_sentences(content: TemplateContent) -> None:
    for problem in [*problems(content), *warnings(content), *draft_problems(content)]:
        assert problem.field
        assert problem.message.endswith(".")
    assert {p.field for p in draft_problems(content)} <= names(content)


@given(likely | contents)
def test_callers_can_fill_whatever_has_no_problem(content: TemplateContent) -> None:
    if problems(content):
        return
    keys = fields(content)
    assert len(keys) <= MAX_PARAMS
    resolve(content, {field.key: field.sample for field in keys})


@given(contents)
def test_what_a_channel_does_not_have_is_left_out(content: TemplateContent) -> None:
    kept = settled(content)
    assert settled(kept) == kept
    assert kept.body == content.body
    if content.channel is SMS:
        assert not (kept.buttons or kept.footer or kept.own_header or kept.category)
    elif content.channel is WHATSAPP:
        assert not (kept.dlt_template_id or kept.unicode)


# --- Differences ---------------------------------------------------------------------------------


@given(bodies | texts, bodies | texts)
def test_woven_bodies_can_be_taken_apart_again(old: str, new: str) -> None:
    woven = body_changes(old, new)
    assert "".join(s.text for s in woven if s.kind != "added") == old
    assert "".join(s.text for s in woven if s.kind != "removed") == new


@given(contents, contents)
def test_differences_are_empty_only_when_nothing_differs(
    old: TemplateContent, new: TemplateContent
) -> None:
    assert content_differences(old, old) == []
    same = replace(new, channel=old.channel) == old
    assert bool(content_differences(old, new)) is not same


def test_demands_name_what_callers_send_and_no_longer_send() -> None:
    found = demands_between(wa(), wa("Hello {{name}}, it is on its way."))
    assert demand_sentences(found, "input.send1.templateParams") == [
        "Callers must now also send “name” in input.send1.templateParams.",
        "Callers no longer need to send “1”, “2” in input.send1.templateParams.",
    ]
    assert not demands_between(wa(), wa(BODY.replace("order", "parcel")))
