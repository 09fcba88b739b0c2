"""`manage.py runengine`: the engine alone, until it is told to stop."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from flows.engine import callbacks, chores, loop, mail, run
from flows.management.parent import when_parent_is_gone


class Command(BaseCommand):
    """SIGTERM and SIGINT finish what is under way first; a killed engine loses nothing either."""

    help = "Runs the engine: sends messages, follows receipts and deadlines, posts callbacks."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is due now")
        parser.add_argument(
            "--with-parent",
            action="store_true",
            help="stop when standard input ends, as it does when the parent process is gone",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            while run.turn() + callbacks.turn() + mail.turn() + chores.turn():
                pass
        else:
            asyncio.run(_run(with_parent=options["with_parent"]))


async def _run(*, with_parent: bool) -> None:
    stop = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stop.set)
    if with_parent:
        when_parent_is_gone(lambda: running.call_soon_threadsafe(stop.set))
    await loop.run_until(stop)
