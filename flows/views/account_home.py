"""The home page of an account: what is left of the onboarding, else how it is going."""

from datetime import timedelta

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from flows import access, onboarding
from flows.models import Execution, ExecutionState, Flow
from flows.models.catalog import catalog_of

from .flow_words import unusable_parts


@require_safe
def account_home(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid)
    catalog = catalog_of(seat.account)
    tasks = onboarding.tasks(seat.account, catalog)
    flows = Flow.objects.filter(account=seat.account, deleted_at=None).select_related(
        "account", "live_version", "updated_by", "requested_by"
    )
    published = flows.filter(state="published")
    context = {
        "tasks": tasks,
        "tasks_left": sum(not task.is_completed for task in tasks),
        "is_ready": onboarding.is_ready(tasks),
        "requested": flows.filter(requested_at__isnull=False).order_by("requested_at")[:10],
        "unusable": [
            (flow, parts)
            for flow in published.order_by("title_key")[:200]
            if (parts := unusable_parts(flow, catalog))
        ],
        "recent": flows.order_by("-updated_at")[:5],
        "numbers": _numbers(seat.account.pk),
    }
    return render(request, "account/home.html", context)


def _numbers(account_pk: int) -> dict[str, int]:
    """Executions of the last 24 hours, without test sends; `running` counts all that run now."""
    of_account = Execution.objects.filter(account=account_pk)
    recent = of_account.filter(
        created_at__gte=timezone.now() - timedelta(hours=24), is_test_send=False
    )
    counts: dict[str, int] = recent.aggregate(
        executions=Count("pk"),
        delivered=Count("pk", filter=Q(outcome__in=("delivered", "confirmed"))),
        fell_back=Count("pk", filter=Q(outcome="delivered", outcome_step__gt=0)),
        not_delivered=Count("pk", filter=Q(outcome="not_delivered")),
        delivered_twice=Count("pk", filter=Q(delivered_twice=True)),
    )
    return counts | {"running": of_account.exclude(state=ExecutionState.ENDED).count()}
