"""The test page's form: one group of fields a step, made from the live version's templates.

It knows what to send, not how; the call itself is flows.views.test_call.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from flows.connectors.sandbox import OUTCOMES
from flows.definition import PinnedStep
from flows.models import Account, TestRecipient, TestTarget
from flows.models.catalog import samples_of
from flows.placeholders import CODE_KEY, MAX_VALUE_CHARACTERS, Field, fields
from flows.recipients import RecipientError, mask, parse_typed

from .widgets import ChoiceCards

SIMULATED, REAL = "simulated", "real"
MODES = [(SIMULATED, "Simulated"), (REAL, "Real")]
HINTS = {
    SIMULATED: "Nothing leaves this installation. You choose what happens on each channel.",
    REAL: "Messages really go out. You are asked once more before they do.",
}
SPEEDS = [(1, "Real time"), (10, "10 times faster"), (60, "60 times faster")]
TAIL = 4  # digits of a recipient that choose the outcome in the Sandbox
SAMPLE_NUMBER = "919812345678"
NUMBER_LIKE = {"inputmode": "tel", "autocomplete": "off"}
HIDDEN = "•••"  # stands for a verification code in what is kept
WORKFLOW_ID = re.compile(r"[0-9A-Za-z-]{8,64}")


@dataclass(frozen=True)
class StepGroup:
    """The fields of one step, for the template."""

    number: int
    step: PinnedStep
    to: BoundField
    typed: BoundField
    outcome: BoundField | None
    params: Sequence[BoundField]
    has_people: bool


class TestSendForm(forms.Form):
    mode = forms.ChoiceField(
        choices=MODES,
        widget=ChoiceCards(hints=HINTS),
        initial=SIMULATED,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose Simulated or Real"),
    )
    speed = forms.TypedChoiceField(
        label="Pace of a simulated test",
        choices=SPEEDS,
        coerce=int,
        initial=60,
        help_text="Waits and receipts run this much faster",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a pace from the list"),
    )
    confirmed = forms.CharField(required=False, max_length=3, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        account: Account,
        steps: Sequence[PinnedStep],
        values: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """`values` are those of an earlier test (see `values()`)."""
        super().__init__(*args, **kwargs)
        self.steps = steps
        self.is_here = account.test_target == TestTarget.HERE
        self._keys = [fields(step.content) for step in steps]
        self._known = {str(r.public_id): r for r in account.test_recipients.order_by("name", "pk")}
        self._samples = samples_of(account, [step.template for step in steps])
        earlier = values or {}
        if self.is_here:
            self.initial.update({n: earlier[n] for n in ("mode", "speed") if n in earlier})
        else:
            self._aim_elsewhere(str(earlier.get("workflow_id") or account.test_target_workflow_id))
        sends = earlier.get("sends") or []
        for index in range(len(steps)):
            self._add_step(index, sends[index] if index < len(sends) else {})

    def clean(self) -> dict[str, Any]:
        for index in range(len(self.steps)):
            self._clean_recipient(f"send{index + 1}")
        return dict(self.cleaned_data)

    @property
    def groups(self) -> list[StepGroup]:
        return [self._group(index) for index in range(len(self.steps))]

    @property
    def is_real(self) -> bool:
        return not self.is_here or self.cleaned_data.get("mode") == REAL

    @property
    def is_confirmed(self) -> bool:
        return self.cleaned_data.get("confirmed") == "yes"

    @property
    def is_turned_back(self) -> bool:
        """The person was asked, and went back to the form."""
        return self.cleaned_data.get("confirmed") == "no"

    @property
    def speed_or_none(self) -> int | None:
        """What to ask the API for: only simulated runs can be faster than real ones."""
        return None if self.is_real else int(self.cleaned_data["speed"])

    def recipients(self) -> list[str]:
        """Who each step is sent to; simulated, with the digits that choose the outcome."""
        numbers = [self.cleaned_data[f"send{n + 1}-recipient"] for n in range(len(self.steps))]
        if self.is_real:
            return numbers
        codes = [self.cleaned_data[f"send{n + 1}-outcome"] for n in range(len(self.steps))]
        return [number[:-TAIL] + code for number, code in zip(numbers, codes, strict=True)]

    def body(self, request_id: str, *, hides_codes: bool = False) -> dict[str, Any]:
        """The body of the call, as section 6 of the product description has it; to be kept, it
        is made without verification codes."""
        sends: dict[str, Any] = {}
        for index, recipient in enumerate(self.recipients()):
            send: dict[str, Any] = {"recipient": recipient}
            if params := self._params(index):
                hidden = {CODE_KEY: HIDDEN} if hides_codes and CODE_KEY in params else {}
                send["templateParams"] = params | hidden
            sends[f"send{index + 1}"] = send
        return {"requestId": request_id, "input": sends}

    def values(self) -> dict[str, Any]:
        """What was typed, to be remembered; by variable, so that it survives a new version.

        A verification code is not: the template's sample stands in its place next time.
        """
        chosen = self.cleaned_data
        return {
            "mode": REAL if self.is_real else SIMULATED,
            "speed": chosen.get("speed"),
            "workflow_id": chosen.get("workflow_id", ""),
            "sends": [
                {
                    "to": chosen[f"send{n}-to"],
                    "number": chosen[f"send{n}-number"],
                    "outcome": chosen.get(f"send{n}-outcome", ""),
                    "params": {k: v for k, v in self._params(n - 1).items() if k != CODE_KEY},
                }
                for n in range(1, len(self.steps) + 1)
            ],
        }

    def _aim_elsewhere(self, workflow_id: str) -> None:
        """A flow that lives at Kaleyra: always real, at real pace, by its own Workflow ID."""
        del self.fields["mode"], self.fields["speed"]
        self.fields["workflow_id"] = forms.RegexField(
            WORKFLOW_ID,
            label="Workflow ID at Kaleyra",
            initial=workflow_id,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={
                "required": "Enter the Workflow ID of the flow at Kaleyra",
                "invalid": "Enter a Workflow ID like 00112233-4455-6677-8899-aabbccddeeff",
            },
        )

    def _add_step(self, index: int, earlier: Mapping[str, Any]) -> None:
        name, step = f"send{index + 1}", self.steps[index]
        people = [("", "Another number"), *self._people()]
        known = earlier.get("to") if earlier.get("to") in self._known else ""
        self.fields[f"{name}-to"] = forms.ChoiceField(
            label=f"{step.channel.label} goes to",
            choices=people,
            required=False,
            initial=known,
            error_messages={"invalid_choice": "Choose a test recipient from the list"},
        )
        self.fields[f"{name}-number"] = forms.CharField(
            label=f"{step.channel.label} number",
            required=False,
            max_length=30,
            initial=earlier.get("number", "" if not self.is_here else SAMPLE_NUMBER),
            help_text="Starts with the country code; not used when a test recipient is chosen"
            if self._known
            else "Country code and number, for example 919812345678",
            widget=forms.TextInput(attrs=NUMBER_LIKE),
        )
        unmark(self, f"{name}-to", f"{name}-number")
        if self.is_here:
            self.fields[f"{name}-outcome"] = forms.ChoiceField(
                label=f"What happens on {step.channel.label}",
                choices=[(tail, f"{words} (…{tail})") for tail, words in OUTCOMES.items()],
                initial=earlier.get("outcome") or "0001",
                help_text="These take the place of the number's last four digits",
                error_messages=dict.fromkeys(
                    ("required", "invalid_choice"), "Choose one of the outcomes in the list"
                ),
            )
        for number, field in enumerate(self._keys[index]):
            samples = {**self._samples.get(step.template, {}), **(earlier.get("params") or {})}
            typed = samples.get(field.key, field.sample)
            self.fields[f"{name}-param{number}"] = _param(field, typed)

    def _people(self) -> list[tuple[str, str]]:
        return [(key, f"{r.name} ({mask(r.number)})") for key, r in self._known.items()]

    def _clean_recipient(self, name: str) -> None:
        """The number of the chosen test recipient, else the one that was typed."""
        chosen: TestRecipient | None = self._known.get(self.cleaned_data.get(f"{name}-to", ""))
        typed = self.cleaned_data.get(f"{name}-number", "")
        try:
            number = chosen.number if chosen else parse_typed(typed)
        except RecipientError as problem:
            self.add_error(f"{name}-number", str(problem))
        else:
            self.cleaned_data[f"{name}-recipient"] = number

    def _params(self, index: int) -> dict[str, str]:
        return {
            field.key: self.cleaned_data[f"send{index + 1}-param{number}"]
            for number, field in enumerate(self._keys[index])
        }

    def _group(self, index: int) -> StepGroup:
        name = f"send{index + 1}"
        return StepGroup(
            number=index + 1,
            step=self.steps[index],
            to=self[f"{name}-to"],
            typed=self[f"{name}-number"],
            outcome=self[f"{name}-outcome"] if self.is_here else None,
            params=[self[f"{name}-param{number}"] for number, _ in enumerate(self._keys[index])],
            has_people=bool(self._known),
        )


def unmark(form: forms.Form, *names: str) -> None:
    """Leave the word “(optional)” out: these fields are needed only sometimes."""
    for name in names:
        setattr(form.fields[name], "unmarked", True)  # noqa: B010  (no attribute of Django's)


def _param(field: Field, initial: str) -> forms.CharField:
    return forms.CharField(
        label=field.label,
        initial=initial,
        max_length=MAX_VALUE_CHARACTERS,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": f"Enter a value for {field.label}",
            "max_length": f"Shorten the value for {field.label} to %(limit_value)d characters",
        },
    )
