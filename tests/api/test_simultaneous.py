"""Many callers at the same moment, over real HTTP, against the product as it is served."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from flows.models import Account, Execution, Flow, RejectedCall
from tests import cast, serving

CALLS = 200


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_200_calls_with_one_request_id_exactly_one_is_accepted(
    account: Account, published_flow: Flow, test_key: str
) -> None:
    body = cast.make_invocation_body(published_flow, request_id="the-one")
    path = f"/v1/{account.sid}/workflow/v1/instances/{published_flow.workflow_id}/invoke"
    together = threading.Barrier(CALLS)

    def call(base_url: str) -> tuple[int, dict[str, object]]:
        together.wait()
        answer = requests.post(
            base_url + path, json=body, headers={"api-key": test_key}, timeout=60
        )
        return answer.status_code, answer.json()

    with serving.product() as base_url, ThreadPoolExecutor(CALLS) as callers:
        answers = list(callers.map(call, [base_url] * CALLS))

    accepted = [told for status, told in answers if status == 202]
    rejected = [told for status, told in answers if status == 400]
    assert (len(accepted), len(rejected)) == (1, CALLS - 1)
    assert {told["workflowInvocationId"] for told in rejected} == {
        accepted[0]["workflowInvocationId"]
    }
    assert {tuple(told["errors"]) for told in rejected} == {  # type: ignore[arg-type]
        ("Request ID [the-one] has already been used.",)
    }
    assert Execution.objects.get().public_id == accepted[0]["workflowInvocationId"]
    assert RejectedCall.objects.count() == CALLS - 1
