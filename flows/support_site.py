"""Django's admin, with the door that the rest of the support desk has."""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest

from flows import access
from flows.models import User


class SupportSite(AdminSite):
    site_header = site_title = "Fallback support"
    index_title = "Accounts and what belongs to them"

    def has_permission(self, request: HttpRequest) -> bool:
        """Who is turned away goes to `admin-sign-in`, which leads to what is missing."""
        if not super().has_permission(request):
            return False
        if not settings.SUPPORT_NEEDS_SECOND_FACTOR:
            return True
        return isinstance(request.user, User) and access.has_second_factor(request.user)
