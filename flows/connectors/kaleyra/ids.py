"""Kaleyra's ids of messages and ours: how they are told and trimmed."""

import re
from uuid import UUID

_PLACE = re.compile(r":\d+\Z")


def bare(message_id: str) -> str:
    """The id without its place among the recipients (":1", on WhatsApp ":0")."""
    return _PLACE.sub("", message_id.strip())


def our_id(text: str) -> str:
    """Our id in what came back to us, empty when it is none.

    Who builds an address by hand may put a second "?" behind it.
    """
    try:
        return str(UUID(text.partition("?")[0]))
    except ValueError:
        return ""
