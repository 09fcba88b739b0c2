"""Opening a closed account again, which only support can do."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from flows import access
from flows.models import accounts
from flows.models.refusals import Refused


@require_POST
def reopen(request: HttpRequest, sid: str) -> HttpResponse:
    user, account = access.support_account(request, sid)
    try:
        accounts.reopen(account, by=user)
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, f"{account.name} is open again. Its admins get an email.")
    return redirect("support-account", sid)
