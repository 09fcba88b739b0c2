"""A call of a flow that works as it stands: real path, own parameters, fresh requestId."""

import secrets
from typing import Any

from django.conf import settings

from flows.models import Flow
from flows.models.catalog import catalog_of, samples_of
from flows.openapi import call_snippets

from .flow_words import StepWords, steps_in_words

EXAMPLE_RECIPIENT = "919876540001"  # the Sandbox delivers to it


def calls_of(flow: Flow, steps: list[StepWords], *, recipient: str = EXAMPLE_RECIPIENT) -> Any:
    """The call in every language; drawn again it has another requestId, so that it works again."""
    sends = {
        f"send{step.number}": {"recipient": recipient} | _example_params(step) for step in steps
    }
    return call_snippets(
        base_url=settings.PUBLIC_BASE_URL,
        sid=flow.account.sid,
        workflow_id=str(flow.workflow_id),
        body={"requestId": f"order-{secrets.token_hex(4)}", "input": sends},
    )


def curl_of_newest(account_flows: Any, *, recipient: str = EXAMPLE_RECIPIENT) -> str:
    """curl for the flow that was published last among these; empty when none is published."""
    newest = account_flows.order_by("-live_version__published_at", "-pk").first()
    if newest is None or newest.live_version is None:
        return ""
    live = newest.live_version.pinned
    samples = samples_of(newest.account, [step.template for step in live.steps])
    words = steps_in_words(live, catalog_of(newest.account), samples)
    text: str = calls_of(newest, words, recipient=recipient)[0].text
    return text


def _example_params(step: StepWords) -> dict[str, dict[str, str]]:
    params = {key.key: step.samples.get(key.key) or key.sample for key in step.keys}
    return {"templateParams": params} if params else {}
