"""The one app of the project, and the admin that support staff use."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class FlowsConfig(AppConfig):
    name = "flows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import security_events  # noqa: F401


class SupportAdminConfig(AdminConfig):
    default_site = "flows.support_site.SupportSite"
