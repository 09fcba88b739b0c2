"""What several threads want done at the same moment is done once for all of them, for example one
commit. Threads only: no timer, no thread of its own, and no idea of what is done.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


class Gather(Generic[Wish, Answer]):
    """Give it a wish; it comes back with the answer once that wish is done.

    Whoever comes first leads: it does its own wish with all that wait, at most `most`, and then
    hands the lead to the first of those that came meanwhile. So nobody waits for more to come,
    and nobody works for others longer than one turn.

    `act` gets wishes and returns their answers in the same order, in the thread that leads. Where
    it fails, each of its wishes is done alone, by the thread that has it: one that breaks the
    others harms nobody but itself, and each thread meets its own fault. So `act` must bear being
    repeated.
    """

    def __init__(self, act: Callable[[Sequence[Wish]], Sequence[Answer]], *, most: int) -> None:
        self._act, self._most = act, most
        self._lock = threading.Lock()
        self._waiting: deque[_Place[Wish, Answer]] = deque()
        self._has_leader = False

    def __call__(self, wish: Wish) -> Answer:
        """Raises what `act` raises for this wish alone."""
        place: _Place[Wish, Answer] = _Place(wish)
        with self._lock:
            self._waiting.append(place)
            place.leads, self._has_leader = not self._has_leader, True
        if not place.leads:
            self._wait(place)
        if place.leads:
            self._lead()
        if not place.answers:
            place.answers.extend(self._act([wish]))
        (answer,) = place.answers
        return answer

    def _wait(self, place: "_Place[Wish, Answer]") -> None:
        try:
            place.called.wait()
        except BaseException:  # Ctrl-C: whoever is gone must not be waited for
            with self._lock:
                if place in self._waiting:
                    self._waiting.remove(place)
                    if place.leads:
                        self._hand_on()
            raise

    def _lead(self) -> None:
        """One turn. However it ends, all who were in it go on, and so does the lead."""
        with self._lock:
            turn = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            self._do(turn)
        finally:
            with self._lock:
                self._hand_on()
            for place in turn:
                place.called.set()

    def _do(self, turn: "Sequence[_Place[Wish, Answer]]") -> None:
        try:
            done = list(zip(turn, self._act([place.wish for place in turn]), strict=True))
        except Exception:
            if len(turn) == 1:
                raise
            return  # whose fault it is shows when each does its own alone
        for place, answer in done:
            place.answers.append(answer)

    def _hand_on(self) -> None:
        self._has_leader = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].called.set()


@dataclass(eq=False)
class _Place(Generic[Wish, Answer]):
    """One thread's wish in the row; `answers` stays empty when it must be done alone."""

    wish: Wish
    leads: bool = False
    answers: list[Answer] = field(default_factory=list)
    called: threading.Event = field(default_factory=threading.Event)
