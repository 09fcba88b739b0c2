"""What Twilio's error codes for SMS mean, in our words; https://www.twilio.com/docs/api/errors.

Codes of calls, of buying numbers, of media and of other channels are left out: no SMS that we send
can be answered with them.
"""

from flows.connectors.errors import Code, Codes, ErrorClass

_NOT_ON_CHANNEL = ErrorClass.NOT_ON_CHANNEL
_BAD_NUMBER = ErrorClass.BAD_NUMBER
_OPTED_OUT = ErrorClass.OPTED_OUT
_BLOCKED = ErrorClass.BLOCKED
_TEMPLATE = ErrorClass.TEMPLATE_PROBLEM
_POLICY = ErrorClass.OUTSIDE_POLICY
_THROTTLED = ErrorClass.THROTTLED
_DOWN = ErrorClass.CARRIER_DOWN
_CONTENT = ErrorClass.CONTENT_REJECTED
_UNKNOWN = ErrorClass.UNKNOWN

_NEW_TOKEN = "Copy the Account SID and the auth token anew from the Twilio Console."  # noqa: S105
_ACTIVATE = "Look at the account's balance and messages in the Twilio Console."
_SENDER = "Choose a sender that belongs to this Twilio account and can send SMS."
_SENDER_THERE = "Use a sender that Twilio allows for this country."
_SERVICE = "Correct the Messaging Service SID of the connection."
_POOL = "Add a sender to the Messaging Service that can reach this country."
_TRIAL = "Upgrade the Twilio account: a trial account has limits."
_REGISTER = "Register the sender for this country in the Twilio Console."
_A2P = "Finish the A2P 10DLC registration of the number in the Twilio Console."
_NEXT = "Nothing to do: the next step takes over."
_RECEIPTS = "Ask your operator to set an address for receipts that Twilio can reach."

