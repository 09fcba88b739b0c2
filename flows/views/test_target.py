"""The page where an admin says where this account's test sends go. It sends nothing."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from flows import access
from flows.forms.test_target import TestTargetForm
from flows.models import Account, Role
from flows.models.audit import record


@require_http_methods(["GET", "POST"])
def test_target(request: HttpRequest, sid: str) -> HttpResponse:
    """Where this account's test sends go."""
    seat = access.account(request, sid, at_least=Role.ADMIN)
    account = seat.account
    form = TestTargetForm(request.POST if request.method == "POST" else None, account=account)
    if request.method == "GET":
        return render(request, "test_send/target.html", {"form": form})
    before = _target(account)
    if not form.is_valid():
        account.refresh_from_db()
        return render(request, "test_send/target.html", {"form": form}, status=422)
    form.save()
    record(
        account, "account.test_target", by=seat.user, of=account, label=account.name,
        before=before, after=_target(account),
    )  # fmt: skip
    messages.success(request, f"Test sends now go to: {account.get_test_target_display()}.")
    return redirect("test-target", sid=sid)


def _target(account: Account) -> dict[str, str]:
    return {
        "target": account.test_target,
        "sid": account.test_target_sid,
        "workflow_id": account.test_target_workflow_id,
    }
