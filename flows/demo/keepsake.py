"""`var/demo.json`: what a person or a script needs to use the demo; the only place its secrets are.

It is read first, so that logins and keys stay the same when the demo is seeded again.
"""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from flows.models import KeyKind

PASSWORD_BYTES = 9


@dataclass
class Keepsake:
    """The secrets of the demo: one password for all its people, and one key of each kind."""

    password: str = ""
    api_keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Keepsake":
        """What the last run left; a missing or damaged file means new secrets."""
        try:
            content = json.loads(path.read_text())
            keys = {kind: str(content["api_keys"][kind]) for kind in KeyKind.values}
            return cls(password=str(content["users"][0]["password"]), api_keys=keys)
        except (OSError, ValueError, LookupError, TypeError):
            return cls(password=secrets.token_urlsafe(PASSWORD_BYTES))


def default_path() -> Path:
    return Path(settings.VAR_DIR) / "demo.json"


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file at once, readable by its owner only from its first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    unfinished.replace(path)
