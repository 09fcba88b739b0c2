"""The pages for people. Each room adds its lines; names are the contract, paths may change."""

from django.urls import path

from flows.views import health, reference, rejected, session, theme

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("theme/", theme.theme, name="theme"),
    path("reference/", reference.api_reference, name="api-reference"),
    # Coming and going.
    path("", session.home, name="home"),
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    # Running and watching.
    path("a/<str:sid>/rejected-calls/", rejected.rejected_call_list, name="rejected-call-list"),
]
