"""Everything that is encrypted, encrypted anew under the current SECRET_KEY; changes no secret.

Each value is written only where it is still what was read, so it is safe beside a running engine
and people who save meanwhile, can be stopped at any time and run again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import models, transaction

from .secret import renewed

BATCH = 200
SUFFIX = "_encrypted"  # what every column is called whose text is a token
# Where django-allauth keeps what its adapter has encrypted: keys of a JSON column.
SECOND_FACTORS, FACTOR_KEYS = ("mfa", "Authenticator"), ("secret", "seed", "migrated_codes")


@dataclass
class Count:
    """What became of the tokens of one column."""

    place: str
    renewed: int = 0
    current: int = 0
    unreadable: int = 0

    def take(self, value: Any) -> Any:
        """The value, a token or a list of them, under the current key; counts it."""
        if isinstance(value, list):
            return [self.take(one) for one in value]
        try:
            token = renewed(value)
        except InvalidToken:
            self.unreadable += 1
            return value
        self.renewed += token != value
        self.current += token == value
        return token


def rotate() -> Iterator[Count]:
    """Column after column; what it counted is told once it is through with each."""
    for model in apps.get_app_config("flows").get_models():
        for field in model._meta.concrete_fields:
            if field.name.endswith(SUFFIX):
                yield _rotate_column(model, field.name)
    yield _rotate_factors(apps.get_model(*SECOND_FACTORS))


def _rotate_column(model: type[models.Model], column: str) -> Count:
    count = Count(f"{model._meta.model_name}.{column}")
    for batch in _batches(model._default_manager.exclude(**{column: ""}), column):
        with transaction.atomic():
            for key, token in batch:
                _write(model, key, column, was=token, now=count.take(token))
    return count


def _rotate_factors(model: type[models.Model]) -> Count:
    count = Count("authenticator.data")
    for batch in _batches(model._default_manager.all(), "data"):
        with transaction.atomic():
            for key, kept in batch:
                tokens = {name: count.take(kept[name]) for name in FACTOR_KEYS if kept.get(name)}
                _write(model, key, "data", was=kept, now={**kept, **tokens})
    return count


def _batches(rows: "models.QuerySet[Any]", column: str) -> Iterator[list[tuple[Any, Any]]]:
    last = 0
    while found := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", column)[:BATCH]):
        yield found
        last = found[-1][0]


def _write(model: type[models.Model], key: Any, column: str, *, was: Any, now: Any) -> None:
    """Whoever has changed it meanwhile has written it under the current key already."""
    if now != was:
        model._default_manager.filter(pk=key, **{column: was}).update(**{column: now})
