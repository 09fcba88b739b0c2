"""What the pages say the same way: states, numbers, times, charts, fields, and the font."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import models
from django.template import engines
from django.test import RequestFactory
from fontTools.ttLib import TTFont

from flows import models as flow_models
from flows.forms.widgets import WaitField
from flows.templatetags.charts import ceiling, stacked_bars
from flows.templatetags.ui import STATUSES, duration, status_of
from tests.browser.building_blocks.forms import BlocksForm

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


def said(template: str, **context: Any) -> str:
    return str(engines["django"].from_string(template).render(context)).strip()


# --- States ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choices",
    [
        "FlowState", "AssetStatus", "ExecutionState", "Outcome", "AttemptState",
        "DeliveryState", "KycStatus", "KeyKind",
    ],
)  # fmt: skip
def test_every_state_of_the_models_has_its_own_look(choices: str) -> None:
    states: type[models.TextChoices] = getattr(flow_models, choices)
    without = [state for state in states.values if state not in STATUSES and state != "ended"]
    assert without == []


def test_a_state_nobody_listed_is_shown_quietly_under_its_name() -> None:
    look = status_of("half_baked")
    assert (look.word, look.tone) == ("Half baked", "quiet")


def test_every_icon_of_a_state_exists() -> None:
    for state, look in STATUSES.items():
        badge = said("{% status state %}", state=state)
        assert look.word in badge
        assert "<svg" in badge


def test_the_word_of_a_badge_can_be_replaced_but_not_its_colour() -> None:
    badge = said('{% status "waiting" "Waiting for SMS" %}')
    assert "Waiting for SMS" in badge
    assert 'data-tone="info"' in badge


# --- Numbers and times ----------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "tester", "marketer", None])
def test_recipients_are_masked_below_admin(role: str | None) -> None:
    shown = said("{% number '919845012381' %}", seat=SimpleNamespace(role=role))
    assert "919845012381" not in shown
    assert "•" in shown


def test_an_admin_sees_the_whole_number() -> None:
    shown = said("{% number '919845012381' %}", seat=SimpleNamespace(role="admin"))
    assert shown == "919845012381"


@pytest.mark.parametrize("tag", ["when", "date", "clock", "countdown"])
def test_a_time_carries_its_moment_for_machines_and_as_a_title(tag: str) -> None:
    shown = said(f"{{% {tag} at %}}", at=NOON)
    assert 'datetime="2026-11-22T12:00:05.000+00:00"' in shown
    assert 'title="22 Nov 2026, 12:00:05 UTC"' in shown
    assert said(f"{{% {tag} at %}}", at=None) == "—"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "—"), (0.25, "250 ms"), (1.24, "1.2 s"), (5, "5 s"), (60, "1 min"),
        (90, "1 min 30 s"), (900, "15 min"), (3661, "1 h 1 min 1 s"), (119.7, "2 min"),
    ],
)  # fmt: skip
def test_durations_in_words(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_a_query_keeps_what_it_does_not_change() -> None:
    request = RequestFactory().get("/flows/", {"status": "draft", "q": "a b", "page": "3"})
    assert said('{% query page=None q="x" %}', request=request) == "?status=draft&amp;q=x"
    assert said("{% query page=None q=None status=None %}", request=request) == "/flows/"


# --- Charts ---------------------------------------------------------------------------------------


def test_a_chart_says_each_number_in_a_title_and_in_the_table() -> None:
    chart = said(
        '{% load charts %}{% stacked_bars rows series=names title="Week" unit="Day" %}',
        rows=[("Mon", (410, 62)), ("Tue", (0, 0))],
        names=("WhatsApp", "SMS"),
    )
    assert "<title>Mon: 410 WhatsApp, 62 SMS</title>" in chart
    assert '<td class="num">62</td>' in chart
    assert "style=" not in chart


@pytest.mark.parametrize("rows", [[], [("Mon", (0, 0))], [("Mon", (1, 0))], [("x", (10**6, 3))]])
def test_blocks_of_a_chart_stay_inside_it(rows: list[tuple[str, tuple[int, int]]]) -> None:
    chart = stacked_bars(rows, series=("WhatsApp", "SMS"), title="Week")
    for bar in chart["bars"]:
        assert all(block.y >= 0 and block.y + block.height <= 200 for block in bar.blocks)
        assert bar.x >= 0 and bar.x + bar.width <= chart["width"]


@pytest.mark.parametrize("value", [0, 1, 4, 5, 99, 100, 101, 640, 1204, 99_999])
def test_the_axis_ends_at_a_round_number_in_four_equal_parts(value: int) -> None:
    top = ceiling(value)
    assert top >= value
    assert top % 4 == 0
    assert top <= max(4, value * 2.6)


# --- Fields ---------------------------------------------------------------------------------------


class Ids(HTMLParser):
    """Collects ids and what points to them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.pointed: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            if name in ("for", "aria-describedby", "data-for"):
                self.pointed.update((value or "").split())


@pytest.mark.parametrize("data", [None, {}])
def test_labels_hints_and_errors_point_to_what_is_there(data: dict[str, str] | None) -> None:
    form = BlocksForm(data)
    html = "".join(field.as_field_group() for field in form)
    assert Ids(html).pointed <= Ids(html).ids


def test_every_link_of_the_error_summary_leads_to_a_control() -> None:
    form = BlocksForm({})
    summary = said('{% include "components/_error_summary.html" %}', form=form)
    page = Ids("".join(field.as_field_group() for field in form))
    for name in form.errors:
        target = form[name].focus_id  # type: ignore[attr-defined]
        assert f'href="#{target}"' in summary
        assert target in page.ids


def test_a_wait_is_typed_with_a_unit_and_read_in_seconds() -> None:
    wait = WaitField(label="Wait")
    assert wait.clean(["2", "min"]) == 120
    assert wait.clean(["45", "s"]) == 45
    assert wait.widget.decompress(120) == [2, "min"]
    assert wait.widget.decompress(45) == [45, "s"]
    assert WaitField(required=False).clean(["", "s"]) is None
    with pytest.raises(ValidationError, match="required"):
        wait.clean(["", "s"])
    with pytest.raises(ValidationError, match="whole number"):
        wait.clean(["soon", "s"])


def test_choice_cards_show_their_hints_and_the_choice() -> None:
    html = str(BlocksForm(initial={"channel": "sms"})["channel"])
    assert "Reaches every phone" in html
    assert html.count("checked") == 1


# --- Font -----------------------------------------------------------------------------------------


def test_the_font_is_small_and_has_the_signs_that_pages_use(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    call_command("build_font", verbosity=0)
    built = tmp_path / "build" / "inter.woff2"
    assert built.stat().st_size < 45_000
    letters = TTFont(built).getBestCmap()
    assert all(ord(sign) in letters for sign in "aZ0éßŁ–“”…•→€₹✓")


def test_the_font_is_not_built_twice(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    built = tmp_path / "build" / "inter.woff2"
    built.parent.mkdir()
    built.write_bytes(b"there")
    call_command("build_font")
    assert built.read_bytes() == b"there"
