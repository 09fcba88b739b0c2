"""Which flows use a sender, a template or a callback profile; one query for a whole account.

Only ids leave the database: the texts that a version has pinned stay where they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, F, Q
from django.db.models.expressions import Combinable, Expression
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from flows.definition import MAX_STEPS

from .account import Account
from .flow import Flow, FlowState

_SOURCES = ("draft", "live_version__definition")
_PLACES = (
    ("callback_profile",),
    *(("steps", index, name) for index in range(MAX_STEPS) for name in ("sender", "template")),
)
_HAS_DRAFT = ExpressionWrapper(Q(draft__isnull=False), output_field=BooleanField())


@dataclass(frozen=True)
class FlowUse:
    """A flow that uses the thing: as callers get it (`is_live`), in its working copy, or both."""

    flow_id: UUID
    title: str
    is_live: bool
    is_in_draft: bool


def flows_using(account: Account) -> dict[str, list[FlowUse]]:
    """The flows of the account, by title, that use each thing; keyed by its public id.

    Senders, templates and callback profiles share the dictionary: their ids never meet. What no
    flow uses has no entry. Deleted flows do not count.
    """
    found: dict[str, list[FlowUse]] = {}
    flows = Flow.objects.filter(account=account, deleted_at=None).order_by("title_key", "id")
    columns = [_text(source, place) for source in _SOURCES for place in _PLACES]
    rows = flows.values_list("public_id", "title", "state", _HAS_DRAFT, *columns)
    for flow_id, title, state, has_draft, *ids in rows.iterator():
        draft, pinned = _ids(ids[: len(_PLACES)]), _ids(ids[len(_PLACES) :])
        live = pinned if state == FlowState.PUBLISHED else set()
        working = draft if has_draft else pinned
        for used in live | working:
            use = FlowUse(flow_id, title, used in live, used in working)
            found.setdefault(used, []).append(use)
    return found


def _text(source: str, place: Sequence[str | int]) -> Expression:
    """The text at this place of a JSON column, NULL where there is none."""
    found: Combinable = F(source)
    for key in place[:-1]:
        found = KeyTransform(key, found)
    return KeyTextTransform(place[-1], found)


def _ids(values: Sequence[str | None]) -> set[str]:
    return {value for value in values if value}
