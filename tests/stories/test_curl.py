"""The first call of a newcomer: curl, 202, fallback, and a signed result at their own server."""

import json
import os
import shutil
import subprocess

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from flows.models import Account, Flow, KeyKind, User
from flows.openapi import call_snippets
from tests import cast, serving

TIMES_OUT, DELIVERS = "919876540005", "919876540001"


def run_curl(command: str, key: str) -> tuple[int, dict[str, object]]:
    """Run the command as the page shows it, in a shell, with the key in the environment."""
    shell = subprocess.run(
        ["sh", "-c", f"{command} --silent --show-error --write-out '\\n%{{http_code}}'"],
        env={**os.environ, "FALLBACK_API_KEY": key},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    text, _, status = shell.stdout.rpartition("\n")
    return int(status), json.loads(text)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.django_db(transaction=True)
def test_curl_gets_202_and_the_signed_result_follows(account: Account, admin: User) -> None:
    """WhatsApp stays silent, SMS is delivered; sixty times faster than life."""
    with serving.receiver() as receiver, serving.product() as base_url:
        profile = cast.make_callback_profile(account, url=receiver.url)
        flow: Flow = cast.make_published_flow(account, by=admin, callback_profile=profile.public_id)
        body = cast.make_invocation_body(flow, DELIVERS, request_id="curl-1")
        body["input"]["send1"]["recipient"] = TIMES_OUT
        curl = call_snippets(
            base_url=base_url, sid=account.sid, workflow_id=str(flow.workflow_id), body=body
        )[0].text
        _, secret = cast.make_key(account, KeyKind.TEST)

        status, accepted = run_curl(f"{curl} --header 'x-test-speed: 60'", secret)
        assert (status, accepted["executionStatus"]) == (202, "ACCEPTED")
        headers, posted = receiver.wait(30)

        path = f"/v1/{account.sid}/workflow/v1/invocations/{accepted['workflowInvocationId']}"
        status, shown = run_curl(
            f'curl {base_url}{path} --header "api-key: $FALLBACK_API_KEY"', secret
        )

    result = Webhook(profile.secret).verify(posted, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(profile.secret).verify(posted.replace(b"delivered", b"confirmed"), headers)
    assert result["workflowInvocationId"] == accepted["workflowInvocationId"]
    assert (result["requestId"], result["executionStatus"]) == ("curl-1", "COMPLETED")
    assert result["outcome"] == "delivered"
    codes = {name: channel["statusCode"] for name, channel in result["result"].items()}
    assert codes == {"channel1": "TIMEOUT", "channel2": "DELIVERED"}
    assert result["result"]["channel1"]["timeout"] == "PT60S"
    assert (status, shown) == (200, result)
