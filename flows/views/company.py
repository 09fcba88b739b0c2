"""What an account tells about its company, and the check of it (KYC); its Business Manager ID."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from flows import access
from flows.countries import COUNTRIES
from flows.forms.company_details import BusinessManagerForm, CompanyForm
from flows.models import Company, CompanyDocument, Role, companies, reviews
from flows.models.refusals import Refused

page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def detail(request: HttpRequest, sid: str) -> HttpResponse:
    """Details, documents, how far the check is, and what can be done next."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    company = Company.objects.filter(account=seat.account).first()
    documents = CompanyDocument.objects.filter(account=seat.account).select_related("uploaded_by")
    found = list(documents.order_by("id"))
    checking = companies.checking_of(seat.account)
    context = {
        "company": company,
        "country": COUNTRIES.get(company.country, company.country) if company else "",
        "documents": found,
        "may_upload": checking.may_change and len(found) < companies.MOST_DOCUMENTS,
        "most_documents": companies.MOST_DOCUMENTS,
        "checking": checking,
        "may_submit": bool(checking.may_change and company and found),
        "is_sandboxed": reviews.lives_in_sandbox(seat.account),
        "self_approves": settings.FALLBACK_SELF_APPROVE,
    }
    return render(request, "company/detail.html", context)


@page
def edit(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    if sentence := companies.why_fixed(seat.account):
        messages.error(request, sentence)
        return redirect("company-detail", sid)
    posted = request.POST if request.method == "POST" else None
    form = CompanyForm(posted, company=Company.objects.filter(account=seat.account).first())
    if form.is_valid():
        try:
            companies.save(seat.account, form.cleaned_data, by=seat.user)
        except companies.CompanyRefused as refused:
            messages.error(request, refused.sentence)
        else:
            messages.success(request, "The company details are saved.")
        return redirect("company-detail", sid)
    return render(
        request, "company/edit.html", {"form": form}, status=422 if posted is not None else 200
    )


@require_POST
def submit(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    try:
        review = companies.submit(seat.account, by=seat.user)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("company-detail", sid)
    if review.settles_at:
        messages.success(request, "Handed in. The Sandbox answers within a few seconds.")
        return redirect("onboarding", sid)
    messages.success(request, "Handed in. You get an email as soon as there is an answer.")
    return redirect("company-detail", sid)


@page
def withdraw(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    if request.method != "POST":
        context = {
            "title": "Withdraw the company details?",
            "sentence": "Nobody checks them until you hand them in again. Nothing is deleted.",
            "action": "Withdraw",
            "cancel": "Leave them in review",
            "cancel_url": reverse("company-detail", args=[sid]),
        }
        return render(request, "confirm.html", context)
    review = companies.checking_of(seat.account).open
    try:
        if review is None:
            raise reviews.ReviewRefused("Nothing is being checked.")
        reviews.withdraw(review, by=seat.user)
    except reviews.ReviewRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, "Withdrawn. Change what you like, then hand it in again.")
    return redirect("company-detail", sid)


@page
def business_manager(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    posted = request.POST if request.method == "POST" else None
    known = {"business_manager_id": seat.account.business_manager_id}
    form = BusinessManagerForm(posted, initial=known)
    if form.is_valid():
        number = form.cleaned_data["business_manager_id"]
        companies.save_business_manager(seat.account, number, by=seat.user)
        messages.success(request, f"The Business Manager ID is {number}.")
        return redirect("onboarding", sid)
    status = 422 if posted is not None else 200
    return render(request, "company/business_manager.html", {"form": form}, status=status)
