"""Coming and going: sign-in, sign-out, and the way from `/` to the account last used."""

from django.contrib.auth import login, logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from flows import access
from flows.client_ip import client_ip
from flows.forms.sign_in import SignInForm
from flows.models import Account

from . import tries
from .middleware import LastAccountMiddleware


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; `next` is followed only inside this installation."""
    after = _inside(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(after or "home")
    form = SignInForm(request.POST if request.method == "POST" else None, request=request)
    page = {"form": form, "next": after}
    if request.method == "GET":
        return render(request, "session/sign_in.html", page)
    email = request.POST.get("email", "").strip().lower()
    if tries.used_up(address=client_ip(request), email=email):
        answer = render(request, "session/sign_in.html", {**page, "too_many": True}, status=429)
        answer["Retry-After"] = "60"
        return answer
    if not form.is_valid() or form.user is None:
        return render(request, "session/sign_in.html", page, status=422)
    login(request, form.user)
    return redirect(after or "home")


@never_cache
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django's admin has no sign-in of its own: there is one, and it counts the tries."""
    if not access.signed_in(request).is_staff:
        raise PermissionDenied("This part is for the support staff of this installation.")
    return redirect(_inside(request, request.GET.get("next", "")) or "admin:index")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")


def home(request: HttpRequest) -> HttpResponse:
    """The account last used, else the first by name, else a page that says there is none."""
    user = access.signed_in(request)
    accounts = Account.objects.filter(memberships__user=user).order_by("name")
    last = request.COOKIES.get(LastAccountMiddleware.COOKIE, "")
    account = accounts.filter(sid=last).first() if last.isalnum() else None
    account = account or accounts.first()
    if account is None:
        return render(request, "session/no_account.html")
    return redirect("account-home", sid=account.sid)


def _inside(request: HttpRequest, url: str) -> str:
    allowed = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if allowed and url.startswith("/") else ""
