"""What carriers write, made such that every database takes it; it changes nothing else."""

from math import isfinite

from .hooks import Json

DEEPEST = 100


def storable(value: Json, *, depth: int = 0) -> Json:
    """The same without NULs, halves of surrogate pairs and numbers that are none: JSON readers
    let them in, PostgreSQL refuses them. What is nested without end is cut off."""
    match value:
        case str():
            whole = value if value.isascii() else value.encode(errors="replace").decode()
            return whole.replace("\0", "") if "\0" in whole else whole
        case dict() | list() if depth > DEEPEST:
            return None
        case dict():
            return {
                storable(name): storable(inner, depth=depth + 1) for name, inner in value.items()
            }
        case list():
            return [storable(inner, depth=depth + 1) for inner in value]
        case float() if not isfinite(value):
            return str(value)
    return value
