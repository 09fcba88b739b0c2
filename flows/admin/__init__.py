"""Django's admin, for support staff: onboarding, assets, people and keys of every account.

No secret is ever shown again after it was made; what happened can be read and not be changed.
"""

from django.apps import apps
from django.contrib import admin

from . import accounts, assets, callbacks, keys, people, runs

__all__ = ["accounts", "assets", "callbacks", "keys", "people", "runs"]

# What allauth shows there are secrets and sessions, without an audit entry for their change.
for _model in (
    *apps.get_app_config("account").get_models(),
    *apps.get_app_config("mfa").get_models(),
    *apps.get_app_config("usersessions").get_models(),
    *apps.get_app_config("socialaccount").get_models(),
):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
