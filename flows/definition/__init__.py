"""What a flow means: its steps, what is wrong with them, and how two versions differ, in words.

Knows neither database nor page: the senders, templates and callback profiles that exist come in
as a Catalog.
"""

from flows.definition.differences import differences
from flows.definition.flow import Definition, PinnedDefinition
from flows.definition.values import (
    DEFAULT_WAIT_S,
    MAX_STEPS,
    MAX_TITLE_CHARACTERS,
    MAX_WAIT_S,
    MIN_STEPS,
    MIN_WAIT_S,
    Catalog,
    ConnectionFacts,
    CountsAs,
    DefinitionError,
    PinnedStep,
    Problem,
    SenderFacts,
    Step,
    TemplateFacts,
)
from flows.placeholders import Channel

__all__ = [
    "DEFAULT_WAIT_S",
    "MAX_STEPS",
    "MAX_TITLE_CHARACTERS",
    "MAX_WAIT_S",
    "MIN_STEPS",
    "MIN_WAIT_S",
    "Catalog",
    "Channel",
    "ConnectionFacts",
    "CountsAs",
    "Definition",
    "DefinitionError",
    "PinnedDefinition",
    "PinnedStep",
    "Problem",
    "SenderFacts",
    "Step",
    "TemplateFacts",
    "differences",
]
