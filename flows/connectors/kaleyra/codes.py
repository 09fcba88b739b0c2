"""What Kaleyra's codes mean: trace codes of SMS, codes of its gateway, families of them, and those
of Meta's that it hands on.

The sentences are our own. Sources: "SMS Status and Status Trace Codes", "WhatsApp Error Codes",
"Cloud API Error Codes" and the answers of the gateway itself.
"""

import re
from dataclasses import replace

from flows.connectors.base import Code, Codes, ErrorClass, explain
from flows.connectors.whatsapp_cloud.codes import CODES as META

BAD_NUMBER = ErrorClass.BAD_NUMBER
BLOCKED = ErrorClass.BLOCKED
NOT_ON_CHANNEL = ErrorClass.NOT_ON_CHANNEL
OPTED_OUT = ErrorClass.OPTED_OUT
OUTSIDE_POLICY = ErrorClass.OUTSIDE_POLICY
TEMPLATE_PROBLEM = ErrorClass.TEMPLATE_PROBLEM
CONTENT_REJECTED = ErrorClass.CONTENT_REJECTED
CARRIER_DOWN = ErrorClass.CARRIER_DOWN
UNKNOWN = ErrorClass.UNKNOWN

_RENEW = "Enter the SID and the API key anew, from Developers > API Keys at Kaleyra."
_TOP_UP = "Top up the balance at Kaleyra or ask there for a higher limit."
_SENDER = "Register the Sender ID at Kaleyra, in India also on the DLT platform."
_DLT = "Compare the text and its DLT template ID with what is registered on the DLT platform."
_CONSENT = "Send only what the person agreed to receive, and check the template's type."
_COUNTRY = "Ask Kaleyra to enable this country for the account."
_LATER = "Nothing to do: the phone cannot take messages at the moment."
# About people and templates; what is wrong between Kaleyra and Meta is not ours to mend.
_OF_META = (
    "80007", "130429", "130472", "130497", "131000", "131008", "131009", "131016", "131021",
    "131026", "131031", "131042", "131043", "131047", "131048", "131049", "131050", "131052",
    "131053", "132000", "132005", "132007", "132012", "132015", "132016",
)  # fmt: skip

