"""docs/settings.md tells about every setting that settings.py reads, and with its real default."""

import ast
import re
from pathlib import Path

from django.conf import settings

ROW = re.compile(
    r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>.*?) \| (?P<meaning>.+) \|$", re.MULTILINE
)
TABLE = (settings.BASE_DIR / "docs" / "settings.md").read_text()


def read_settings() -> dict[str, object]:
    """Every name that is read from the environment, with its default when that is a plain value."""
    found: dict[str, object] = {}
    tree = ast.parse((Path(settings.BASE_DIR) / "fallbackui" / "settings.py").read_text())
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        if getattr(call.func.value, "id", "") != "env" or call.func.attr == "read_env":
            continue
        name = ast.literal_eval(call.args[0])
        default = next((word.value for word in call.keywords if word.arg == "default"), None)
        found[name] = default.value if isinstance(default, ast.Constant) else None
    return found


def test_every_setting_is_in_the_table_and_no_other() -> None:
    rows = {row["name"] for row in ROW.finditer(TABLE)}
    assert rows == set(read_settings())


def test_the_defaults_in_the_table_are_the_real_ones() -> None:
    real = read_settings()
    for row in ROW.finditer(TABLE):
        default = real[row["name"]]
        if default not in (None, ""):
            assert row["default"] == f"`{default}`", row["name"]
