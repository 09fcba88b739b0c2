"""A carrier's answer, made such that every database takes it; it changes nothing else."""

from dataclasses import fields, replace
from typing import TypeVar

from flows.connectors.base import SendResult
from flows.connectors.storable import storable

Result = TypeVar("Result", bound=SendResult)


def storable_result(result: Result) -> Result:
    """A carrier's answer with storable texts."""
    return replace(result, **{f.name: storable(getattr(result, f.name)) for f in fields(result)})
