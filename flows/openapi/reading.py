"""Read the OpenAPI document the way a person does: endpoints with flat lists of fields.

It only rearranges what the document says; it adds no facts of its own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
_NUMBERED = re.compile(r"(.*?[a-z])\d+")


@dataclass(frozen=True)
class Field:
    """One row of a table: `name` with its whole path, `rule` what the value must be."""

    name: str
    type: str
    is_required: bool
    description: str
    rule: str


@dataclass(frozen=True)
class Example:
    label: str
    text: str


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Operation:
    """One endpoint. `parameters` stand in the path and headers, `fields` in the body."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    fields: tuple[Field, ...]
    answers: tuple[Answer, ...]


def operations(document: Json) -> tuple[Operation, ...]:
    return tuple(
        _operation(document, path, method, shared=item.get("parameters", []), operation=operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    )


def fields_of(document: Json, schema: str) -> tuple[Field, ...]:
    """The fields of a named schema, flat."""
    return tuple(_fields(document, document["components"]["schemas"][schema]))


def _operation(
    document: Json, path: str, method: str, *, shared: list[Json], operation: Json
) -> Operation:
    parameters = [*shared, *operation.get("parameters", [])]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation["description"],
        parameters=tuple(_parameter(_resolved(document, given)) for given in parameters),
        fields=tuple(_body_fields(document, operation)),
        answers=tuple(_answer(status, given) for status, given in operation["responses"].items()),
    )


def _parameter(given: Json) -> Field:
    where = f"{given['description']} ({given['in']})"
    schema = given["schema"]
    return Field(given["name"], _type(schema), given["required"], where, _rule(schema))


def _body_fields(document: Json, operation: Json) -> Iterator[Field]:
    if body := operation.get("requestBody"):
        schema = body["content"]["application/json"]["schema"]
        yield from _fields(document, _resolved(document, schema))


def _fields(document: Json, schema: Json, prefix: str = "") -> Iterator[Field]:
    """Depth first; numbered brothers of one shape (send1, send2 …) are told once, as sendN."""
    told: set[str] = set()
    for name, given in schema.get("properties", {}).items():
        inner = _resolved(document, given)
        numbered = _NUMBERED.fullmatch(name)
        shown = f"{numbered[1]}N" if numbered and "$ref" in given else name
        if shown in told:
            continue
        told.add(shown)
        path = f"{prefix}{shown}"
        is_required = name in schema.get("required", [])
        yield Field(path, _type(inner), is_required, inner.get("description", ""), _rule(inner))
        yield from _fields(document, inner, f"{path}.")


def _resolved(document: Json, given: Json) -> Json:
    if "$ref" not in given:
        return given
    found: Any = document
    for part in given["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _type(schema: Json) -> str:
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return "one of"
    given = schema.get("type", "any")
    return given if isinstance(given, str) else " or ".join(given)


def _rule(schema: Json) -> str:
    """What narrows the value down, in words."""
    rules = []
    if "enum" in schema:
        rules.append(", ".join("null" if value is None else str(value) for value in schema["enum"]))
    if "maxLength" in schema and "minLength" in schema:
        rules.append(f"{schema['minLength']} to {schema['maxLength']:,} characters")
    if "minimum" in schema and "maximum" in schema:
        rules.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxProperties" in schema:
        longest = schema["additionalProperties"]["maxLength"]
        rules.append(f"at most {schema['maxProperties']} keys, {longest:,} characters a value")
    return "; ".join(rules)


def _answer(status: str, given: Json) -> Answer:
    content = given["content"]["application/json"]
    examples = tuple(
        Example(one.get("summary", name.replace("_", " ").capitalize()), _pretty(one["value"]))
        for name, one in content["examples"].items()
    )
    return Answer(status, given["description"], examples)


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
