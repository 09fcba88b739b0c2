"""What is installed is what was locked: pinned, hashed, and from no named place."""

import re
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "requirements"
PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?: ;.*)? \\\n    --hash=", re.M)
LISTS = ("base", "scale", "test")


def pins(name: str) -> dict[str, str]:
    text = (FOLDER / f"{name}.txt").read_text()
    return {pin["name"]: pin["version"] for pin in PIN.finditer(text)}


@pytest.mark.parametrize("name", LISTS)
def test_every_line_is_pinned_and_hashed_and_names_no_registry(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()
    packages = [line for line in text.splitlines() if line and line[0] not in " #-"]
    assert len(packages) == len(pins(name)) > 0
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, re.M)


def test_the_lists_agree_on_every_version() -> None:
    base = pins("base")
    assert base.items() <= pins("test").items()
    scale = pins("scale")
    assert {name: base[name] for name in scale.keys() & base.keys()}.items() <= scale.items()
