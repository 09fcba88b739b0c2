"""The support desk: what waits for an answer, oldest first, and what was answered. Staff have no
seat in the accounts that they look at."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from flows import access
from flows.forms.decision import RejectForm
from flows.forms.support_filter import SupportFilter
from flows.models import Decision, Review, ReviewKind, reviews
from flows.models.review_queue import waiting

from .paging import page_of, queue_page_of
from .review_pages import WITH, answer, page_about

LONG = timedelta(days=1)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    access.support(request)
    form = SupportFilter(request.GET)
    found = form.found(waiting())
    rows = form.of_kind(found).select_related(*WITH)
    page = queue_page_of(rows, request.GET, within=Review.objects.all())
    context = {
        "form": form,
        "kind": form.value("kind"),
        "tabs": _tabs(found),
        "page": page,
        "rows": _rows(page.rows),
    }
    return _page_or_list(request, "support/queue.html", "support/_queue.html", context)


def _tabs(found: "QuerySet[Review]") -> list[tuple[str, str, int]]:
    """Kind, words and how many wait, in one query; first all of them together."""
    counts = dict(found.order_by().values_list("kind").annotate(Count("pk")))
    kinds = [(kind.value, kind.label, counts.get(kind.value, 0)) for kind in ReviewKind]
    return [("", "All", sum(counts.values())), *kinds]


def _rows(found: Any) -> list[dict[str, Any]]:
    long_ago = timezone.now() - LONG
    return [
        {
            "review": review,
            "label": reviews.label_of(review),
            "is_late": review.asked_at < long_ago,
        }
        for review in found
    ]


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    access.support(request)
    form = SupportFilter(request.GET)
    rows = form.answered(form.of_kind(form.found(Review.objects.all()))).select_related(*WITH)
    page = page_of(rows, request.GET, within=Review.objects.all())
    context = {"form": form, "page": page, "rows": _rows(page.rows)}
    return _page_or_list(request, "support/history.html", "support/_history.html", context)


@require_safe
def review(request: HttpRequest, review_id: UUID) -> HttpResponse:
    _, found = access.support_review(request, review_id)
    return _review_page(request, found)


@require_POST
def approve(request: HttpRequest, review_id: UUID) -> HttpResponse:
    user, found = access.support_review(request, review_id)
    return _next(found) if answer(request, found, by=user) else _back_to(found)


@require_POST
def reject(request: HttpRequest, review_id: UUID) -> HttpResponse:
    user, found = access.support_review(request, review_id)
    form = RejectForm(request.POST, kind=found.kind)
    if not form.is_valid():
        return _review_page(request, found, form)
    taken = answer(request, found, by=user, reason=form.reason)
    return _next(found) if taken else _back_to(found)


def _next(done: Review) -> HttpResponse:
    """On to the next of the same queue, or to the oldest that was skipped, or to the desk."""
    rest = waiting().filter(kind=done.kind)
    following = rest.filter(pk__gt=done.pk).order_by("pk").first() or rest.order_by("pk").first()
    if following is None:
        return redirect("support-queue")
    return redirect("support-review", following.public_id)


def _back_to(review: Review) -> HttpResponse:
    return redirect("support-review", review.public_id)


def _review_page(
    request: HttpRequest, found: Review, form: RejectForm | None = None
) -> HttpResponse:
    context = page_about(found, form)
    left = waiting().filter(kind=found.kind).exclude(pk=found.pk).count()
    context |= {
        "may_answer": found.decision == Decision.OPEN,
        "left": left,
        "queue_url": f"{reverse('support-queue')}?kind={found.kind}",
    }
    return render(request, "support/review.html", context, status=422 if form else 200)


def _page_or_list(
    request: HttpRequest, page: str, fragment: str, context: dict[str, Any]
) -> HttpResponse:
    by_htmx = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    answer = render(request, fragment if by_htmx else page, context)
    answer["Vary"] = "HX-Request"
    return answer
