"""Documents of a company: upload, download, delete. The only pages that take or give files.

Who may is asked before the body of an upload is touched; so CSRF, which reads it, comes after.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from flows import access
from flows.access import Seat
from flows.forms.company_details import DocumentForm
from flows.models import CompanyDocument, Role, User, companies

from .uploads import TOO_BIG, OneDocument, read_one_document


@csrf_exempt  # until it is known that this person may; then _take checks it
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, sid: str) -> HttpResponse:
    seat = access.account(request, sid, at_least=Role.ADMIN)
    fixed = companies.why_fixed(seat.account)
    document = read_one_document(request, refuse=fixed)
    if fixed:
        return _leave(request, sid, fixed)
    if request.method != "POST":
        return _page(request, DocumentForm())
    if document.problem:  # it says itself that it is too big
        return _page(request, DocumentForm({}, {}, problem=document.problem))
    return _take(request, seat, document)


@csrf_protect
def _leave(request: HttpRequest, sid: str, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect("company-detail", sid)


@csrf_protect
def _take(request: HttpRequest, seat: Seat, document: OneDocument) -> HttpResponse:
    fields, files = request.POST, request.FILES  # read now, at the latest
    form = DocumentForm(fields, files, problem=document.problem)
    if form.is_valid():
        try:
            kept = companies.add_document(
                seat.account,
                form.cleaned_data["file"],
                kind=form.cleaned_data["kind"],
                given_name=document.given_name,
                by=seat.user,
            )
        except companies.CompanyRefused as refused:
            form.add_error("file", refused.sentence)
        else:
            messages.success(request, f"“{kept.file_name}” was uploaded.")
            return redirect("company-detail", seat.account.sid)
    return _page(request, form)


def _page(request: HttpRequest, form: DocumentForm) -> HttpResponse:
    status = 413 if form.problem == TOO_BIG else 422 if form.is_bound else 200
    return render(request, "company/document.html", {"form": form}, status=status)


@require_safe
def download(request: HttpRequest, sid: str, document_id: UUID) -> HttpResponseBase:
    seat, document = access.document(request, sid, document_id)
    return answer(document, by=seat.user)


@require_safe
def download_for_support(request: HttpRequest, document_id: UUID) -> HttpResponseBase:
    user = access.support(request)
    rows = CompanyDocument.objects.select_related("account")
    return answer(get_object_or_404(rows, public_id=document_id), by=user)


class FileLost(Http404):
    """The row is there and its file is not."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence  # for the page


def answer(document: CompanyDocument, *, by: User) -> HttpResponseBase:
    """The file, to be saved and never to be shown: whatever it is, no browser runs it here."""
    try:
        file = companies.open_document(document, by=by)
    except companies.CompanyRefused as refused:
        raise FileLost(refused.sentence) from refused
    return FileResponse(
        file,
        as_attachment=True,
        filename=document.file_name,
        content_type=document.content_type,
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, sid: str, document_id: UUID) -> HttpResponse:
    seat, document = access.document(request, sid, document_id)
    back = reverse("company-detail", args=[sid])
    if request.method != "POST":
        context: dict[str, Any] = {
            "title": f"Delete “{document.file_name}”?",
            "sentence": "The file is removed for good.",
            "action": "Delete document",
            "danger": True,
            "cancel": "Keep it",
            "cancel_url": back,
        }
        return render(request, "confirm.html", context)
    try:
        companies.remove_document(document, by=seat.user)
    except companies.CompanyRefused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"“{document.file_name}” was deleted.")
    return redirect(back)
