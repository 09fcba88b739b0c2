"""Charts as inline SVG with a table of the same numbers. Counts nothing, asks nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template

register = template.Library()

WIDTH, HEIGHT = 720, 200
LEFT, BOTTOM, TOP = 44, 24, 10
GAP = 1.5
MAX_LABELS = 12


@dataclass(frozen=True)
class Block:
    """One series' share of a bar; `kind` is its colour in the style sheet."""

    kind: int
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One label with its values, placed."""

    label: str
    values: Sequence[int]
    title: str
    x: float
    width: float
    middle: float
    blocks: Sequence[Block]
    labelled: bool


def ceiling(value: int) -> int:
    """The round number at or above `value` where the axis ends, divisible by four."""
    size = 4
    while size < value:
        for factor in (1, 2, 2.5, 5, 10):
            if size * factor >= value:
                return int(size * factor)
        size *= 10
    return size


def _blocks(values: Sequence[int], scale: float) -> list[Block]:
    blocks, floor = [], float(HEIGHT - BOTTOM)
    for kind, value in enumerate(values, start=1):
        if value:
            height = max(value * scale, GAP + 0.5)
            blocks.append(Block(kind, round(floor - height, 1), round(height - GAP, 1)))
            floor -= height
    return blocks


def _bar(
    index: int, row: tuple[str, Sequence[int]], *, series: Sequence[str], total: int, scale: float
) -> Bar:
    label, values = row
    slot = (WIDTH - LEFT) / total
    said = ", ".join(f"{value:,} {name}" for name, value in zip(series, values, strict=True))
    return Bar(
        label, values, f"{label}: {said}",
        x=round(LEFT + index * slot + slot * 0.18, 1),
        width=round(slot * 0.64, 1),
        middle=round(LEFT + (index + 0.5) * slot, 1),
        blocks=_blocks(values, scale),
        labelled=index % -(-total // MAX_LABELS) == 0,
    )  # fmt: skip


@register.inclusion_tag("components/_chart.html")
def stacked_bars(
    rows: Sequence[tuple[str, Sequence[int]]], *, series: Sequence[str], title: str, unit: str = ""
) -> dict[str, Any]:
    """`{% stacked_bars rows series=names title="…" unit="Day" %}`; rows: `[("Mon", (410, 62)), …]`.

    At most four series. `unit` is the heading of the labels in the table.
    """
    top = ceiling(max((sum(values) for _, values in rows), default=0))
    scale = (HEIGHT - BOTTOM - TOP) / top
    bars = [
        _bar(index, row, series=series, total=len(rows), scale=scale)
        for index, row in enumerate(rows)
    ]
    ticks = [
        {"value": top * quarter // 4, "y": round(HEIGHT - BOTTOM - top * quarter / 4 * scale, 1)}
        for quarter in range(5)
    ]
    return {
        "bars": bars, "ticks": ticks, "series": list(enumerate(series, start=1)),
        "title": title, "unit": unit, "width": WIDTH, "height": HEIGHT, "left": LEFT,
        "edge": LEFT - 8, "base": HEIGHT - 7,
    }  # fmt: skip
