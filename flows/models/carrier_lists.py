"""What the carriers' own lists say of our templates, for many steps at once; changes nothing.

One statement whatever the number of connections and templates, and none where no carrier has a
list. A list is believed for a day after its last sync: after that the carrier itself decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flows.connectors.base import TemplateState
from flows.placeholders import Channel, TemplateContent

from .asset import CarrierTemplate, Connection
from .connections import connector_of, known_connector

BELIEVED_FOR = timedelta(hours=24)
# With a state that is not here the carrier itself decides.
_VERBS: Mapping[str, str] = {
    TemplateState.PENDING: "has not approved",
    TemplateState.REJECTED: "has rejected",
    TemplateState.PAUSED: "has paused",
    TemplateState.DISABLED: "has disabled",
}


@dataclass(frozen=True)
class Lists:
    """The rows of the lists that are believed, by connection; only for the names asked for."""

    rows: Mapping[int, Sequence[CarrierTemplate]] = field(default_factory=dict)

    def obstacle(
        self, connection: Connection, content: TemplateContent, *, ours_since: datetime
    ) -> str:
        """Why the carrier would not take this template, as a clause; empty when it may.

        One that we have had for less long than the list proves nothing by not being in it.
        """
        rows = self.rows.get(connection.pk)
        if rows is None or content.channel is not Channel.WHATSAPP:
            return ""
        connector = connector_of(connection)
        who = connector.company or connector.label
        template = f"the template {content.name} ({content.language})"
        named = content.name, content.language
        row = next((r for r in rows if (r.name, r.language) == named), None)
        if row is None:
            listed_at = connection.synced_at
            is_unknown = listed_at is not None and ours_since < listed_at
            return f"{who} does not know {template}" if is_unknown else ""
        verb = _VERBS.get(row.state, "")
        why = f": {row.reason.rstrip('.')}" if verb and row.reason else ""
        return f"{who} {verb} {template}{why}" if verb else ""


def load(connections: Iterable[Connection], names: Iterable[str], *, now: datetime) -> Lists:
    """What is listed under these names."""
    believed: dict[int, list[CarrierTemplate]] = {
        connection.pk: [] for connection in connections if _is_believed(connection, now=now)
    }
    if believed:
        rows = CarrierTemplate.objects.filter(connection__in=list(believed), name__in=set(names))
        for row in rows.defer("content"):
            believed[row.connection_id].append(row)
    return Lists(believed)


def _is_believed(connection: Connection, *, now: datetime) -> bool:
    if connection.synced_at is None or now - connection.synced_at > BELIEVED_FOR:
        return False
    connector = known_connector(connection)
    return connector is not None and connector.lists_templates
