"""The pages for people. Each room adds its lines; names are the contract, paths may change."""

from django.urls import path

from flows.views import health, theme

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("theme/", theme.theme, name="theme"),
]
