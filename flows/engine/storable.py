"""A carrier's answer, made such that every database takes it; it changes nothing else."""

from dataclasses import fields, replace
from typing import TypeVar

from flows.connectors.base import Accepted, SendResult
from flows.connectors.storable import storable

MESSAGE_ID_CHARACTERS = 128
Result = TypeVar("Result", bound=SendResult)


def storable_result(result: Result) -> Result:
    """A carrier's answer with storable texts, and with an id as long as its column is."""
    whole = {f.name: storable(getattr(result, f.name)) for f in fields(result)}
    if isinstance(result, Accepted):
        whole["message_id"] = whole["message_id"][:MESSAGE_ID_CHARACTERS]
    return replace(result, **whole)
