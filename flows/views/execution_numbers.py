"""How executions went in the last 24 hours, in numbers for the pages. Two queries."""

from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from flows.models import Execution, ExecutionState, Outcome

_DELIVERED = Q(outcome__in=(Outcome.DELIVERED, Outcome.CONFIRMED))


def last_24_hours(executions: "QuerySet[Execution]") -> dict[str, int]:
    """Without test sends; `running` counts whatever runs now, however old."""
    since = timezone.now() - timedelta(hours=24)
    counts: dict[str, int] = executions.filter(created_at__gte=since, is_test_send=False).aggregate(
        executions=Count("pk"),
        delivered=Count("pk", filter=_DELIVERED),
        fell_back=Count("pk", filter=_DELIVERED & Q(outcome_step__gt=0)),
        not_delivered=Count("pk", filter=Q(outcome=Outcome.NOT_DELIVERED)),
        delivered_twice=Count("pk", filter=Q(delivered_twice=True)),
    )
    return counts | {"running": executions.exclude(state=ExecutionState.ENDED).count()}
