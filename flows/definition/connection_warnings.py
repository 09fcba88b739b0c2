"""What the state of a connection means for the steps that send with it, one sentence each; pure.

Warnings keep nobody from publishing: they are about this moment, not about the flow.
"""

from collections.abc import Sequence

from flows.definition.values import Catalog, ConnectionFacts, PinnedStep, Step
from flows.durations import in_words


def connection_warnings(steps: Sequence[Step | PinnedStep], catalog: Catalog) -> list[str]:
    """Everything that people should know before messages go out by these steps."""
    last = len(steps) - 1
    return [
        f"Step {index + 1}: {sentence}"
        for index, step in enumerate(steps)
        if (facts := catalog.connection_of(step.sender))
        for sentence in _of_step(step, facts, is_last=index == last)
    ]


def _of_step(step: Step | PinnedStep, facts: ConnectionFacts, *, is_last: bool) -> list[str]:
    found = []
    if facts.outage:
        found.append(f"{facts.outage}. It is skipped until the carrier answers again.")
    if step.counts_as == "accepted":  # needs no receipt
        return found
    then = "the flow ends as not delivered" if is_last else "the next step follows"
    even = f"so {then} even when a message was delivered"
    if facts.receipts == "none":
        found.append(f"receipts of {facts.name} do not arrive, {even}.")
    elif facts.receipts == "few":
        found.append(f"receipts of {facts.name} arrive for less than half of its messages, {even}.")
    elif facts.slow_s and step.wait_s and facts.slow_s > step.wait_s:
        found.append(
            f"it waits {in_words(step.wait_s)}, but 5 of 100 receipts of {facts.name} take longer "
            f"than {in_words(facts.slow_s)}, {even}. Let it wait longer."
        )
    return found
