"""The example connector of docs/adding-a-connector.md works as it stands there."""

import re
import sys
from pathlib import Path
from types import ModuleType

from django.conf import settings

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = Path(settings.BASE_DIR) / "docs" / "adding-a-connector.md"
CONNECTOR, FAKE, TESTS = BLOCK.findall(PAGE.read_text())


def module(name: str, text: str) -> ModuleType:
    """The text as a module; a traceback names the page."""
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(text, f"{PAGE.name}:{name}", "exec"), made.__dict__)
    return made


def class_of(text: str) -> type:
    """The class that the page ends with; it finds the others where the page puts them."""
    module("flows.connectors.pigeon", CONNECTOR)
    module("tests.fakes.pigeon", FAKE)
    found: type = module("tests.connectors.pigeon_conformance", text).TestPigeon
    return found


TestPigeon = class_of(TESTS)
