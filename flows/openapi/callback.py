"""The result callback as a receiver sees it: its headers, and code that checks the signature."""

HEADERS = (
    ("webhook-id", "The id of this delivery. It stays the same when it is tried again."),
    ("webhook-timestamp", "When it was signed, in seconds since 1970. Refuse what is too old."),
    ("webhook-signature", "One or more signatures, each “v1,” and HMAC-SHA256 in base64."),
)

VERIFY_PYTHON = '''\
import os

from standardwebhooks import Webhook, WebhookVerificationError


def result_of(body: bytes, headers: dict[str, str]) -> dict:
    """The result, if it really comes from your account; else WebhookVerificationError."""
    return Webhook(os.environ["FALLBACK_CALLBACK_SECRET"]).verify(body, headers)
'''

VERIFY_JAVASCRIPT = """\
import { Webhook } from "standardwebhooks";

export function resultOf(body, headers) {
  // Throws unless the result really comes from your account. `body` is the raw text.
  return new Webhook(process.env.FALLBACK_CALLBACK_SECRET).verify(body, headers);
}
"""

VERIFY_BY_HAND = """\
import base64, hashlib, hmac, os

key = base64.b64decode(os.environ["FALLBACK_CALLBACK_SECRET"].removeprefix("whsec_"))
signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
is_ours = any(
    hmac.compare_digest(expected, given) for given in headers["webhook-signature"].split()
)
"""

VERIFY_SHELL = """\
# The body exactly as it came is in body.json; $id, $timestamp and $signature are the headers.
key=$(printf %s "${FALLBACK_CALLBACK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
expected=v1,$({ printf '%s.%s.' "$id" "$timestamp"; cat body.json; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
case " $signature " in
  *" $expected "*) echo "It is ours" ;;
  *) echo "It is not ours" ;;
esac
"""

VERIFICATIONS = (
    ("Python", VERIFY_PYTHON),
    ("JavaScript", VERIFY_JAVASCRIPT),
    ("By hand", VERIFY_BY_HAND),
    ("Shell", VERIFY_SHELL),
)
