"""The fixture's URLs: every name that the frame of a page links to, and one page of all blocks."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
from django.urls import include, path
from django.utils import timezone

from flows.placeholders import Button, Channel, TemplateContent, preview
from flows.segments import measure
from flows.views import errors, theme

from .forms import BlocksForm

HERE = Path(__file__).parent
WHATSAPP = TemplateContent(
    channel=Channel.WHATSAPP,
    name="order_update",
    kind="text",
    body="Hi {{1}}, your order *{{2}}* has left our warehouse.\nIt should arrive by _{{3}}_.",
    header_kind="image",
    footer="Reply STOP to opt out",
    buttons=(Button("url", "Track the parcel", "https://acme.example/t/{{1}}"),),
)
SMS = TemplateContent(
    channel=Channel.SMS,
    name="order_update_sms",
    kind="TXN",
    body="Hi {1}, your order {2} has left – track it: https://acme.example/t/58213",
)


class Person:
    email = "asha.rao@acme.example"
    is_authenticated = True
    is_staff = False

    def __str__(self) -> str:
        return "Asha Rao"


def _frame() -> dict[str, object]:
    account = SimpleNamespace(name="Acme Retail India", sid="HXDEMO00000001")
    other = SimpleNamespace(name="Acme Singapore", sid="HXDEMO00000002")
    role = SimpleNamespace(label="Marketer")
    may = {"is_tester": True, "is_marketer": True, "is_admin": True}
    seat = SimpleNamespace(account=account, role=role, user=Person(), **may)
    return {"user": Person(), "seat": seat, "nav_seat": seat, "accounts": [account, other]}


def _blocks(form: BlocksForm) -> dict[str, object]:
    now = timezone.now()
    return {
        "form": form,
        "now": now,
        "soon": now + timedelta(seconds=75),
        "earlier": now - timedelta(minutes=3),
        "whatsapp": WHATSAPP,
        "whatsapp_preview": preview(WHATSAPP, {"1": "Priya", "2": "#58213"}),
        "sms_preview": preview(SMS, {"1": "Priya", "2": "#58213"}),
        "sms_segments": measure("Hi Priya, your order #58213 has left – track it" * 3),
        "days": [(day, (410 + 31 * n, 62 + 7 * n, 5)) for n, day in enumerate("MTWTFSS", start=1)],
        "series": ("WhatsApp", "SMS", "Not delivered"),
        "curl": "curl -X POST 'https://fallback.example/v1/HXDEMO00000001/workflow/v1/instances/"
        "0f6b2f4e-7a51-4b0e-9d5c-2a9b8f0c1d2e/invoke' \\\n  -H 'api-key: '\"$FALLBACK_API_KEY\"",
    }


def blocks(request: HttpRequest) -> HttpResponse:
    form = (
        BlocksForm(request.POST)
        if request.method == "POST"
        else BlocksForm(initial={"wait_s": 120, "channel": "whatsapp"})
    )
    if request.GET.get("flash"):
        messages.success(request, "“Order update” was deleted.", extra_tags="undo:/confirm/")
    template = engines["django"].from_string((HERE / "blocks.html").read_text())
    status = 422 if form.is_bound and not form.is_valid() else 200
    return HttpResponse(template.render({**_frame(), **_blocks(form)}, request), status=status)


def confirm(request: HttpRequest, sid: str = "") -> HttpResponse:
    page = {
        "title": "Delete “Order update”?",
        "sentence": "Callers get an error from now on. 12 executions are running and will finish.",
        "action": "Delete the flow",
        "danger": True,
        "cancel_url": "/",
    }
    return render(request, "confirm.html", {**_frame(), **page})


def autosave(request: HttpRequest) -> HttpResponse:
    words = engines["django"].from_string("Draft saved {% when now %}")
    return HttpResponse(words.render({"now": timezone.now()}))


def swap(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<p>Swapped</p>")


def not_found(request: HttpRequest) -> HttpResponse:
    return errors.not_found(request, Exception())


def broken(request: HttpRequest) -> HttpResponse:
    return errors.server_error(request)


urlpatterns = [
    path("admin/", admin.site.urls),
    path("", blocks, name="flow-list-blocks"),
    path("confirm/", confirm, name="confirm"),
    path("", include("flows.views.me_urls")),
    path("autosave/", autosave),
    path("swap/", swap),
    path("404/", not_found),
    path("500/", broken),
    path("theme/", theme.theme, name="theme"),
    path("home/", blocks, name="home"),
    path("reference/", blocks, name="api-reference"),
    path("a/<sid>/", confirm, name="account-home"),
    path("a/<sid>/flows/", confirm, name="flow-list"),
    path("a/<sid>/onboarding/", confirm, name="onboarding"),
    path("a/<sid>/executions/", confirm, name="execution-list"),
    path("a/<sid>/rejected-calls/", confirm, name="rejected-call-list"),
    path("a/<sid>/templates/", confirm, name="template-list"),
    path("a/<sid>/senders/", confirm, name="sender-list"),
    path("a/<sid>/connections/", confirm, name="connection-list"),
    path("a/<sid>/test-recipients/", confirm, name="test-recipient-list"),
    path("a/<sid>/api-keys/", confirm, name="api-key-list"),
    path("a/<sid>/callback-profiles/", confirm, name="callback-profile-list"),
    path("a/<sid>/members/", confirm, name="member-list"),
    path("a/<sid>/reviews/", confirm, name="review-list"),
    path("a/<sid>/audit-log/", confirm, name="audit-log"),
    path("a/<sid>/settings/", confirm, name="account-settings"),
]
