"""Where carriers call us: the code names the connection, what follows it is the carrier's."""

from django.urls import path

from .door import door

urlpatterns = [
    path("<str:hook_code>", door, name="hook"),  # pasted without the slash at its end
    path("<str:hook_code>/", door, name="hook"),
    path("<str:hook_code>/<path:rest>", door, name="hook"),
]
