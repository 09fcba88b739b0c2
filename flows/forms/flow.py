"""The forms of the flow wizard: what was typed → a part of a Definition. Saves nothing.

The rules are those of flows.definition; a draft may leave things out, but what is there must be
right, so that nothing is lost and nothing wrong is kept.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from django import forms
from django.http import QueryDict

from flows.definition import MAX_TITLE_CHARACTERS, Catalog, Definition, Problem, Step
from flows.definition.rules import WAIT_PROBLEM
from flows.placeholders import Channel, Field, TemplateContent, fields

from .flow_choices import CHANNEL_HINTS, COUNTS_AS, sender_choices, template_choices
from .widgets import ChoiceCards, WaitField, WaitInput

SAMPLE = "sample-"
NOTE_LENGTH = 300


class RevisionForm(forms.Form):
    """A form that says which revision of the flow it was based on; unreadable counts as none."""

    use_required_attribute = False
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @property
    def based_on(self) -> int:
        typed = str(self.data.get("revision") or "")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0

    def add_problems(self, problems: list[Problem]) -> None:
        for problem in problems:
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)


class BasicsForm(RevisionForm):
    """Title and callback profile."""

    title = forms.CharField(
        label="Title",
        help_text=f"Up to {MAX_TITLE_CHARACTERS} characters. Each flow of the account has its own.",
        widget=forms.TextInput(attrs={"maxlength": MAX_TITLE_CHARACTERS, "autocomplete": "off"}),
        error_messages={"required": "Enter a title."},
    )
    callback_profile = forms.ChoiceField(
        label="Callback profile",
        help_text="Where the result of every execution is posted.",
        required=False,
        error_messages={"invalid_choice": "Choose a callback profile from the list, or none."},
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        definition: Definition,
        catalog: Catalog,
        revision: int,
    ) -> None:
        initial = {
            "title": definition.title,
            "callback_profile": definition.callback_profile,
            "revision": revision,
        }
        super().__init__(data, initial=initial)
        self.definition = definition
        choices = [("", "None: results are not posted"), *catalog.callback_profiles.items()]
        if definition.callback_profile not in dict(choices):
            choices.append((definition.callback_profile, "A deleted profile"))
        self.fields["callback_profile"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> None:
        if "title" not in self.errors:
            self.add_problems(self.result.draft_problems())

    @property
    def result(self) -> Definition:
        """The definition with what was typed."""
        title = self.cleaned_data.get("title", "")
        profile = self.cleaned_data.get("callback_profile", "")
        return replace(self.definition, title=title, callback_profile=profile)


class StepForm(RevisionForm):
    """One step. `complete`: everything must be there, as for publishing; else blanks are fine.

    The choices belong to one channel. When another channel is chosen than the page shows choices
    for (`shown_channel`), what was chosen for the old channel is left out.
    """

    shown_channel = forms.CharField(widget=forms.HiddenInput, required=False)
    channel = forms.ChoiceField(
        label="Channel",
        choices=[(channel.value, channel.label) for channel in Channel],
        widget=ChoiceCards(hints=CHANNEL_HINTS),
        error_messages={
            "required": "Choose WhatsApp or SMS.",
            "invalid_choice": "Choose WhatsApp or SMS.",
        },
    )
    sender = forms.ChoiceField(label="From")
    template = forms.ChoiceField(label="Template")
    media_url = forms.CharField(
        label="Media URL",
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://…", "maxlength": 2048}),
        help_text="Where the carrier fetches the file from. It must begin with https://.",
    )
    wait_s = WaitField()
    counts_as = forms.ChoiceField(
        label="What counts as delivered",
        help_text="Until then the flow waits, and then falls back.",
        error_messages={"required": "Choose what counts as delivered."},
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        step: Step,
        catalog: Catalog,
        revision: int,
        is_last: bool,
        complete: bool = True,
    ) -> None:
        posted = _without_the_old_channel(data) if data is not None else None
        super().__init__(posted, initial={**_initial(step), "revision": revision})
        self.step, self.catalog, self.complete = step, catalog, complete
        self.chosen = _channel(posted.get("channel") if posted is not None else None, step.channel)
        self._offer(step, is_last=is_last)

    @classmethod
    def showing(cls, data: QueryDict, *, step: Step, **known: Any) -> "StepForm":
        """What was typed so far with the choices of the chosen channel; nothing is checked."""
        typed = _without_the_old_channel(data)
        channel = _channel(typed.get("channel"), step.channel)
        form = cls(step=replace(step, channel=channel), **known)
        for name in ("sender", "template", "media_url", "counts_as"):
            form.initial[name] = typed.get(name, "")
        form.initial["wait_s"] = [typed.get("wait_s_0", ""), typed.get("wait_s_1", "s")]
        form.initial["revision"] = typed.get("revision", known["revision"])
        return form

    @classmethod
    def checked(cls, *, step: Step, revision: int, **known: Any) -> "StepForm":
        """The stored step with everything that keeps it from being published."""
        initial = _initial(step)
        number, unit = WaitInput().decompress(initial["wait_s"])
        wait = {"wait_s_0": "" if number is None else number, "wait_s_1": unit}
        data = {**initial, **wait, "revision": str(revision)}
        return cls(data, step=step, revision=revision, **known)

    def _offer(self, step: Step, *, is_last: bool) -> None:
        a = "a WhatsApp" if self.chosen is Channel.WHATSAPP else "an SMS"
        for name, choices in (
            ("sender", sender_choices(self.catalog, self.chosen, step.sender)),
            ("template", template_choices(self.catalog, self.chosen, step.template)),
        ):
            field = self.fields[name]
            field.choices = [("", f"Choose {a} {name}"), *choices]  # type: ignore[attr-defined]
            field.required = self.complete
            for code in ("required", "invalid_choice"):
                field.error_messages[code] = f"Choose {a} {name}."
            if not choices:
                field.help_text = f"No {self.chosen.label} {name} is approved yet."
        offered = [key for key in COUNTS_AS if key != "read" or self.chosen is Channel.WHATSAPP]
        counts_as = self.fields["counts_as"]
        counts_as.widget = ChoiceCards(hints={key: COUNTS_AS[key][1] for key in offered})
        counts_as.choices = [(key, COUNTS_AS[key][0]) for key in offered]  # type: ignore[attr-defined]
        counts_as.error_messages["invalid_choice"] = (
            "Choose delivered or accepted: an SMS does not report that it was read."
        )
        setattr(self.fields["media_url"], "unmarked", True)  # noqa: B010  (shown only when needed)
        self.initial["shown_channel"] = self.chosen.value
        if self.initial.get("counts_as") not in offered:
            self.initial["counts_as"] = "delivered"
        _describe_wait(
            cast(WaitField, self.fields["wait_s"]), is_last=is_last, complete=self.complete
        )

    @property
    def content(self) -> TemplateContent | None:
        """Of the chosen template, when it is one of this channel."""
        facts = self.catalog.templates.get(str(self["template"].value() or ""))
        return facts.content if facts and facts.content.channel is self.chosen else None

    @property
    def shows_media(self) -> bool:
        return bool(self.content and self.content.needs_media) or "media_url" in self.errors

    @property
    def variables(self) -> tuple[Field, ...]:
        return fields(self.content) if self.content else ()

    def clean(self) -> None:
        for name, message in self._problems():
            blank = not getattr(self.result, name)
            is_choice = name in {"sender", "template"}
            if name not in self.errors and (self.complete or not (blank or is_choice)):
                self.add_error(name, message)

    def _problems(self) -> list[tuple[str, str]]:
        prefix = "steps.0."
        found = Definition("-", steps=(self.result,)).problems(self.catalog)
        return [
            (p.field.removeprefix(prefix), p.message) for p in found if p.field.startswith(prefix)
        ]

    @property
    def result(self) -> Step:
        """The step with what was typed."""
        typed = self.cleaned_data
        needs_media = self.content is None or self.content.needs_media
        return Step(
            channel=self.chosen,
            sender=typed.get("sender") or "",
            template=typed.get("template") or "",
            media_url=(typed.get("media_url") or "") if needs_media else "",
            wait_s=typed.get("wait_s"),
            counts_as=typed.get("counts_as") or "delivered",
        )

    @property
    def sound_part(self) -> Step:
        """The step as it was, with everything typed that is right."""
        before = self.step if self.step.channel is self.chosen else Step(self.chosen)
        right = {name for name in _initial(before) if name != "shown_channel"} - set(self.errors)
        return replace(before, **{name: getattr(self.result, name) for name in right})


class NoteForm(RevisionForm):
    """A note to a publication, or to the request for one. `seen`: what the page showed."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=32)

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=NOTE_LENGTH,
        help_text="What changes, and why.",
        error_messages={"max_length": f"Shorten the note to {NOTE_LENGTH} characters."},
    )