CODES: Codes = {
    # The account and its credentials
    "10001": Code(_BLOCKED, "the Twilio account is not active", _ACTIVATE),
    "20003": Code(_BLOCKED, "Twilio does not accept the credentials", _NEW_TOKEN),
    "20005": Code(_BLOCKED, "the Twilio account is not active", _ACTIVATE),
    "20006": Code(_BLOCKED, "Twilio does not let these credentials do this", _NEW_TOKEN),
    "20008": Code(
        _BLOCKED, "these are test credentials, which send nothing",
        "Use the live credentials of the Twilio account.",
    ),
    "20010": Code(_BLOCKED, "Twilio has switched this off for the account", _ACTIVATE),
    "20403": Code(_BLOCKED, "the Twilio account is suspended or closed", _ACTIVATE),
    "20404": Code(
        _BLOCKED, "Twilio does not know this account",
        "Correct the Account SID of the connection.",
    ),
    "70051": Code(
        _BLOCKED, "the API key may not send messages",
        "Give the API key the right to send, or make a standard key.",
    ),
    # Twilio itself
    "20429": Code(_THROTTLED, "Twilio asks to send more slowly"),
    "20500": Code(_DOWN, "Twilio had a fault of its own"),
    "20503": Code(_DOWN, "Twilio is out of order"),
    "20504": Code(_DOWN, "Twilio had a fault of its own"),
    "21730": Code(_DOWN, "Twilio is being maintained"),
    # The recipient
    "21211": Code(_BAD_NUMBER, "the number is not valid"),
    "21214": Code(_BAD_NUMBER, "the number cannot be reached"),
    "21217": Code(_BAD_NUMBER, "the number does not look valid"),
    "21219": Code(_POLICY, "the number is not verified, and this is a trial account", _TRIAL),
    "21265": Code(_BAD_NUMBER, "the number is a short code, which cannot receive SMS from here"),
    "21266": Code(
        _BAD_NUMBER, "the recipient is the sender's own number",
        "Send to another number than the sender's.",
    ),
    "21268": Code(_BAD_NUMBER, "the number is a premium or information service"),
    "21401": Code(_BAD_NUMBER, "the number is not valid"),
    "21407": Code(_NOT_ON_CHANNEL, "numbers of this kind cannot receive SMS"),
    "21408": Code(
        _POLICY, "SMS to this country is not switched on in the Twilio account",
        "Switch the country on under Messaging, Geo permissions in the Twilio Console.",
    ),
    "21604": Code(_BAD_NUMBER, "no recipient was given"),
    "21608": Code(_POLICY, "the number is not verified, and this is a trial account", _TRIAL),
    "21610": Code(_OPTED_OUT, "the person has replied STOP to this sender"),
    "21614": Code(_NOT_ON_CHANNEL, "the number is not a mobile number"),
    "21635": Code(_NOT_ON_CHANNEL, "the number is a landline"),
    # The sender
    "21212": Code(_BLOCKED, "the sender is not a valid number", _SENDER),
    "21267": Code(_BLOCKED, "a trial account cannot send with a name as sender", _TRIAL),
    "21601": Code(_BLOCKED, "the sender is no number of this account that can send SMS", _SENDER),
    "21603": Code(_BLOCKED, "no sender was given", _SENDER),
    "21606": Code(_BLOCKED, "the sender cannot send SMS from this account", _SENDER),
    "21607": Code(_BLOCKED, "a trial account can only send with its trial number", _TRIAL),
    "21611": Code(
        _THROTTLED, "too many messages of this sender are waiting at Twilio",
        "Send more slowly, or use a Messaging Service with more senders.",
    ),
    "21612": Code(
        _BLOCKED, "Twilio cannot send from this sender to this number", _SENDER_THERE
    ),
    "21616": Code(_BLOCKED, "the sender fits several numbers of the account", _SENDER),
    "21657": Code(_BLOCKED, "the sender is not a valid Sender ID", _SENDER),
    "21659": Code(
        _BLOCKED, "the sender is no Twilio number, or its short code is of another country", _SENDER
    ),
    "21660": Code(_BLOCKED, "the sender belongs to another Twilio account", _SENDER),
    "21661": Code(_BLOCKED, "the sender cannot send SMS", _SENDER),
    # The Messaging Service
    "21701": Code(_BLOCKED, "the Messaging Service does not exist", _SERVICE),
    "21702": Code(_BLOCKED, "the Messaging Service cannot send new messages", _SERVICE),
    "21703": Code(_BLOCKED, "no sender of the Messaging Service can reach this number", _POOL),
    "21704": Code(_BLOCKED, "the Messaging Service has no sender", _POOL),
    "21705": Code(_BLOCKED, "the Messaging Service is not valid", _SERVICE),
    "21709": Code(
        _BLOCKED, "the Messaging Service may not use this name as sender", _POOL
    ),
    "21711": Code(_BLOCKED, "the sender does not belong to the Messaging Service", _POOL),
    # The text and the request
    "21602": Code(_TEMPLATE, "the message has no text"),
    "21605": Code(_TEMPLATE, "the text is longer than 160 characters"),
    "21609": Code(_UNKNOWN, "Twilio cannot use the address for receipts", _RECEIPTS),
    "21617": Code(
        _TEMPLATE, "the text is longer than 1,600 characters",
        "Shorten the template or the values that it is filled with.",
    ),
    "21618": Code(_CONTENT, "Twilio cannot send this text"),
    "21619": Code(_TEMPLATE, "the message has no text"),
    "21624": Code(_UNKNOWN, "Twilio does not accept the time limit of the message"),
    "21658": Code(
        _TEMPLATE, "the text or another value is too long",
        "Shorten the template or the values that it is filled with.",
    ),
    "90007": Code(_UNKNOWN, "Twilio does not accept the time limit of the message"),
    # What status callbacks say
    "30001": Code(_THROTTLED, "too many messages were waiting at Twilio"),
    "30002": Code(_BLOCKED, "the Twilio account was suspended before the SMS was sent", _ACTIVATE),
    "30003": Code(_NOT_ON_CHANNEL, "the phone is switched off or out of reach", _NEXT),
    "30004": Code(
        _BLOCKED, "the operator or the recipient blocks the message",
        "Do not send to this number again before the person asks for it.",
    ),
    "30005": Code(_BAD_NUMBER, "the number is unknown or no longer in use"),
    "30006": Code(_NOT_ON_CHANNEL, "the number is a landline, or its operator takes no SMS"),
    "30007": Code(
        _CONTENT, "Twilio or the operator filtered the message as unwanted",
        "Check links, wording and consent, and do not send the same text again unchanged.",
    ),
    "30008": Code(
        _UNKNOWN, "the operator gave no reason",
        "If it happens often, send Twilio three examples of it.",
    ),
    "30009": Code(_UNKNOWN, "a part of the message was lost"),
    "30010": Code(
        _POLICY, "the message costs more than the limit set at Twilio",
        "Raise the price limit of the Messaging Service.",
    ),
    "30011": Code(_NOT_ON_CHANNEL, "the number cannot receive messages with media"),
    "30012": Code(_UNKNOWN, "the time limit of the message was too short"),
    "30013": Code(_UNKNOWN, "the time limit of the message was too long"),
    "30014": Code(_BAD_NUMBER, "the number is not valid"),
    "30017": Code(_THROTTLED, "the operator's network is congested", _NEXT),
    "30018": Code(_BLOCKED, "the operator wants the sender registered beforehand", _REGISTER),
    "30019": Code(
        _TEMPLATE, "the message is longer than the operator allows",
        "Shorten the template or the values that it is filled with.",
    ),
    "30022": Code(_THROTTLED, "US operators allow this campaign no more messages at once"),
    "30023": Code(
        _THROTTLED, "the brand has used up its messages of the day at a US operator",
        "Send the rest tomorrow, or ask Twilio for a higher daily limit.",
    ),
    "30024": Code(_BLOCKED, "the operator does not know the sender yet", _REGISTER),
    "30027": Code(
        _THROTTLED, "the brand has used up its messages of the day at T-Mobile",
        "Send the rest tomorrow, or ask Twilio for a higher daily limit.",
    ),
    "30032": Code(
        _BLOCKED, "the toll-free sender is not verified",
        "Finish the toll-free verification in the Twilio Console.",
    ),
    "30033": Code(
        _BLOCKED, "the A2P 10DLC campaign of the sender is suspended",
        "Ask Twilio why the campaign is suspended.",
    ),
    "30034": Code(_BLOCKED, "the sender is not registered for A2P 10DLC in the USA", _A2P),
    "30035": Code(
        _BLOCKED, "the sender is still being set up for A2P 10DLC in the USA",
        "Wait a day, and leave the number in its campaign.",
    ),
    "30036": Code(
        _THROTTLED, "the wait was over before Twilio could send it",
        "Give the step more time, or use more senders.",
    ),
    "30037": Code(
        _BLOCKED, "the Twilio account may not send messages",
        "Ask Twilio to switch outbound messaging on.",
    ),
    "30038": Code(
        _CONTENT, "the message was filtered as a one-time password",
        "Ask Twilio how codes may be sent to this country.",
    ),
    "30040": Code(_BLOCKED, "the operator wants the sender registered beforehand", _REGISTER),
    "30041": Code(_BLOCKED, "the sender is not registered in the recipient's country", _REGISTER),
    "30042": Code(
        _BLOCKED, "the name of the sender is too general or not this account's own", _SENDER_THERE
    ),
    "30043": Code(
        _BLOCKED, "an SMS from abroad went over a domestic route", _SENDER_THERE
    ),
    "30044": Code(_POLICY, "the text is too long for a trial account", _TRIAL),
    "30045": Code(_UNKNOWN, "Twilio does not accept the time limit of the message"),
    "30046": Code(_UNKNOWN, "the phone never confirmed the message", _NEXT),
    "30410": Code(
        _DOWN, "an operator behind Twilio did not answer in time",
        "Look at Twilio's status page; the next step takes over meanwhile.",
    ),
    "30450": Code(
        _BLOCKED, "Twilio holds messages to these numbers back as suspected fraud",
        "Find out what sends so many messages there; the block ends by itself.",
    ),
    "30453": Code(
        _BLOCKED, "Twilio holds messages to this number back for some hours as suspected fraud",
        "Put numbers that you know on Twilio's safe list.",
    ),
    "30454": Code(_THROTTLED, "the account has used up its messages", _TRIAL),
}  # fmt: skip

# The account or its key is at fault, not this message: nothing will go until somebody acts.
CREDENTIAL_CODES = frozenset(
    {"10001", "20003", "20005", "20006", "20008", "20010", "20403", "20404", "30037", "70051"}
)

# Twilio says with these that it made no message, so the same one may be tried again.
NOT_TAKEN = frozenset({"20429", "20503", "21611", "21730"})
