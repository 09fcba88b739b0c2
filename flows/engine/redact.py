"""What is left of personal values once an execution has ended; pure, changes copies only."""

from collections.abc import Iterable, Mapping
from typing import Any

MARK = "•••"
# Keys whose values say which message it was, never what it said.
KEPT = frozenset({"client_message_id", "message_id", "channel", "from", "to", "template", "status"})


def sends(stored: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Recipients and the names of parameters stay, their values go."""
    return [{**send, "params": dict.fromkeys(send.get("params", {}), MARK)} for send in stored]


def log(value: Any, *, params: Iterable[str]) -> Any:
    """A request or answer log without the values of these parameters, wherever they appear."""
    longest_first = sorted({text for text in params if text}, key=len, reverse=True)
    return _redacted(value, longest_first)


def _redacted(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MARK)
        return value
    if isinstance(value, Mapping):
        return {k: v if k in KEPT else _redacted(v, secrets) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item, secrets) for item in value]
    return value