def samples_in(data: Mapping[str, Any]) -> dict[str, str]:
    """The sample values among what was typed, by parameter key."""
    return {key.removeprefix(SAMPLE): data[key] for key in data if key.startswith(SAMPLE)}


def shown(data: QueryDict) -> QueryDict:
    """What was typed without the characters that no page can show (NUL and its like)."""
    fit = data.copy()
    for key, values in data.lists():
        fit.setlist(key, [_UNSHOWN.sub("", value) for value in values])
    return fit


_UNSHOWN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def _channel(value: Any, default: Channel) -> Channel:
    return Channel(value) if value in list(Channel) else default


def _without_the_old_channel(data: Mapping[str, Any]) -> dict[str, Any]:
    typed = {key: data.get(key) for key in data}
    shown = typed.get("shown_channel")
    if shown and typed.get("channel") and shown != typed["channel"]:
        typed |= {"sender": "", "template": "", "media_url": "", "counts_as": "delivered"}
    return typed


def _initial(step: Step) -> dict[str, Any]:
    return {
        "channel": step.channel.value,
        "shown_channel": step.channel.value,
        "sender": step.sender,
        "template": step.template,
        "media_url": step.media_url,
        "wait_s": step.wait_s,
        "counts_as": step.counts_as,
    }


def _describe_wait(field: WaitField, *, is_last: bool, complete: bool) -> None:
    field.required = field.fields[0].required = complete
    field.error_messages["required"] = WAIT_PROBLEM
    for part in field.fields:
        part.error_messages |= {
            "incomplete": WAIT_PROBLEM,
            "invalid": "Enter the wait as a whole number.",
            "invalid_choice": "Choose seconds or minutes.",
        }
    if is_last:
        field.label = "Wait until the flow ends"
        field.help_text = "5 seconds to 15 minutes. A receipt that comes later no longer counts."
    else:
        field.label = "Wait before the next step"
        field.help_text = (
            "5 seconds to 15 minutes without a final receipt. A failed one moves on at once."
        )
