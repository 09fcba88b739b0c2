"""Who calls: the key behind the `api-key` header, or nobody, without telling why.

Every check runs in every case, on a row that is always there, so that neither the answer nor its
time says which one failed.
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
SECRET_MOST = 64  # characters that are looked at; a secret has 33

# Where the secret is nobody's, the oldest key stands in and fails the first check: a row that is
# not there would be answered sooner. In SQL, because making the statement anew for every call
# takes twice as long as running it.
_SQL = """
    SELECT key.*, account.sid AS account_sid, account.closed_at AS account_closed_at
    FROM flows_apikey AS key JOIN flows_account AS account ON account.id = key.account_id
    WHERE key.id = COALESCE(
        (SELECT id FROM flows_apikey WHERE secret_hash = %s), (SELECT min(id) FROM flows_apikey)
    )
"""
_NOBODY = ApiKey(secret_hash=hash_secret("nobody"))  # in an installation without any key
vars(_NOBODY).update(account_sid="-", account_closed_at=None)


def authenticate(request: HttpRequest, sid: str) -> ApiKey | None:
    """The live key of account `sid` that may call from this address."""
    secret = request.headers.get("api-key", "")[:SECRET_MOST]
    key = next(iter(ApiKey.objects.raw(_SQL, [hash_secret(secret)])), _NOBODY)
    of_account = vars(key)
    checks = (
        key.matches(secret),
        hmac.compare_digest(of_account["account_sid"].encode(), sid.encode("utf-8", "replace")),
        key.revoked_at is None,
        of_account["account_closed_at"] is None,
        key.allows_address(client_ip(request)),
    )
    if not all(checks):
        return None
    key.account = Account.from_db("default", ["id", "sid"], [key.account_id, sid])
    _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    """Write down that the key is in use, once a minute at most: a write costs a disk sync."""
    now = timezone.now()
    stale = now - LAST_USED_EVERY
    if key.last_used_at is None or key.last_used_at < stale:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=stale)
        ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
