"""`manage.py seed_demo`: the demo account, and var/demo.json with what is needed to use it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from flows.demo import assets, collection, history, keepsake, people
from flows.models import Flow, Role


class Command(BaseCommand):
    """Can be run again and again: it adds what is missing and leaves the rest alone."""

    help = "Puts a demo account into the database and its logins and keys into var/demo.json."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed, write the file, say how to sign in."""
        path = keepsake.default_path()
        known = keepsake.Keepsake.read(path)
        with transaction.atomic():
            ready, new = people.seed_accounts()
            persons = people.seed_people(ready, new, password=known.password)
            keys = people.seed_keys(ready, known=known.api_keys, by=persons[Role.ADMIN])
            profile = assets.seed_assets(ready, by=persons[Role.MARKETER])
            made = collection.seed_flows(ready, persons, profile=profile)
        history.seed_history(ready, made)
        keepsake.write(
            path,
            {
                "sid": ready.sid,
                "base_url": settings.PUBLIC_BASE_URL,
                "api_keys": keys,
                "users": [
                    {"email": email, "password": known.password, "role": role.value}
                    for role, email, _first, _last in people.PEOPLE
                ],
                "flows": [_flow(flow) for flow in made.values()],
            },
        )
        self._say_how_to_sign_in(known.password)

    def _say_how_to_sign_in(self, password: str) -> None:
        self.stdout.write(f"\n  Fallback   {settings.PUBLIC_BASE_URL}\n")
        self.stdout.write(f"  Password   {password}   (the same for everybody below)\n")
        for role, email, first, last in people.PEOPLE:
            self.stdout.write(f"  {role.label:<10} {email:<24} {first} {last}")
        self.stdout.write(f"  {'Support':<10} {people.SUPPORT_EMAIL:<24} at /support/")
        self.stdout.write("  The admin also sees Fresh Foods, an account on its first day.")
        self.stdout.write("  API keys and Workflow IDs are in var/demo.json.\n")


def _flow(flow: Flow) -> dict[str, str | None]:
    return {
        "title": flow.title,
        "status": flow.state,
        "workflow_id": str(flow.workflow_id) if flow.workflow_id else None,
    }
