"""Why a verb of a flow's life was refused; nothing was changed then. Each has a sentence for people."""

from flows.definition import Problem

from .flow import Flow


class LifecycleError(Exception):
    """The flow was not changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class TitleTaken(LifecycleError):
    """Another flow of the account has this title."""

    def __init__(self, title: str) -> None:
        super().__init__(f"Another flow is called “{title}” already. Choose another title.")


class ChangedMeanwhile(LifecycleError):
    """Somebody else changed the flow since it was read; `current` is the flow as it is now."""

    def __init__(self, current: Flow) -> None:
        who = current.updated_by or "Somebody"
        super().__init__(f"{who} changed this flow meanwhile.")
        self.current = current


class NotReady(LifecycleError):
    """The flow breaks rules that a published flow must keep; `problems` has all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("The flow is not ready to be published.")
        self.problems = problems
