"""What the codes of Meta's WhatsApp Cloud API mean, in our words, and which of them may be tried
again. A table and nothing else; the meanings are those of Meta's page "Error codes".
"""

from collections.abc import Mapping

from flows.connectors.base import Code, Codes, ErrorClass
from flows.connectors.outcomes import CREDENTIALS

# A refusal of our own, before Meta is asked.
NO_SENDER_ID = "sender-id"

_RENEW = "Make a new access token in Meta's Business Settings and enter it at the connection."
_PERMISSIONS = (
    "Give the token's system user the WhatsApp Business Account and the permissions "
    "whatsapp_business_messaging and whatsapp_business_management."
)
_STATUS_PAGE = "Look at Meta's status page; the next step takes over meanwhile."
_ACCOUNT = "Open WhatsApp Manager: it says why the account is restricted and how to appeal."
_REGISTER = "Register the sender's number with the Cloud API again in WhatsApp Manager."
_SLOWLY = "Send more slowly, or ask Meta for a higher limit."
_VARIABLES = "Compare the template's variables with those of the template at Meta."
_MEDIA = "Check that everybody can open the media URL, and that the file's kind and size fit."
_QUALITY = "Improve the template at Meta or choose another one for the step."

CODES: Codes = {
    # Credentials and permissions
    CREDENTIALS: Code(ErrorClass.BLOCKED, "Meta does not accept the credentials", _RENEW),
    "0": Code(ErrorClass.BLOCKED, "Meta could not verify the access token", _RENEW),
    "3": Code(ErrorClass.BLOCKED, "the access token lacks a permission", _PERMISSIONS),
    "10": Code(
        ErrorClass.BLOCKED, "a permission of the app is missing or was taken away", _PERMISSIONS
    ),
    "190": Code(ErrorClass.BLOCKED, "the access token has expired or was withdrawn", _RENEW),
    # Meta documents 200 to 299 as one; the others are read as this one.
    "200": Code(
        ErrorClass.BLOCKED, "the app has no permission for this WhatsApp account", _PERMISSIONS
    ),
    "131005": Code(
        ErrorClass.BLOCKED, "access was denied because a permission is missing", _PERMISSIONS
    ),
    # The account
    "368": Code(ErrorClass.BLOCKED, "the account is restricted for breaking a policy", _ACCOUNT),
    "130497": Code(
        ErrorClass.OUTSIDE_POLICY,
        "the account may not write to people in this country",
        "Read in Meta's messaging policy which countries your line of business may write to.",
    ),
    "131031": Code(ErrorClass.BLOCKED, "the WhatsApp Business Account is locked", _ACCOUNT),
    "131042": Code(
        ErrorClass.BLOCKED,
        "Meta has no valid means of payment for the account",
        "Set up or renew the payment method in WhatsApp Manager.",
    ),
    "131057": Code(ErrorClass.CARRIER_DOWN, "the account is in maintenance", _STATUS_PAGE),
    # Limits
    "4": Code(ErrorClass.THROTTLED, "the app has made too many calls to Meta", _SLOWLY),
    "80007": Code(ErrorClass.THROTTLED, "the account has reached its rate limit", _SLOWLY),
    "80008": Code(ErrorClass.THROTTLED, "there were too many calls for this account", _SLOWLY),
    "130429": Code(ErrorClass.THROTTLED, "the number sends faster than it may", _SLOWLY),
    "131048": Code(
        ErrorClass.THROTTLED,
        "too many earlier messages of this number were blocked or reported as spam",
        "Look at the number's quality in WhatsApp Manager and send only to people who expect it.",
    ),
    "131056": Code(
        ErrorClass.THROTTLED,
        "too many messages went from this sender to this number in a short time",
        "Leave a few seconds between two messages to the same person.",
    ),
    # The recipient
    "130472": Code(
        ErrorClass.OUTSIDE_POLICY,
        "Meta holds back marketing from this number for an experiment",
        "Nothing to do: the next step takes over.",
    ),
    "131021": Code(ErrorClass.BAD_NUMBER, "the sender and the recipient are the same number"),
    "131026": Code(
        ErrorClass.NOT_ON_CHANNEL, "the number is not on WhatsApp or cannot be reached there"
    ),
    "131030": Code(
        ErrorClass.OUTSIDE_POLICY,
        "the sender is a test number and this recipient is not on its list",
        "Add the recipient to the test number's list at Meta, or use a real sender.",
    ),
    "131043": Code(ErrorClass.NOT_ON_CHANNEL, "the message expired before it could be delivered"),
    "131047": Code(
        ErrorClass.OUTSIDE_POLICY,
        "more than 24 hours have passed since the person last wrote",
        "Only approved templates may be sent then: check the step's template.",
    ),
    "131049": Code(
        ErrorClass.OUTSIDE_POLICY,
        "Meta held it back to limit how much marketing this person gets",
        "Wait at least a day before the next marketing message to this person.",
    ),
    "131050": Code(
        ErrorClass.OPTED_OUT, "the person has opted out of your marketing messages on WhatsApp"
    ),
    # The sender's number
    NO_SENDER_ID: Code(
        ErrorClass.BLOCKED,
        "the sender has no phone number ID of WhatsApp",
        "Copy the phone number ID from WhatsApp Manager into the sender.",
    ),
    "33": Code(
        ErrorClass.BLOCKED,
        "the sender's number was deleted at Meta",
        "Check the sender's phone number ID, or choose another sender.",
    ),
    "131037": Code(
        ErrorClass.BLOCKED,
        "the sender's display name is not approved",
        "Ask Meta to approve the display name in WhatsApp Manager.",
    ),
    "131045": Code(ErrorClass.BLOCKED, "the sender's number is not registered properly", _REGISTER),
    "133000": Code(
        ErrorClass.BLOCKED, "an earlier removal of the sender's number did not finish", _REGISTER
    ),
    "133005": Code(
        ErrorClass.BLOCKED, "the PIN of the sender's number is not the right one", _REGISTER
    ),
    "133006": Code(ErrorClass.BLOCKED, "the sender's number must be verified again", _REGISTER),
    "133008": Code(
        ErrorClass.BLOCKED, "a wrong PIN was tried too often for the sender's number", _REGISTER
    ),
    "133009": Code(
        ErrorClass.BLOCKED, "the PIN of the sender's number was tried too quickly", _REGISTER
    ),
    "133010": Code(ErrorClass.BLOCKED, "the sender's number is not registered", _REGISTER),
    "133015": Code(
        ErrorClass.BLOCKED,
        "the sender's number was deleted just now",
        "Wait five minutes, then register the number again.",
    ),
    "133016": Code(
        ErrorClass.BLOCKED,
        "the sender's number was registered or removed too often",
        "Wait until Meta allows it again, then register the number.",
    ),
    # The message
    "100": Code(
        ErrorClass.TEMPLATE_PROBLEM,
        "Meta does not accept a value of the message",
        "Check the sender's phone number ID, and that no value has line breaks or many spaces.",
    ),
    "131008": Code(
        ErrorClass.TEMPLATE_PROBLEM, "a value that Meta requires is missing", _VARIABLES
    ),
    "131009": Code(ErrorClass.TEMPLATE_PROBLEM, "a value of the message is not valid", _VARIABLES),
    "131051": Code(ErrorClass.TEMPLATE_PROBLEM, "Meta does not support this kind of message"),
    "131052": Code(ErrorClass.TEMPLATE_PROBLEM, "Meta could not download the media", _MEDIA),
    "131053": Code(ErrorClass.TEMPLATE_PROBLEM, "Meta could not use the media file", _MEDIA),
    "131055": Code(
        ErrorClass.OUTSIDE_POLICY, "the number may send marketing templates only in this way"
    ),
    # The template
    "132000": Code(
        ErrorClass.TEMPLATE_PROBLEM, "the number of values does not fit the template", _VARIABLES
    ),
    "132001": Code(
        ErrorClass.TEMPLATE_PROBLEM,
        "the template does not exist at Meta in this language, or is not approved",
        "Compare name and language with the connection's list of templates.",
    ),
    "132005": Code(
        ErrorClass.TEMPLATE_PROBLEM,
        "the text is too long once its values are filled in",
        "Send shorter values or shorten the template.",
    ),
    "132007": Code(
        ErrorClass.CONTENT_REJECTED,
        "the content breaks a WhatsApp policy",
        "Read why the template was rejected in WhatsApp Manager.",
    ),
    "132012": Code(
        ErrorClass.TEMPLATE_PROBLEM,
        "a value has not the form that the template asks for",
        _VARIABLES,
    ),
    "132015": Code(
        ErrorClass.TEMPLATE_PROBLEM, "Meta has paused the template for its low quality", _QUALITY
    ),
    "132016": Code(
        ErrorClass.TEMPLATE_PROBLEM, "Meta has disabled the template for its low quality", _QUALITY
    ),
    "132068": Code(ErrorClass.TEMPLATE_PROBLEM, "the form in the template is blocked", _QUALITY),
    "132069": Code(
        ErrorClass.THROTTLED,
        "the form in the template is throttled: 10 messages an hour are allowed",
        _QUALITY,
    ),
    "134101": Code(
        ErrorClass.TEMPLATE_PROBLEM,
        "Meta is still preparing the template",
        "Wait about ten minutes after the template was made.",
    ),
    "134102": Code(ErrorClass.TEMPLATE_PROBLEM, "the template cannot be used at Meta", _QUALITY),
    # Meta itself
    "1": Code(
        ErrorClass.UNKNOWN,
        "Meta did not understand the request or has a fault",
        "Look at Meta's status page; if all is well there, tell who runs this installation.",
    ),
    "2": Code(ErrorClass.CARRIER_DOWN, "Meta is overloaded or out of order", _STATUS_PAGE),
    "131000": Code(
        ErrorClass.UNKNOWN,
        "Meta could not send it and does not know why",
        "If it happens often, open a ticket with Meta and name the trace ID of the answer.",
    ),
    "131016": Code(ErrorClass.CARRIER_DOWN, "a part of Meta is out of order", _STATUS_PAGE),
    "133004": Code(ErrorClass.CARRIER_DOWN, "a server of Meta is out of order", _STATUS_PAGE),
    "135000": Code(
        ErrorClass.UNKNOWN,
        "Meta could not send it because of something in the request",
        "Compare the template with the one at Meta; then open a ticket with Meta.",
    ),
}

CREDENTIAL_CODES = frozenset({CREDENTIALS, "0", "3", "10", "190", "200", "131005"})

# Certainly not taken, and likely to be taken a little later; with the pause in seconds, if Meta
# names one. Everything else is refused for good, so that the next step follows at once:
#  - 131056, the pair rate, is one message to the same person every six seconds: a pause of six
#    seconds is enough, and far shorter than a step's wait.
#  - 131049, marketing held back, lasts a day or more, and Meta counts a quick repetition against
#    the sender; 130472 lasts as long as its experiment; 131048 until the quality is better.
#  - 131000 says that it failed but nothing of when it would not: trying again would be hope.
AGAIN: Mapping[str, float | None] = {
    "4": None,
    "80007": None,
    "80008": None,
    "130429": None,
    "131016": None,
    "131056": 6.0,
    "131057": None,
    "133004": None,
}
# The Graph API's own "something went wrong": except with the HTTP status that Meta documents for
# it, nobody knows whether the message was taken before things went wrong.
VAGUE: Mapping[str, int] = {"1": 400, "2": 503}
