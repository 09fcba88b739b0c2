"""Keeps a request of a carrier that nobody could read, for whoever looks into it: as text, clipped,
and without our secrets.
"""

import json
import logging
from urllib.parse import quote, quote_plus, urlsplit

from django.db import transaction
from django.utils import timezone

from flows.connectors.base import Hook
from flows.models import UnreadHook

from . import tally
from .lookup import Place

BODY_MOST = 16 * 1024  # characters
MASK = "•••"

log = logging.getLogger(__name__)


def keep(hook: Hook, place: Place, *, reason: str) -> None:
    """Count it, and keep it unless many came this minute; what is beyond is only counted."""
    connection = place.connection
    with transaction.atomic():
        if tally.add(connection, "unread_hooks"):
            UnreadHook.objects.create(
                connection=connection,
                method=hook.method[:8],
                query=_shown(urlsplit(hook.url).query, place)[:2000],
                content_type=_shown(hook.headers.get("content-type", ""), place)[:100],
                body=_shown(hook.body.decode(errors="replace"), place)[:BODY_MOST],
                reason=_shown(reason, place)[:300],
                received_at=timezone.now(),
            )
            log.warning("hook.unreadable", extra={"connection_id": connection.pk})


def _shown(text: str, place: Place) -> str:
    """Without NULs, which PostgreSQL refuses; secrets are masked however they are spelled."""
    text = text.replace("\0", "").encode(errors="replace").decode()
    for secret in _secrets(place):
        spelled = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
        for spelling in sorted(spelled, key=len, reverse=True):
            text = text.replace(spelling, MASK)
    return text


def _secrets(place: Place) -> list[str]:
    names = [field.name for field in place.connector.config_fields if field.is_secret]
    given = [place.view.hook_key, *(str(place.view.config.get(name, "")) for name in names)]
    return [secret for secret in given if secret]
