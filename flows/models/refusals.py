"""Why a verb was refused, in a sentence for people; nothing was changed then."""

from flows.definition import Problem

from .flow import Flow
from .people import User


class Refused(Exception):
    """Nothing was changed, because of `sentence`."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class LifecycleError(Refused):
    """The flow was not changed."""


class TitleTaken(LifecycleError):
    """Another flow of the account has this title."""

    def __init__(self, title: str) -> None:
        super().__init__(f"Another flow is called “{title}” already. Choose another title.")


class ChangedMeanwhile(LifecycleError):
    """The flow was changed since it was read; `current` is the flow as it is now."""

    def __init__(self, current: Flow, *, by: User) -> None:
        who = current.updated_by or "Somebody"
        if who == by:
            super().__init__("You changed this flow in another window meanwhile.")
        else:
            super().__init__(f"{who} changed this flow meanwhile.")
        self.current = current


class TextsChanged(LifecycleError):
    """What would be published is not what the person has looked at."""

    def __init__(self) -> None:
        super().__init__("A template or sender of this flow changed meanwhile.")


class NotReady(LifecycleError):
    """The flow breaks rules that a published flow must keep; `problems` has all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("The flow is not ready to be published.")
        self.problems = problems
