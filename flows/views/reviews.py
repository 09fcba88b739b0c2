"""The requests of an account, for its admins. They answer them only where the installation says so
(FALLBACK_SELF_APPROVE), and only their own account's."""

from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from flows import access
from flows.forms.decision import RejectForm
from flows.models import Decision, Review, Role, reviews

from .deeds import done
from .paging import page_of
from .review_pages import WITH, answer, page_about


@require_safe
def review_list(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    within = Review.objects.filter(account=seat.account)
    page = page_of(within.select_related(*WITH), request.GET, within=within)
    context = {
        "page": page,
        "rows": [(review, reviews.label_of(review)) for review in page.rows],
        "may_answer": settings.FALLBACK_SELF_APPROVE,
    }
    return render(request, "reviews/list.html", context)


@require_safe
def detail(request: HttpRequest, sid: str, review_id: UUID) -> HttpResponse:
    _, review = access.review(request, sid, review_id)
    return _page(request, review)


@require_POST
def withdraw(request: HttpRequest, sid: str, review_id: UUID) -> HttpResponse:
    seat, review = access.review(request, sid, review_id)
    return done(
        request,
        lambda: reviews.withdraw(review, by=seat.user),
        words="The request is taken back. You can hand it in again.",
        to=reverse("review-detail", args=[sid, review_id]),
    )


@require_POST
def approve(request: HttpRequest, sid: str, review_id: UUID) -> HttpResponse:
    seat, review = _own(request, sid, review_id)
    answer(request, review, by=seat.user)
    return redirect("review-detail", sid, review_id)


@require_POST
def reject(request: HttpRequest, sid: str, review_id: UUID) -> HttpResponse:
    seat, review = _own(request, sid, review_id)
    form = RejectForm(request.POST, kind=review.kind)
    if not form.is_valid():
        return _page(request, review, form)
    answer(request, review, by=seat.user, reason=form.reason)
    return redirect("review-detail", sid, review_id)


def _own(request: HttpRequest, sid: str, review_id: UUID) -> tuple[access.Seat, Review]:
    seat, review = access.review(request, sid, review_id)
    if not settings.FALLBACK_SELF_APPROVE:
        raise PermissionDenied(
            "Requests are answered by the support staff of this installation, not by the account."
        )
    return seat, review


def _page(request: HttpRequest, review: Review, form: RejectForm | None = None) -> HttpResponse:
    context = page_about(review, form)
    may_answer = settings.FALLBACK_SELF_APPROVE and review.decision == Decision.OPEN
    context["may_answer"] = may_answer
    return render(request, "reviews/detail.html", context, status=422 if form else 200)
