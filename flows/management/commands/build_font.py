"""Cuts the Inter font down to what the pages use: `build/inter.woff2`. Run once, at set-up."""

from io import BytesIO
from pathlib import Path
from typing import Any

import fontpkg_inter
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

SOURCE = Path(fontpkg_inter.ROOT) / "files" / "Inter[opsz,wght].ttf"
# Without calt: it draws the x between two digits of an ID as a multiplication sign.
FEATURES = ["kern", "liga", "tnum", "zero", "case", "ss03", "cv11", "ccmp", "mark"]
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x180)]
SIGNS = [ord(sign) for sign in "–—‘’‚“”„†•…‰‹›⁄€₹™−≈≠≤≥←↑→↓↗⇧⌃⌘✓✕∞"]


def cut(source: Path, target: Path) -> None:
    """Pin the optical size and weights 400-700, keep Latin, write woff2."""
    pinned = BytesIO()
    instantiateVariableFont(TTFont(source), {"opsz": 14, "wght": (400, 700)}).save(pinned)
    font = TTFont(pinned)
    options = Options()
    options.flavor = "woff2"
    options.layout_features = FEATURES
    options.hinting = False
    options.name_IDs = [0, 1, 2, 13, 14]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[*LATIN, *SIGNS])
    subsetter.subset(font)
    font.flavor = "woff2"
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    font.save(unfinished)
    unfinished.replace(target)


class Command(BaseCommand):
    """`manage.py build_font`: does nothing when the font is already there."""

    help = "Builds build/inter.woff2, the font of the dashboard."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """`--force` builds it again."""
        parser.add_argument("--force", action="store_true", help="build it even if it is there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build unless there."""
        target = Path(settings.BASE_DIR) / "build" / "inter.woff2"
        if target.exists() and not options["force"]:
            return
        cut(SOURCE, target)
        self.stdout.write(f"{target.name}: {target.stat().st_size // 1024} KB")
