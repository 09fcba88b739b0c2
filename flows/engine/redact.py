"""What is left of personal values once an execution has ended; pure, changes copies only."""

from collections.abc import Iterable, Mapping
from typing import Any

from flows.placeholders import CODE_KEY, TemplateContent, code_comes_first

MARK = "•••"
# Keys whose values say which message it was, never what it said.
KEPT = frozenset({"client_message_id", "message_id", "channel", "from", "to", "template", "status"})


def sends(stored: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Recipients and the names of parameters stay, their values go."""
    return [{**send, "params": dict.fromkeys(send.get("params", {}), MARK)} for send in stored]


def codes(sends: Iterable[Mapping[str, Any]], contents: Iterable[TemplateContent]) -> set[str]:
    """Verification codes among the values: whoever reads one while it is good can be somebody."""
    pairs = zip(sends, contents, strict=False)
    return {code for send, content in pairs if (code := _code(send.get("params", {}), content))}


def _code(params: Mapping[str, str], content: TemplateContent) -> str:
    if CODE_KEY in params or not (params and code_comes_first(content)):
        return params.get(CODE_KEY, "")
    return params[min(params)]


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
        return {
            k: v if k in KEPT and isinstance(v, str) else _redacted(v, secrets)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(item, secrets) for item in value]
    return value
