"""`manage.py carrier_codes`: what the carriers' codes mean, as Markdown; `--write` for the docs."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from flows.connectors import registry
from flows.connectors.code_tables import page

PAGE = Path(settings.BASE_DIR) / "docs" / "carrier-codes.md"


class Command(BaseCommand):
    help = "Print the code tables of the connectors that Fallback ships with, as Markdown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/carrier-codes.md")

    def handle(self, *_: Any, write: bool, **__: Any) -> None:
        text = page(registry.load().values())
        if not write:
            self.stdout.write(text, ending="")
            return
        PAGE.write_text(text)
        self.stdout.write(f"Written: {PAGE.name}")
