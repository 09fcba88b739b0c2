"""The home page of an account: what is left of the onboarding, else how it is going."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from flows import access, onboarding
from flows.models import CallbackProfile, Execution, Flow
from flows.models.catalog import catalog_of

from .connection_health import troubled
from .execution_numbers import last_24_hours
from .flow_words import unusable_parts


@require_safe
def account_home(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid)
    catalog = catalog_of(seat.account)
    listed = onboarding.look(seat.account, catalog)
    flows = Flow.objects.filter(account=seat.account, deleted_at=None).select_related(
        "account", "live_version", "updated_by", "requested_by"
    )
    published = flows.filter(state="published")
    context = {
        "onboarding": listed,
        "is_ready": listed.is_ready,
        "requested": flows.filter(requested_at__isnull=False).order_by("requested_at")[:10],
        "unusable": [
            (flow, parts)
            for flow in published.order_by("title_key")[:200]
            if (parts := unusable_parts(flow, catalog))
        ],
        "troubled": troubled(seat.account),
        "silent_profiles": CallbackProfile.objects.filter(
            account=seat.account, deleted_at=None, enabled=False
        ).order_by("title")[:10],
        "recent": flows.order_by("-updated_at")[:5],
        "numbers": last_24_hours(Execution.objects.filter(account=seat.account)),
    }
    return render(request, "account/home.html", context)
