"""What became of a send as far as HTTP alone can tell, the same for every carrier.

A carrier that says more in its body is asked first: its codes come before the status.
"""

import json
import re
from collections.abc import Mapping

from .base import (
    Answer,
    AnswerLost,
    Crowded,
    ErrorClass,
    Http,
    Json,
    NotReached,
    NotTaken,
    Refused,
    SendResult,
    Unknown,
)
from .errors import COMMON_CODES
from .storable import storable

# With the wait for a place (http.PLACE_WAIT_S) less than the engine gives it: half of its lease,
# by default 30 s.
SEND_TIMEOUT_S = 20.0
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
CREDENTIALS = "credentials"  # the code of a carrier without one of its own for a wrong key


async def posted(
    http: Http, url: str, *, body: bytes, headers: Mapping[str, str]
) -> Answer | NotTaken | Unknown:
    """The carrier's answer to a message, or what it means that there is none."""
    try:
        return await http.post(url, body=body, headers=headers, timeout_s=SEND_TIMEOUT_S)
    except Crowded as fault:  # says nothing of the carrier
        return NotTaken("", ErrorClass.THROTTLED, str(fault))
    except NotReached as fault:
        return NotTaken("", ErrorClass.CARRIER_DOWN, f"the carrier was not reached: {fault}")
    except AnswerLost as fault:
        return Unknown(str(fault))


def by_status(answer: Answer, *, raw: Json = None) -> SendResult:
    """What an answer means that says nothing we can read, by its status alone.

    Only what certainly was not taken is said to be so: after any other fault the message may be on
    its way, and is never sent again.
    """
    status = answer.status
    raw = {"status": status} if raw is None else raw
    if status in (429, 503):
        known = COMMON_CODES[str(status)]
        pause_s = retry_after_s(answer)
        return NotTaken(str(status), known.error_class, known.sentence, pause_s, raw)
    if status in (401, 403):
        known = COMMON_CODES[CREDENTIALS]
        return Refused(CREDENTIALS, known.error_class, known.sentence, raw)
    if 400 <= status < 500:
        reason = f"the carrier refused it with the HTTP status {status} and gave no reason"
        return Refused(str(status), ErrorClass.UNKNOWN, reason, raw)
    if 200 <= status < 300:
        return Unknown("the carrier's answer could not be read")
    return Unknown(f"the carrier answered with the HTTP status {status}")


def retry_after_s(answer: Answer) -> float | None:
    """The pause that the carrier asks for, when it gives it in seconds; we know no clock."""
    text = next((v for k, v in answer.headers.items() if k.lower() == "retry-after"), "").strip()
    return float(text) if _SECONDS.fullmatch(text) else None


def read_json(answer: Answer) -> Json:
    """The body as JSON that can be kept, None when it is none."""
    try:
        return storable(json.loads(answer.body))
    except (ValueError, RecursionError):
        return None
