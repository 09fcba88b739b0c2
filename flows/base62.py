"""Write a UUID as 22 letters and digits, the form of a workflowInvocationId; knows no database."""

from uuid import UUID, uuid4

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 22


def encode_uuid(value: UUID) -> str:
    """22 characters of 0-9A-Za-z, padded on the left with 0; order of the UUIDs is kept."""
    rest, digits = value.int, []
    for _ in range(LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def new_invocation_id() -> str:
    """A fresh random public id of an execution."""
    return encode_uuid(uuid4())
