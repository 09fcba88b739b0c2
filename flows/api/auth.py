"""Who calls: the key behind the `api-key` header, or nobody, without telling why.

Every check runs in every case, on a row that is always there, so that neither the answer nor its
time says which one failed.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
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
_COLUMNS = ("id", "account_id", "kind", "secret_hash", "ip_ranges", "is_for_test_send")
_SQL = f"""
    SELECT {", ".join(f"key.{column}" for column in _COLUMNS)}, account.sid,
        key.revoked_at IS NULL AND account.closed_at IS NULL,
        key.last_used_at IS NULL OR key.last_used_at < %s
    FROM flows_apikey AS key JOIN flows_account AS account ON account.id = key.account_id
    WHERE key.id = COALESCE(
        (SELECT id FROM flows_apikey WHERE secret_hash = %s), (SELECT min(id) FROM flows_apikey)
    )
"""  # noqa: S608 - our own columns


@dataclass(frozen=True)
class _Found:
    """A key as it stands now."""

    key: ApiKey
    sid: str = "-"
    is_open: bool = False  # neither revoked nor of a closed account
    is_use_unnoted: bool = False


_NOBODY = _Found(ApiKey(secret_hash=hash_secret("nobody")))  # in an installation without any key


def authenticate(request: HttpRequest, sid: str) -> ApiKey | None:
    """The live key of account `sid` that may call from this address."""
    secret = request.headers.get("api-key", "")[:SECRET_MOST]
    now = timezone.now()
    found = _find(hash_secret(secret), now=now)
    key = found.key
    checks = (
        key.matches(secret),
        hmac.compare_digest(found.sid.encode(), sid.encode("utf-8", "replace")),
        found.is_open,
        key.allows_address(client_ip(request)),
    )
    if not all(checks):
        return None
    key.account = Account.from_db("default", ["id", "sid"], [key.account_id, sid])
    if found.is_use_unnoted:
        _note_use(key, now=now)
    return key


def _find(secret_hash: str, *, now: datetime) -> _Found:
    stale = connection.ops.adapt_datetimefield_value(now - LAST_USED_EVERY)
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [stale, secret_hash])
        row = cursor.fetchone()
    if row is None:
        return _NOBODY
    *columns, sid, is_open, is_use_unnoted = row
    values = dict(zip(_COLUMNS, columns, strict=True))
    values["ip_ranges"] = json.loads(values["ip_ranges"])
    key = ApiKey.from_db(connection.alias, list(values), list(values.values()))
    return _Found(key, sid, bool(is_open), bool(is_use_unnoted))


def _note_use(key: ApiKey, *, now: datetime) -> None:
    """Write down that the key is in use, once a minute at most: a write costs a disk sync."""
    unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
    ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
