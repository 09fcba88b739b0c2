"""How a child process notices that its parent is gone: its standard input, a pipe, ends."""

import os
import threading
from collections.abc import Callable

STANDARD_INPUT = 0


def when_parent_is_gone(act: Callable[[], object]) -> None:
    """Call `act` from a thread of its own, once, when standard input has ended."""
    threading.Thread(target=_wait, args=[act], daemon=True).start()


def _wait(act: Callable[[], object]) -> None:
    """Not through sys.stdin, whose lock a thread still waiting would hold at exit."""
    while os.read(STANDARD_INPUT, 1024):
        pass
    act()
