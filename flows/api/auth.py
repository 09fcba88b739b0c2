"""Who calls: the key behind the `api-key` header, or nobody, without telling why.

Every check runs in every case, so that neither the answer nor its time says which one failed.
"""

import hmac
from datetime import timedelta

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from flows.client_ip import client_ip
from flows.models import Account, ApiKey
from flows.models.people import hash_secret

LAST_USED_EVERY = timedelta(minutes=1)
_NOBODY = ApiKey(account=Account(sid="-"), secret_hash=hash_secret(""))


def authenticate(request: HttpRequest, sid: str) -> ApiKey | None:
    """The live key of account `sid` that may call from this address (with its account loaded)."""
    secret = request.headers.get("api-key", "")
    found = ApiKey.objects.select_related("account").filter(secret_hash=hash_secret(secret)).first()
    key = found or _NOBODY
    checks = (
        found is not None,
        key.matches(secret),
        hmac.compare_digest(key.account.sid.encode(), sid.encode("utf-8", "replace")),
        key.revoked_at is None,
        key.allows_address(client_ip(request)),
    )
    if not all(checks):
        return None
    _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    """Write down that the key is in use, once a minute at most: a write costs a disk sync."""
    now = timezone.now()
    stale = now - LAST_USED_EVERY
    if key.last_used_at is None or key.last_used_at < stale:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=stale)
        ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
