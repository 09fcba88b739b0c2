"""`manage.py rotate_secrets`: after a new SECRET_KEY, what is stored under former ones moves to it.

Prints counts, never a secret.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from flows.models.rotation import rotate


class Command(BaseCommand):
    """Safe while the engine runs; run it until it renews nothing, then drop the former keys."""

    help = "Encrypts every stored secret anew with the current SECRET_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        renewed = unreadable = 0
        for count in rotate():
            renewed += count.renewed
            unreadable += count.unreadable
            self.stdout.write(
                f"{count.place}: {count.renewed} renewed, {count.current} current already, "
                f"{count.unreadable} not readable"
            )
        if unreadable:
            raise CommandError(
                f"{unreadable} secrets can be read with none of the keys. Add the key that they "
                "were stored under to SECRET_KEY_FALLBACKS, then run this again."
            )
        self.stdout.write(f"{renewed} renewed. Former keys are needed for nothing here any more.")
