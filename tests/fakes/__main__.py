"""A fake carrier for a developer: `python -m tests.fakes kaleyra --port 9100 --webhook URL`.

Give a connection the base URL that it prints, and the configuration. Everything that is sent there
is printed. `--play 919876540003=refuse:131026` (or silent, fail:CODE, late:SECONDS, hang:SECONDS,
drop, too-many:TIMES, broken:STATUS, twice, out-of-order, before-answer) scripts a recipient.
"""

import argparse
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module

from tests.fakes import acts
from tests.fakes.server import FakeCarrier

FAKES = {"kaleyra": "FakeKaleyra", "whatsapp_cloud": "FakeWhatsAppCloud", "twilio": "FakeTwilio"}
ACTS: Mapping[str, Callable[[str], acts.Act]] = {
    "deliver": lambda value: acts.Deliver(float(value or 0), read=True),
    "refuse": acts.Refuse,
    "fail": acts.FailLater,
    "silent": lambda _: acts.Silent(),
    "late": lambda value: acts.Late(float(value)),
    "hang": lambda value: acts.Hang(float(value)),
    "drop": lambda _: acts.Drop(),
    "too-many": lambda value: acts.TooMany(int(value or 1)),
    "broken": lambda value: acts.Broken(int(value or 500)),
    "twice": lambda _: acts.Twice(),
    "out-of-order": lambda _: acts.OutOfOrder(),
    "before-answer": lambda _: acts.BeforeAnswer(),
}


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes", description=__doc__)
    parser.add_argument("carrier", choices=FAKES)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--webhook", default="", help="the receipt URL of the connection")
    parser.add_argument("--play", action="append", default=[], metavar="NUMBER=ACT[:VALUE]")
    chosen = parser.parse_args()
    fake_class = getattr(import_module(f"tests.fakes.{chosen.carrier}"), FAKES[chosen.carrier])
    with fake_class(port=chosen.port, webhook_url=chosen.webhook) as fake:
        for line in chosen.play:
            number, _, act = line.partition("=")
            name, _, value = act.partition(":")
            fake.play(number, ACTS[name](value))
        fake.tell = say
        try:
            introduce(fake)
            threading.Event().wait()
        except KeyboardInterrupt:
            say("Stopped.")


def introduce(fake: FakeCarrier) -> None:
    say(f"Base URL: {fake.url}")
    for name, value in fake.config.items():
        say(f"{name}: {value}")
    say("Ctrl+C stops it.")


if __name__ == "__main__":
    main()
