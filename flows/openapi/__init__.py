"""The Invocation API described once: the OpenAPI document and the reference page read it from here.

Pure: no Django and no database; what stands here is checked against the running API by tests.
"""

from .document import document
from .snippets import Snippet, call_snippets

__all__ = ["Snippet", "call_snippets", "document"]
