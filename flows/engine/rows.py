"""Many rows in one statement, on SQLite and PostgreSQL; knows columns, not what they mean.

Django's own bulk methods split a batch on SQLite and build an expression per value. Here a batch
travels as one JSON parameter, so it costs one statement whatever its size. The statements are put
together from column names of our models only; every value is a parameter.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model

Columns = Sequence["Field[Any, Any]"]


def insert(
    rows: Sequence[Model],
    *,
    ignore_conflicts: bool = False,
    only_if: str = "",
    returning: Sequence[str] = (),
) -> list[tuple[Any, ...]]:
    """Insert rows of one model; `returning` names columns of the rows that were inserted.

    `only_if` is SQL of ours about the columns of `v`, a row that is about to be inserted: it is
    looked at in the very statement, so nothing can change between the look and the insert.
    """
    if not rows:
        return []
    sql, fields = _insert(type(rows[0]), connections[DEFAULT_DB_ALIAS].vendor)
    sql += f" WHERE {only_if or 'true'}" if only_if or ignore_conflicts else ""
    sql += " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return _run(sql, fields, rows, returning)


@cache
def _insert(model: type[Model], vendor: str) -> tuple[str, Columns]:
    """Made once: for a single row this takes longer than all the rest."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    table, names = _quoted(model._meta.db_table), ", ".join(_column(field) for field in fields)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {_source(fields)}", fields  # noqa: S608


def update(rows: Sequence[Model], names: Sequence[str]) -> None:
    """Write the named fields of rows that exist; the caller holds their locks."""
    if not rows:
        return
    vendor = connections[DEFAULT_DB_ALIAS].vendor
    _run(*_update(type(rows[0]), tuple(names), vendor), rows, ())


@cache
def _update(model: type[Model], names: tuple[str, ...], vendor: str) -> tuple[str, Columns]:
    by_name = {field.name: field for field in model._meta.concrete_fields}
    changed = [by_name[name] for name in names]
    key = next(field for field in model._meta.concrete_fields if field.primary_key)
    table, pk = _quoted(model._meta.db_table), _column(key)
    sets = ", ".join(f"{_column(field)} = v.{_column(field)}" for field in changed)
    columns = [key, *changed]
    sql = f"UPDATE {table} SET {sets} FROM {_source(columns)} WHERE {table}.{pk} = v.{pk}"  # noqa: S608
    return sql, columns


def _run(
    sql: str, fields: Columns, rows: Sequence[Model], returning: Sequence[str]
) -> list[tuple[Any, ...]]:
    if returning:
        sql += " RETURNING " + ", ".join(_quoted(name) for name in returning)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, [_as_json(fields, rows)])
        return list(cursor.fetchall()) if returning else []


def _source(fields: Columns) -> str:
    """A table `v` made of the JSON parameter, with one column per field."""
    if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
        columns = ", ".join(f"{_column(f)} {_type(f)}" for f in fields)
        return f"jsonb_to_recordset(%s::jsonb) AS v({columns})"
    columns = ", ".join(
        f"json_extract(value, '$[{at}]') AS {_column(field)}" for at, field in enumerate(fields)
    )
    return f"(SELECT {columns} FROM json_each(%s)) AS v"  # noqa: S608


def _as_json(fields: Columns, rows: Sequence[Model]) -> str:
    connection = connections[DEFAULT_DB_ALIAS]  # once: it is looked up per thread
    if connection.vendor == "postgresql":
        named = [{f.column: getattr(row, f.attname) for f in fields} for row in rows]
        return json.dumps(named, default=str)
    listed = [
        [f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields] for row in rows
    ]
    return json.dumps(listed, default=str)


def _type(field: "Field[Any, Any]") -> str:
    connection = connections[DEFAULT_DB_ALIAS]
    if field.primary_key:
        return field.rel_db_type(connection) or ""
    return field.db_type(connection) or ""


def _column(field: "Field[Any, Any]") -> str:
    return _quoted(field.column or field.attname)


def _quoted(name: str) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(name)
