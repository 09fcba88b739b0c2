"""What a callback's body is: the bare result, or a template with the result in it. Pure."""

import json
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = "<workflowevent>"
WRAPPED = '{"workflowevent": "<workflowevent>"}'


def body_of(payload: Mapping[str, Any], template: str = "") -> bytes:
    """The bare result, or the template with the result in the place of `<workflowevent>`.

    In a template that is JSON, a text that is only the placeholder becomes the result as an
    object; within a longer text the result is written out.
    """
    written = _written(payload)
    if not template.strip():
        return written.encode()
    try:
        shape = json.loads(template)
    except ValueError:
        return template.replace(PLACEHOLDER, written).encode()
    return _written(_filled(shape, payload, written)).encode()


def _filled(shape: Any, payload: Mapping[str, Any], written: str) -> Any:
    if isinstance(shape, dict):
        return {key: _filled(value, payload, written) for key, value in shape.items()}
    if isinstance(shape, list):
        return [_filled(item, payload, written) for item in shape]
    if shape == PLACEHOLDER:
        return payload
    return shape.replace(PLACEHOLDER, written) if isinstance(shape, str) else shape


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
