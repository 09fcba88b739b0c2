"""The templates that a carrier lists, as of the last look, beside those of this account."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from flows import access
from flows.connectors.base import TemplateState
from flows.models import AssetStatus, CarrierTemplate, Connection, Template, connections

_LISTED = {
    TemplateState.APPROVED: "approved",
    TemplateState.PENDING: "pending",
    TemplateState.REJECTED: "rejected",
    TemplateState.PAUSED: "paused",
    TemplateState.DISABLED: "disabled",
}


@dataclass(frozen=True)
class Row:
    """One name and language: as we have it, as the carrier has it, or both."""

    name: str
    language: str
    ours: Template | None
    theirs: CarrierTemplate | None

    @property
    def state(self) -> str:
        return _LISTED.get(TemplateState(self.theirs.state), "unknown") if self.theirs else ""

    @property
    def trouble(self) -> str:
        """Why a message with it will not go through, as a sentence; empty when nothing is known."""
        if self.ours is None:
            return ""
        if self.theirs is None:
            return "The carrier does not have it: messages with it are refused."
        if self.theirs.state != TemplateState.APPROVED:
            return self.theirs.reason or "Messages with it are refused until it is approved there."
        if self.theirs.content and self.theirs.content.get("body") != self.ours.body:
            return "Its text differs: the carrier sends its own."
        return ""


@require_safe
def template_list(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    """Ours first, with what the carrier says of each; then what only the carrier has."""
    _, connection = access.connection(request, sid, connection_id)
    connector = connections.known_connector(connection)
    rows = rows_of(connection)
    context = {
        "connection": connection,
        "connector": connector,
        "carrier": connections.carrier_name(connection),
        "ours": [row for row in rows if row.ours],
        "theirs": [row for row in rows if row.ours is None],
    }
    return render(request, "connections/templates.html", context)


def rows_of(connection: Connection) -> list[Row]:
    """By name and language; ours are the WhatsApp templates that flows may use."""
    ours = {
        (template.name, template.language): template
        for template in Template.objects.filter(
            account=connection.account,
            channel="whatsapp",
            deleted_at=None,
            status__in=[AssetStatus.APPROVED, AssetStatus.PAUSED],
        )
    }
    theirs = {(row.name, row.language): row for row in connection.carrier_templates.all()}
    return [
        Row(name, language, ours.get((name, language)), theirs.get((name, language)))
        for name, language in sorted({*ours, *theirs})
    ]
