"""Every door of the house: pages for people, the API for clients, the doors of
carriers, Django's admin for support."""

from django.contrib import admin
from django.urls import include, path

from flows.views import session

handler400 = "flows.views.errors.bad_request"
handler403 = "flows.views.errors.forbidden"
handler404 = "flows.views.errors.not_found"
handler429 = "flows.views.errors.too_many"  # asked for by allauth
handler500 = "flows.views.errors.server_error"

urlpatterns = [
    path("admin/login/", session.admin_sign_in, name="admin-sign-in"),
    path("admin/", admin.site.urls),
    path("v1/", include("flows.api.urls")),
    path("hooks/", include("flows.hooks.urls")),
    path("", include("flows.urls")),
]
