"""Accounts as support sees them: to look at, with their requests. Rare changes: Django's admin."""

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from flows import access, onboarding
from flows.forms.support_filter import SupportFilter
from flows.models import Account, Company, Decision, Flow, Membership, Role, reviews

from .review_pages import WITH

PAGE_SIZE = 50
SHOWN_REVIEWS = 50


@require_safe
def account_list(request: HttpRequest) -> HttpResponse:
    """Newest first; accounts have no public id beside the SID, which is their cursor."""
    access.support(request)
    form = SupportFilter(request.GET)
    rows = form.accounts(Account.objects.all()).order_by("-pk")
    older = request.GET.get("older", "")
    before = Account.objects.filter(sid=older).first() if older.isalnum() else None
    rows = rows.filter(pk__lt=before.pk) if before else rows
    waiting = Count("reviews", filter=Q(reviews__decision=Decision.OPEN), distinct=True)
    shown = list(rows.annotate(open_requests=waiting)[: PAGE_SIZE + 1])
    context = {
        "form": form,
        "rows": shown[:PAGE_SIZE],
        "older": shown[PAGE_SIZE - 1].sid if len(shown) > PAGE_SIZE else "",
        "is_first": before is None,
    }
    return render(request, "support/accounts.html", context)


@require_safe
def account_detail(request: HttpRequest, sid: str) -> HttpResponse:
    user, account = access.support_account(request, sid)
    asked = account.reviews.select_related(*WITH).order_by("-pk")[:SHOWN_REVIEWS]
    admins = Membership.objects.filter(account=account, role=Role.ADMIN).select_related("user")
    context = {
        "account": account,
        "company": Company.objects.filter(account=account).first(),
        "tasks": onboarding.tasks(account),
        "rows": [{"review": review, "label": reviews.label_of(review)} for review in asked],
        "admins": [membership.user for membership in admins[:20]],
        "people": Membership.objects.filter(account=account).count(),
        "flows": Flow.objects.filter(account=account, deleted_at=None).count(),
        "connections": list(account.connections.filter(deleted_at=None).order_by("pk")),
        "may_edit": user.has_perm("flows.view_account"),
    }
    return render(request, "support/account.html", context)
