"""The flow that a call names, read with one prepared statement; it decides nothing.

In SQL because every call comes through here, and making the statement anew takes longer than
running it.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from flows.models import FlowState

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SQL = """
    SELECT id, state, live_version_id FROM flows_flow
    WHERE workflow_id = %s AND account_id = %s AND deleted_at IS NULL
"""


@dataclass(frozen=True)
class Target:
    """A flow of the caller's account, as of this moment."""

    pk: int
    version_id: int | None  # of the live version; None: a draft


def find(account_id: int, workflow_id: str) -> Target | None:
    """None where the account has no such flow."""
    if not _UUID.fullmatch(workflow_id):
        return None
    wanted = UUID(workflow_id)
    is_native = connection.features.has_native_uuid_field
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [wanted if is_native else wanted.hex, account_id])
        row = cursor.fetchone()
    if row is None:
        return None
    pk, state, version_id = row
    return Target(pk, version_id if state == FlowState.PUBLISHED else None)
