"""What a person reads in an answer."""

import re
from html import unescape
from typing import Any


def words(answer: Any) -> str:
    """The page without its tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def unescaped(answer: Any) -> str:
    """The page as it is, with “ and ’ for what stands for them."""
    return unescape(answer.content.decode())
