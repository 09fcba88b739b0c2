"""Refuse a call of a valid key, and keep it with its reasons for the dashboard."""

import logging
from collections.abc import Sequence

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from flows.base62 import new_invocation_id
from flows.client_ip import client_ip
from flows.models import ApiKey, RejectedCall

from . import answers

log = logging.getLogger(__name__)


def reject(
    request: HttpRequest,
    key: ApiKey,
    errors: Sequence[str],
    *,
    workflow_id: str,
    flow_id: int | None = None,
    request_id: str | None = None,
    first_id: str = "",
    status: int = 400,
    is_recorded: bool = True,
) -> JsonResponse:
    """The rejected answer. `first_id` is the invocation that used the requestId before."""
    public_id = new_invocation_id()
    if is_recorded:
        RejectedCall.objects.create(
            account_id=key.account_id,
            api_key_id=key.pk,
            flow_id=flow_id,
            public_id=public_id,
            workflow_id=shown(workflow_id),
            request_id=request_id or "",
            status=status,
            errors=list(errors),
            caller_ip=client_ip(request) or None,
            created_at=timezone.now(),
        )
        log.info(
            "invocation.rejected",
            extra={"call": public_id, "sid": key.account.sid, "status": status},
        )
    return answers.rejected(
        errors, request_id=request_id, invocation_id=first_id or public_id, status=status
    )


def shown(text: str, most: int = 64) -> str:
    """What a caller wrote, as it may stand in a sentence and in any database."""
    return "".join(c if c.isprintable() else "?" for c in text[:most])
