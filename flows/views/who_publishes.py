"""What the pages of a flow say about its publication. Changes nothing."""

from typing import Any

from flows.access import Seat
from flows.models import Flow, publication, second_pair


def who_publishes(flow: Flow, seat: Seat) -> dict[str, Any]:
    """What pages say about publishing: may this person, else who; and is the request still apt."""
    needs_another = seat.is_admin and second_pair.needs_another(flow, by=seat.user)
    return {
        "can_publish": seat.is_admin and not needs_another,
        "another_publisher": second_pair.sentence(flow.account, by=seat.user)
        if needs_another
        else "",
        "changed_since_asked": publication.changed_since_asked(flow),
    }
