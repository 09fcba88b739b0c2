"""An account for somebody who is signed in and has none, as after the company sign-in."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from flows import access, tries
from flows.client_ip import client_ip
from flows.forms.new_account import CompanyForm
from flows.models import newcomers

from .errors import too_many
from .pages import my_page

MOST_A_MINUTE = 5


def _create(request: HttpRequest) -> HttpResponse:
    user = access.signed_in(request)
    if not settings.SIGN_UP_OPEN:
        raise PermissionDenied("New accounts are opened by the person who runs this installation.")
    form = CompanyForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "session/new_account.html", {"form": form}, status=status)
    if tries.too_many("account-create", address=client_ip(request), most=MOST_A_MINUTE):
        return too_many(request)
    typed = form.cleaned_data
    account = newcomers.open_account(
        user, name=typed["company"], region=typed["region"], time_zone=typed["time_zone"]
    )
    return redirect("account-home", sid=account.sid)


create = my_page(_create)
