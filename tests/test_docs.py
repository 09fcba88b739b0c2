"""The documents point only at what exists: files, make targets, management commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def found(pattern: str, document: Path) -> Iterator[str]:
    """What code in the document names: between backquotes, or in an indented or fenced line."""
    code = re.findall(
        r"`([^`\n]+)`|^((?:\.venv|make|python|manage).*)$", document.read_text(), re.M
    )
    for spans in code:
        yield from re.findall(pattern, " ".join(spans))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_points_at_exists(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []
    assert set(found(r"\bmake ([a-z-]+)", document)) <= TARGETS
    assert set(found(r"manage\.py ([a-z_]+)", document)) <= set(get_commands())


def test_the_check_above_sees_something() -> None:
    readme = ROOT / "README.md"
    assert len(LINK.findall(readme.read_text())) >= 8
    assert {"run", "test", "check"} <= set(found(r"\bmake ([a-z-]+)", readme))