CODES: Codes = {
    # --- The gateway ---
    "RBC001": Code(BLOCKED, "the carrier does not accept the SID or the API key", _RENEW),
    "RBC618": Code(
        BLOCKED,
        "the carrier does not know the address that was called",
        "Check the pod, the SID and the address for SMS on the connection.",
    ),
    "E110": Code(BLOCKED, "the balance of the account is used up", _TOP_UP),
    "E13001": Code(
        TEMPLATE_PROBLEM,
        "the carrier misses a field of the message or does not accept its value",
        "Compare the template's name, language and variables with those at Kaleyra.",
    ),
    # --- SMS, NOT-SENT: Kaleyra did not hand it to an operator ---
    "NOT-SENT": Code(UNKNOWN, "the carrier did not send it and gave no reason"),
    "NOT-ALLOWED": Code(BLOCKED, "the account may not send to this country", _COUNTRY),
    "BLOCKED-COUNTRY": Code(BLOCKED, "this country is blocked for the account", _COUNTRY),
    "KYC-NOT-APPROVED": Code(
        BLOCKED,
        "the documents of the account are not approved yet",
        "Finish the verification of the company (KYC) at Kaleyra.",
    ),
    "NO-CREDITS": Code(BLOCKED, "the balance of the account is used up", _TOP_UP),
    "SERIES-BLOCK": Code(BLOCKED, "the carrier blocks numbers of this range"),
    "KLR-INV-NUMBER": Code(BAD_NUMBER, "the number is not valid"),
    "INV-MOB-PATTRN": Code(BAD_NUMBER, "the number does not look like a mobile number"),
    "SPAM": Code(CONTENT_REJECTED, "the carrier takes the text for spam"),
    "BLACKLIST": Code(
        BLOCKED,
        "the number is on the account's blocklist",
        "Take the number off the blocklist at Kaleyra if it stands there by mistake.",
    ),
    "CON-DND": Code(OUTSIDE_POLICY, "the person does not want to be disturbed", _CONSENT),
    "DND-NUMB": Code(OUTSIDE_POLICY, "the number is in the do-not-disturb register", _CONSENT),
    "NOT-OPTIN": Code(OUTSIDE_POLICY, "the person has not opted in", _CONSENT),
    "OUTPUT-REJ": Code(OPTED_OUT, "the person has unsubscribed"),
    "OPT-OUT": Code(OPTED_OUT, "the person has opted out"),
    "TEMPLATE-NOT-FOUND": Code(TEMPLATE_PROBLEM, "the carrier does not know the template", _DLT),
    "INV-TEMPLATE-MATCH": Code(
        TEMPLATE_PROBLEM, "the text is not the one that was registered", _DLT
    ),
    "SENDER-ID-NOT-FOUND": Code(BLOCKED, "the carrier does not know the Sender ID", _SENDER),
    "REJECTED-MULTIPART": Code(
        CONTENT_REJECTED,
        "the text is longer than one SMS",
        "Shorten the text, or ask Kaleyra to allow long messages.",
    ),
    # --- SMS, UNDELIVERED: an operator or the phone did not take it ---
    "UNDELIVERED": Code(UNKNOWN, "the message was not delivered, and no reason was given"),
    "FAILED": Code(UNKNOWN, "the message failed on its way, and no closer reason was given"),
    "INV-NUMBER": Code(BAD_NUMBER, "the number is not valid"),
    "INVALID-SUB": Code(BAD_NUMBER, "the number does not exist"),
    "SNDRID-NOT-ALLOTED": Code(BLOCKED, "no Sender ID belongs to the account", _SENDER),
    "SERVER-ERR": Code(CARRIER_DOWN, "the carrier had a fault of its own"),
    "NET-ERR": Code(CARRIER_DOWN, "the operator's network did not pass it on"),
    "ABSENT-SUB": Code(NOT_ON_CHANNEL, "the phone cannot be reached", _LATER),
    "MOB-OFF": Code(NOT_ON_CHANNEL, "the phone is switched off", _LATER),
    "HANDSET-BUSY": Code(NOT_ON_CHANNEL, "the phone was busy", _LATER),
    "HANDSET-ERR": Code(NOT_ON_CHANNEL, "the phone could not take the message", _LATER),
    "MEM-EXEC": Code(NOT_ON_CHANNEL, "the phone's memory is full", _LATER),
    "EXPIRED": Code(NOT_ON_CHANNEL, "the phone could not be reached in time", _LATER),
    "BARRED": Code(BLOCKED, "the person's phone line takes no such messages"),
    "SERIES-BLK": Code(BLOCKED, "the operator blocks numbers of this range"),
    "REJECTED": Code(BLOCKED, "the operator has blocked the number"),
    # --- WhatsApp: Meta's own ---
    **{code: META[code] for code in _OF_META},
    "132001": replace(
        META["132001"], advice="Compare name and language with the template at Kaleyra."
    ),
}
CREDENTIAL_CODES = frozenset({"RBC001", "RBC618"})  # no message gets through with these settings

_VAGUE = frozenset({"NOT-SENT", "UNDELIVERED", "FAILED", "E13001"})  # words beside them say more
# What Kaleyra says in words only, as it spells it without spaces and hyphens.
_IN_WORDS = {"OPTEDOUT": "OPT-OUT", "OPTOUT": "OPT-OUT"}
_NUMBER = re.compile(r"\+?\d[\d\s-]{2,}\d")
_LONGEST_QUOTE = 120


def spelled(text: str) -> str:
    """A status or code without what differs from page to page: case, spaces, hyphens."""
    return "".join(character for character in text.upper() if character.isalnum())


_CODE_OF = {spelled(code): code for code in CODES}


def named(code: str, *, said: str = "") -> str:
    """The code as our table spells it; one that it does not hold as the carrier wrote it."""
    known = _CODE_OF.get(spelled(code), "")
    if known and known not in _VAGUE:
        return known
    words = spelled(f"{code} {said}")
    in_words = (meant for text, meant in _IN_WORDS.items() if text in words)
    return next(in_words, known or code.strip()[:60])


def explained(code: str, *, said: str = "") -> tuple[ErrorClass, str]:
    """The class and the reason of a code that `named` gave; codes of a family get the family's.

    What the carrier says is quoted without numbers: a recipient's would stand there for good.
    """
    said = quoted(said)
    if not code:
        return UNKNOWN, f"it says “{said}”" if said else "it gave no reason"
    if code not in CODES and re.fullmatch(r"E\d+", code):
        return TEMPLATE_PROBLEM, f"the carrier found a fault in the message: {said or code}"
    if code == "E13001" and said:
        return TEMPLATE_PROBLEM, f"{CODES[code].sentence}: {said}"
    return explain(CODES, code, said=said)


def quoted(said: str) -> str:
    """Words of the carrier for a sentence of ours."""
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return _NUMBER.sub("…", line)[:_LONGEST_QUOTE].strip().rstrip(".")
