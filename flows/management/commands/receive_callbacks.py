"""`manage.py receive_callbacks`: a small local receiver to try result callbacks with.

It prints every callback and says whether its signature is good. It stores nothing.
"""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from flows.models import CallbackProfile

MOST_BYTES = 1_000_000


class Receiver(HTTPServer):
    """Knows the callback profiles that post to it, and where to print."""

    def __init__(self, port: int, command: BaseCommand) -> None:
        super().__init__(("127.0.0.1", port), Door)
        self.command = command

    def secrets(self) -> list[str]:
        """Read anew for every callback: a secret may have been rotated meanwhile."""
        now = timezone.now()
        return [
            secret
            for profile in CallbackProfile.objects.filter(deleted_at=None)
            if urlsplit(profile.url).port == self.server_port
            for secret in profile.signing_secrets(now)
        ]

    def tell(self, body: bytes, headers: dict[str, str]) -> bool:
        """Print one callback; True when a profile's secret has signed it."""
        is_genuine = any(_is_signed(body, headers, secret) for secret in self.secrets())
        style = self.command.style
        verdict = style.SUCCESS("genuine") if is_genuine else style.ERROR("NOT GENUINE")
        self.command.stdout.write(f"\n{headers.get('webhook-id', 'no webhook-id')}: {verdict}")
        if is_genuine:
            self.command.stdout.write(json.dumps(json.loads(body), indent=2))
        return is_genuine


def _is_signed(body: bytes, headers: dict[str, str], secret: str) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


class Door(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """204 for a genuine callback, 401 for any other."""
        length = min(int(self.headers.get("Content-Length") or 0), MOST_BYTES)
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_genuine = self.server.tell(self.rfile.read(length), headers)
        self.send_response(204 if is_genuine else 401)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """The callback itself has been printed."""


class Command(BaseCommand):
    help = "Listens on 127.0.0.1 for result callbacks and verifies their signatures."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--port`: the one in the URL of the callback profile."""
        parser.add_argument("--port", type=int, default=9009)

    def handle(self, *args: Any, **options: Any) -> None:
        """Until Ctrl+C."""
        try:
            receiver = Receiver(options["port"], self)
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} cannot be used: {error.strerror}"
            ) from error
        self.stdout.write(f"Waiting for callbacks on http://127.0.0.1:{options['port']}/ …")
        try:
            receiver.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
        finally:
            receiver.server_close()
