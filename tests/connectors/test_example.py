"""The example connector of docs/adding-a-connector.md works as it stands there."""

import re
import sys
from pathlib import Path
from types import ModuleType

from django.conf import settings

from flows.connectors.base import NotTaken
from tests.connectors.conformance import ConnectorConformance
from tests.connectors.staging import RECIPIENT
from tests.fakes import acts

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
    """The class that the page ends with."""
    stage = ModuleType("tests.connectors.pigeon_conformance")
    stage.__dict__.update(
        ConnectorConformance=ConnectorConformance,
        NotTaken=NotTaken,
        RECIPIENT=RECIPIENT,
        acts=acts,
        Pigeon=module("pigeon", CONNECTOR).Pigeon,
        FakePigeon=module("fake_pigeon", FAKE).FakePigeon,
    )
    exec(text, stage.__dict__)
    found: type = stage.TestPigeon
    return found


TestPigeon = class_of(TESTS)
