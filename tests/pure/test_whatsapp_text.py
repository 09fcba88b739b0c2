"""Messages as WhatsApp shows them: its markup for the template's own words, never for values."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.placeholders import Piece
from flows.whatsapp_text import to_html
from tests.pure.builders import texts

pieces = st.lists(
    st.builds(Piece, st.sampled_from(["text", "value", "missing"]), texts | st.text("*_~` \na<")),
    max_size=6,
)


def text(words: str) -> list[Piece]:
    return [Piece("text", words)]


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("plain", "plain"),
        ("*bold*", "<strong>bold</strong>"),
        ("_italic_", "<em>italic</em>"),
        ("~strike~", "<s>strike</s>"),
        ("```mono```", "<code>mono</code>"),
        ("`mono`", "<code>mono</code>"),
        ("*a* and *b*", "<strong>a</strong> and <strong>b</strong>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("(*bold*),", "(<strong>bold</strong>),"),
        ("```*not bold*\n_nor this_```", "<code>*not bold*\n_nor this_</code>"),
        ("snake_case_name", "snake_case_name"),
        ("2*3*4", "2*3*4"),
        ("2*3* 4", "2*3* 4"),
        ("* item", "* item"),
        ("*not *", "*not *"),
        ("*not\nbold*", "*not\nbold*"),
        ("`not\ncode`", "`not\ncode`"),
        ("**", "**"),
        ("*", "*"),
        ("``````", "``````"),
        ("one\ntwo", "one\ntwo"),
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("*<i>*", "<strong>&lt;i&gt;</strong>"),
    ],
)
def test_markup(words: str, html: str) -> None:
    assert to_html(text(words)) == html


def test_a_value_is_marked_and_escaped_and_its_markup_is_left_alone() -> None:
    html = to_html([Piece("value", "*x* <script>")])
    assert html == '<mark class="var">*x* &lt;script&gt;</mark>'


def test_a_missing_value_is_marked_as_missing() -> None:
    assert to_html([Piece("missing", "{{3}}")]) == '<mark class="var missing">{{3}}</mark>'


def test_markup_of_the_template_goes_around_values() -> None:
    html = to_html([Piece("text", "Hi *"), Piece("value", "Asha"), Piece("text", "*!")])
    assert html == 'Hi <strong><mark class="var">Asha</mark></strong>!'


def test_a_value_cannot_close_what_the_template_opened() -> None:
    html = to_html([Piece("text", "*Hi "), Piece("value", "A*"), Piece("text", " there")])
    assert "<strong>" not in html


def test_two_pieces_of_text_count_as_one() -> None:
    assert to_html([*text("*bo"), *text("ld*")]) == "<strong>bold</strong>"


@given(pieces)
def test_any_message_gives_balanced_tags_and_loses_no_word(message: list[Piece]) -> None:
    html = to_html(message)
    open_tags: list[str] = []
    for slash, tag in re.findall(r"<(/?)(strong|em|s|code|mark)(?: class=\"[a-z ]+\")?>", html):
        if slash:
            assert open_tags.pop() == tag
        else:
            open_tags.append(tag)
    assert open_tags == []
    bare = re.sub(r"</?(?:strong|em|s|code|mark)(?: class=\"[a-z ]+\")?>", "", html)
    assert "<" not in bare
    assert html.count("<mark") == sum(piece.kind != "text" for piece in message)


def test_many_unclosed_markers_take_no_time() -> None:
    assert to_html(text("(*a_b" * 400)) == "(*a_b" * 400
    assert to_html(text("` " * 600)).startswith("<code>")
