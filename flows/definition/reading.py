"""Read a definition from any JSON value; judges types only, never what a flow needs."""

from collections.abc import Mapping
from typing import cast, get_args

from flows.definition.rules import TOO_MANY_STEPS, WAIT_PROBLEM
from flows.definition.values import (
    MAX_STEPS,
    MAX_TEXT_CHARACTERS,
    CountsAs,
    Json,
    Problem,
    Step,
)
from flows.placeholders import Channel, find_unfit


class Reading:
    """One pass over a JSON value from outside; `problems` collects what is mistyped."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, json: object) -> tuple[str, str, tuple[Step, ...]]:
        """Title, callback profile and steps; defaults stand in for what is missing or refused."""
        if not isinstance(json, Mapping):
            self._refuse("steps", "The flow cannot be read.")
            return "", "", ()
        title = self._text(json, "title", prefix="").strip()
        profile = self._text(json, "callback_profile", prefix="")
        return title, profile, self._steps(json.get("steps", []))

    def _steps(self, json: object) -> tuple[Step, ...]:
        if not isinstance(json, list | tuple):
            self._refuse("steps", "The steps cannot be read.")
            return ()
        if len(json) > MAX_STEPS:
            self._refuse("steps", TOO_MANY_STEPS)
            return ()
        return tuple(self._step(f"steps.{index}.", step) for index, step in enumerate(json))

    def _step(self, prefix: str, json: object) -> Step:
        if not isinstance(json, Mapping):
            self._refuse(f"{prefix}channel", "Choose WhatsApp or SMS.")
            return Step(Channel.WHATSAPP)
        return Step(
            channel=self._channel(json, prefix),
            sender=self._text(json, "sender", prefix=prefix),
            template=self._text(json, "template", prefix=prefix),
            media_url=self._text(json, "media_url", prefix=prefix).strip(),
            wait_s=self._wait(json, prefix),
            counts_as=self._counts_as(json, prefix),
        )

    def _channel(self, json: Mapping[str, Json], prefix: str) -> Channel:
        value = json.get("channel")
        if isinstance(value, str) and value in list(Channel):
            return Channel(value)
        self._refuse(f"{prefix}channel", "Choose WhatsApp or SMS.")
        return Channel.WHATSAPP

    def _wait(self, json: Mapping[str, Json], prefix: str) -> int | None:
        value = json.get("wait_s")
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
            return value
        self._refuse(f"{prefix}wait_s", WAIT_PROBLEM)
        return None

    def _counts_as(self, json: Mapping[str, Json], prefix: str) -> CountsAs:
        value = json.get("counts_as", "delivered")
        if isinstance(value, str) and value in get_args(CountsAs):
            return cast(CountsAs, value)
        self._refuse(f"{prefix}counts_as", "Choose what counts as delivered.")
        return "delivered"

    def _text(self, json: Mapping[str, Json], name: str, *, prefix: str) -> str:
        value = json.get(name, "")
        if value is None:
            return ""
        if not isinstance(value, str):
            self._refuse(f"{prefix}{name}", "This must be text.")
        elif len(value) > MAX_TEXT_CHARACTERS:
            self._refuse(f"{prefix}{name}", f"Use at most {MAX_TEXT_CHARACTERS:,} characters.")
        elif find_unfit(value):
            self._refuse(f"{prefix}{name}", "Remove the control characters.")
        else:
            return value
        return ""

    def _refuse(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))
