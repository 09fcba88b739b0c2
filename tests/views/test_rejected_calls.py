"""Rejected calls: every reason is shown, page by page, to members only."""

from django.test import Client
from django.utils import timezone

from flows.base62 import new_invocation_id
from flows.models import Account, Flow, RejectedCall


def reject(account: Account, *errors: str, flow: Flow | None = None) -> RejectedCall:
    return RejectedCall.objects.create(
        account=account,
        flow=flow,
        public_id=new_invocation_id(),
        workflow_id=str(flow.workflow_id) if flow else "nonsense",
        request_id="order-7",
        status=400,
        errors=list(errors),
        created_at=timezone.now(),
    )


def test_every_reason_is_shown(as_viewer: Client, published_flow: Flow) -> None:
    account = published_flow.account
    reject(account, "input.send1: missing.", "<b>input</b>.send2: missing.", flow=published_flow)
    reject(account, "Workflow Instance [nonsense] does not exist.")
    page = as_viewer.get(f"/a/{account.sid}/rejected-calls/").content.decode()
    assert "input.send1: missing." in page
    assert "&lt;b&gt;input&lt;/b&gt;.send2: missing." in page
    assert published_flow.title in page
    assert "nonsense" in page


def test_pages_follow_each_other(as_viewer: Client, account: Account) -> None:
    made = [reject(account, f"Fault {n}.").public_id for n in range(60)][::-1]
    url = f"/a/{account.sid}/rejected-calls/"
    first = as_viewer.get(url).context["page"]
    second = as_viewer.get(f"{url}?older={first.older}").context["page"]
    assert [row.public_id for row in (*first.rows, *second.rows)] == made
    assert as_viewer.get(f"{url}?older=%00&newer=x").context["page"].rows == first.rows


def test_an_empty_list_explains_itself(as_viewer: Client, account: Account) -> None:
    page = as_viewer.get(f"/a/{account.sid}/rejected-calls/").content.decode()
    assert "No call was rejected" in page


def test_a_stranger_finds_nothing(as_stranger: Client, account: Account) -> None:
    assert as_stranger.get(f"/a/{account.sid}/rejected-calls/").status_code == 404
