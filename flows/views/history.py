"""The history of a flow: its versions with author, time, note and what changed, in words."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from flows import access
from flows.definition import differences
from flows.forms.flow import RevisionForm
from flows.models import Role, lifecycle
from flows.models.catalog import catalog_of

MOST_SHOWN = 100


@require_safe
def history(request: HttpRequest, sid: str, flow_id: UUID) -> HttpResponse:
    seat, flow = access.flow(request, sid, flow_id)
    catalog = catalog_of(seat.account)
    versions = list(
        flow.versions.select_related("published_by").order_by("-number")[: MOST_SHOWN + 1]
    )
    older = [*versions[1:], None]
    rows = [
        {
            "version": version,
            "channels": [step.channel.value for step in version.pinned.steps],
            "differences": differences(before.pinned, version.pinned, catalog=catalog)
            if before
            else [],
            "is_first": version.number == 1,
            "is_live": flow.is_published and version.pk == flow.live_version_id,
        }
        for version, before in zip(versions, older, strict=True)
    ]
    context = {"flow": flow, "rows": rows[:MOST_SHOWN], "is_cut": len(rows) > MOST_SHOWN}
    return render(request, "flows/history.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def restore_version(request: HttpRequest, sid: str, flow_id: UUID, number: int) -> HttpResponse:
    """An old version becomes the working copy, to look at, change and publish."""
    seat, flow = access.flow(request, sid, flow_id, at_least=Role.MARKETER)
    version = get_object_or_404(flow.versions, number=number)
    if request.method != "POST":
        catalog = catalog_of(seat.account)
        context = {
            "flow": flow,
            "version": version,
            "form": RevisionForm(initial={"revision": flow.revision}),
            "differences": differences(flow.definition, version.pinned.editable(), catalog=catalog),
            "title": f"Take version {number} as the draft?",
            "action": f"Take version {number} as draft",
            "cancel_url": reverse("flow-history", args=[sid, flow_id]),
        }
        return render(request, "flows/restore_version.html", context)
    form = RevisionForm(request.POST)
    try:
        lifecycle.restore_version(flow, version, by=seat.user, revision=form.based_on)
    except lifecycle.LifecycleError as refused:
        messages.error(request, f"{refused.sentence} Nothing was restored.")
        return redirect("flow-history", sid, flow_id)
    messages.success(request, f"Version {number} is the draft now. Check it, then publish it.")
    return redirect("flow-check", sid, flow_id)
