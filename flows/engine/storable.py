"""What carriers write, made such that every database takes it; it changes nothing else."""

from dataclasses import fields, replace
from math import isfinite
from typing import TypeVar

from flows.connectors.base import Json, SendResult

Result = TypeVar("Result", bound=SendResult)


def storable(value: Json) -> Json:
    """The same without NULs, halves of surrogate pairs and numbers that are none: JSON readers
    let them in, PostgreSQL refuses them."""
    match value:
        case str():
            whole = value if value.isascii() else value.encode(errors="replace").decode()
            return whole.replace("\0", "") if "\0" in whole else whole
        case dict():
            return {storable(name): storable(inner) for name, inner in value.items()}
        case list():
            return [storable(inner) for inner in value]
        case float() if not isfinite(value):
            return str(value)
    return value


def storable_result(result: Result) -> Result:
    """A carrier's answer with storable texts."""
    return replace(result, **{f.name: storable(getattr(result, f.name)) for f in fields(result)})
