"""Django's admin, for support staff: onboarding, assets, people and keys of every account.

No secret is ever shown again after it was made; what happened can be read and not be changed.
"""

from django.contrib import admin

from . import accounts, assets, callbacks, keys, people, runs

__all__ = ["accounts", "assets", "callbacks", "keys", "people", "runs"]

admin.site.site_header = "Fallback support"
admin.site.site_title = "Fallback support"
admin.site.index_title = "Accounts and what belongs to them"
