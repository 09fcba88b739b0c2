"""The templates that a carrier lists, as of the last look, beside those of this account."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from flows import access
from flows.connectors.base import TemplateState
from flows.models import (
    AssetStatus,
    CarrierTemplate,
    Connection,
    Template,
    carrier_templates,
    connections,
)
from flows.models.refusals import Refused
from flows.placeholders import Channel

from .connection_life import OFTEN, may_ask

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
            return "Messages with it are refused. Make it there with the same name and text."
        if self.theirs.state != TemplateState.APPROVED:
            return self.theirs.reason or "Messages with it are refused until it is approved there."
        if self.theirs.content and self.theirs.content.get("body") != self.ours.body:
            return "Its text differs, and the carrier sends its own. Make both the same."
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
        "carrier": connections.company_of(connection),
        "ours": [row for row in rows if row.ours],
        "theirs": [row for row in rows if row.ours is None],
    }
    return render(request, "connections/templates.html", context)


@require_POST
def sync(request: HttpRequest, sid: str, connection_id: UUID) -> HttpResponse:
    """Fetch the list now; the engine does it every hour by itself."""
    seat, connection = access.connection(request, sid, connection_id)
    page = "connection-detail" if request.POST.get("back") == "detail" else "connection-templates"
    back = redirect(page, sid, connection_id)
    if not may_ask(seat.account):
        messages.error(request, OFTEN)
        return back
    try:
        fault = carrier_templates.sync(connection, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return back
    if fault:
        messages.error(request, fault)
    else:
        messages.success(request, f"The list of {connections.company_of(connection)} is here.")
    return back


def rows_of(connection: Connection) -> list[Row]:
    """By name and language; ours are the WhatsApp templates that flows may use."""
    ours = {
        (template.name, template.language): template
        for template in Template.objects.filter(
            account=connection.account,
            channel=Channel.WHATSAPP.value,
            deleted_at=None,
            status__in=[AssetStatus.APPROVED, AssetStatus.PAUSED],
        )
    }
    theirs = {(row.name, row.language): row for row in connection.carrier_templates.all()}
    return [
        Row(name, language, ours.get((name, language)), theirs.get((name, language)))
        for name, language in sorted({*ours, *theirs})
    ]
