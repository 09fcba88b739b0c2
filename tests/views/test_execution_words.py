"""What the timeline says of each Sandbox outcome, played by the real engine."""

from datetime import timedelta

import pytest

from flows import timeline
from flows.models import Execution, Flow, Receipt
from tests.engine import drive

DELIVERED = "Ended: Delivered by WhatsApp, step 1"
FELL_BACK = "Ended: Delivered by SMS, step 2"
WORDS = {
    "0001": ["WhatsApp delivered the message", DELIVERED],
    "0002": [DELIVERED, "WhatsApp says it was read"],
    "0003": ["WhatsApp failed", "the number is not on WhatsApp, moved on to SMS", FELL_BACK],
    "0004": ["WhatsApp could not deliver the message", "WhatsApp failed", FELL_BACK],
    "0005": ["WhatsApp gave no final receipt", "No receipt within 60 s, moved on", FELL_BACK],
    "0006": ["moved on to SMS", "Too late to change anything", FELL_BACK],
    "0007": ["Try 1: the WhatsApp carrier did not take it", "carrier accepted", DELIVERED],
    "0008": ["The answer of the WhatsApp carrier was lost", DELIVERED],
    "0009": ["WhatsApp says it was read", DELIVERED, "WhatsApp sent the message on"],
    "0010": ["Try 1: the WhatsApp carrier", "Try 2: the WhatsApp carrier", DELIVERED],
    "0011": ["the person has opted out", "Do not write to this person", "Ended: Not delivered"],
}


def told(execution: Execution) -> str:
    receipts = Receipt.objects.filter(attempt__execution=execution, due_at=None)
    lines = timeline.tell(execution, attempts=execution.attempts.all(), receipts=receipts)
    return "\n".join(f"{line.title} · {line.text} · {line.advice}" for line in lines)


@pytest.mark.parametrize("tail", WORDS)
def test_each_outcome_is_told_in_order(published_flow: Flow, tail: str) -> None:
    said = told(drive.run_flow(published_flow, tail, "0001"))
    places = [said.find(words) for words in WORDS[tail]]
    assert -1 not in places, said
    assert places == sorted(places), said
    assert ("SMS message handed" in said) == (FELL_BACK in said)


def test_a_page_that_asks_every_second_ends_with_all_lines_in_order(published_flow: Flow) -> None:
    """Whatever comes when: what was appended or redrawn is what a fresh page shows."""
    execution = drive.accept(published_flow, "0006", "0009")
    shown: list[str] = []
    token = ""
    for second in range(140):
        drive.play(execution, start=drive.START + timedelta(seconds=second), until_s=0)
        receipts = Receipt.objects.filter(attempt__execution=execution, due_at=None)
        lines = timeline.tell(execution, attempts=execution.attempts.all(), receipts=receipts)
        known = timeline.seen(lines, token) if token else None
        shown = [*(shown if known is not None else []), *(e.key for e in lines[known or 0 :])]
        token = timeline.token(lines, rest="")
        assert shown == [line.key for line in lines]
    assert len(shown) > 10
