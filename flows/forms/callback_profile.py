"""The form of a callback profile: what was typed → what the verb wants. Saves nothing.

Nothing that is stored as a secret is put into the form again: an empty field keeps it.
"""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.http import QueryDict

from flows.callback_body import PLACEHOLDER, WRAPPED, body_of
from flows.connectors.http import address_problem
from flows.models import CallbackProfile
from flows.models.callback_profiles import Wanted
from flows.openapi.examples import COMPLETED

from .callback_headers import HeaderRows
from .test_send import unmark
from .widgets import ChoiceCards

TITLE = re.compile(r"[\w -]+")
BARE, WRAPPED_BODY, OWN = "bare", "wrapped", "own"
BODIES = {BARE: "", WRAPPED_BODY: WRAPPED}
MAX_TEMPLATE = 4000
KEEP, REPLACE, NONE = "keep", "replace", "none"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRYING = {"text": 'quotes " and \\ and é', "number": 1}  # what breaks a template that is not JSON


class MarkForm(forms.Form):
    """What the person has seen (CallbackProfile.mark), so that nothing is done twice."""

    mark = forms.CharField(widget=forms.HiddenInput)


class CallbackProfileForm(forms.Form):
    """`stored`: the profile that is edited, or (`is_copy`) that a new one is like."""

    use_required_attribute = False
    mark = forms.CharField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(
        label="Title",
        max_length=100,
        help_text="What people choose in a flow. Letters, digits, spaces, - and _.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 100}),
        error_messages={
            "required": "Enter a title.",
            "max_length": "Use at most 100 characters.",
        },
    )
    url = forms.URLField(
        label="Endpoint URL",
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(
            attrs={"placeholder": "https://…", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={
            "required": "Enter the URL that results are posted to.",
            "invalid": "Enter a whole URL like https://hooks.example.com/fallback.",
            "max_length": "Use a URL of at most 500 characters.",
        },
    )
    auth = forms.ChoiceField(
        label="Stored user name and password",
        choices=[(KEEP, "Keep them"), (REPLACE, "Replace them"), (NONE, "Remove them")],
        widget=ChoiceCards(hints={KEEP: "They are never shown", REPLACE: "By those below"}),
        required=False,
        error_messages={"invalid_choice": "Choose whether to keep them."},
    )
    auth_user = forms.CharField(
        label="User name",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"max_length": "Use at most 200 characters."},
    )
    auth_password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"max_length": "Use at most 500 characters."},
    )
    body = forms.ChoiceField(
        label="Body",
        choices=[(BARE, "The bare result"), (WRAPPED_BODY, "Wrapped"), (OWN, "My own template")],
        widget=ChoiceCards(
            hints={
                BARE: "As the API reference shows it",
                WRAPPED_BODY: '{"workflowevent": …}, as at Kaleyra',
                OWN: f"Any JSON with {PLACEHOLDER} in it",
            }
        ),
        error_messages={"required": "Choose a body.", "invalid_choice": "Choose a body."},
    )
    body_template = forms.CharField(
        label="Template",
        required=False,
        max_length=MAX_TEMPLATE,
        widget=forms.Textarea(attrs={"class": "code", "spellcheck": "false", "rows": 5}),
        help_text=f'"{PLACEHOLDER}" as a value becomes the result as an object.',
        error_messages={"max_length": f"Use at most {MAX_TEMPLATE:,} characters."},
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        stored: CallbackProfile | None = None,
        is_copy: bool = False,
        initial: dict[str, Any] | None = None,
        more_rows: int = 0,
    ) -> None:
        super().__init__(data, initial={**_initial(stored, is_copy=is_copy), **(initial or {})})
        self.stored, self.is_copy = stored, is_copy
        self.has_auth = bool(stored and stored.basic_auth_encrypted)
        if not self.has_auth:
            del self.fields["auth"]
        self.headers = HeaderRows(self, stored.headers if stored else {}, more=more_rows)
        unmark(self, "body_template", "auth_user", "auth_password")
        if self.has_auth:
            unmark(self, "auth")

    @classmethod
    def showing(cls, data: QueryDict, **known: Any) -> "CallbackProfileForm":
        """What was typed so far, to go on with; nothing is checked. Passwords are typed again."""
        return cls(initial={name: data.get(name) for name in data}, **known)

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if not TITLE.fullmatch(title):
            raise forms.ValidationError("Use letters, digits, spaces, - and _ only.")
        if len(title) < 3:
            raise forms.ValidationError("Use at least 3 characters.")
        return title

    def clean_url(self) -> str:
        """What is stored already was looked up when it was saved, and is at every connection."""
        url: str = self.cleaned_data["url"]
        if self.stored and url == self.stored.url:
            return url
        if problem := address_problem(url, allow_private=settings.CALLBACK_ALLOW_PRIVATE):
            raise forms.ValidationError(problem)
        return url

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = self.cleaned_data
        chosen["headers"] = self.headers.clean()
        chosen["basic_auth"] = self._basic_auth(chosen)
        if chosen["basic_auth"] and "authorization" in map(str.lower, chosen["headers"]):
            self.add_error(
                "auth_user", "The header Authorization is given above. Use one of the two."
            )
        if chosen.get("body") == OWN and "body_template" not in self.errors:
            self._check_template(chosen.get("body_template", ""))
        return chosen

    def _check_template(self, template: str) -> None:
        if problem := template_problem(template):
            self.add_error("body_template", problem)

    def _basic_auth(self, chosen: dict[str, Any]) -> str:
        user, password = chosen.get("auth_user", ""), chosen.get("auth_password", "")
        how = chosen.get("auth") or (KEEP if self.has_auth else REPLACE)
        if how == KEEP and self.stored:
            if user or password:
                self.add_error("auth", "Choose “Replace them” to use what you typed below.")
            return self.stored.basic_auth
        if how == NONE or not (user or password or self.has_auth):
            return ""
        if not user:
            self.add_error("auth_user", "Enter the user name.")
        elif ":" in user or _CONTROL.search(user):
            self.add_error("auth_user", "Use a user name without a colon.")
        if _CONTROL.search(password):
            self.add_error("auth_password", "Use a password of one line.")
        return f"{user}:{password}"

    @property
    def wanted(self) -> Wanted:
        chosen = self.cleaned_data
        body = chosen["body"]
        return Wanted(
            title=chosen["title"],
            url=chosen["url"],
            headers=chosen["headers"],
            basic_auth=chosen["basic_auth"],
            body_template=chosen["body_template"] if body == OWN else BODIES[body],
        )

    # --- The live example ------------------------------------------------------------------------

    @property
    def example_problem(self) -> str:
        return template_problem(self._template) if self["body"].value() == OWN else ""

    @property
    def example(self) -> str:
        """The request as it would go out with what was typed so far; empty while it cannot."""
        if self.example_problem:
            return ""
        has_auth = bool(self["auth_user"].value()) or (
            self.has_auth and self["auth"].value() != NONE
        )
        body = json.loads(body_of(COMPLETED, self._template))
        head = [*_request_lines(str(self["url"].value() or "")), "Content-Type: application/json"]
        if has_auth:
            head.append("Authorization: Basic (not shown)")
        head += [f"{name}: (not shown)" for name in self.headers.names]
        head += [
            "webhook-id: 5a7e2b52-…",
            "webhook-timestamp: 1795335524",
            "webhook-signature: v1,…",
        ]
        return "\n".join([*head, "", json.dumps(body, indent=2, ensure_ascii=False)])

    @property
    def _template(self) -> str:
        body = str(self["body"].value())
        return str(self["body_template"].value() or "") if body == OWN else BODIES.get(body, "")


def template_problem(template: str) -> str:
    """Why this is no body template; what it becomes must be JSON whatever the result says."""
    if PLACEHOLDER not in template:
        return f"Write {PLACEHOLDER} where the result belongs."
    try:
        json.loads(body_of(_TRYING, template), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return f"This is no JSON once {PLACEHOLDER} is filled in. Look for quotes and commas."
    return ""


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _initial(stored: CallbackProfile | None, *, is_copy: bool) -> dict[str, Any]:
    if stored is None:
        return {"body": BARE, "auth": KEEP}
    template = stored.body_template
    known = {text: kind for kind, text in BODIES.items()}
    return {
        "mark": stored.mark,
        "title": f"{stored.title[:95]} copy" if is_copy else stored.title,
        "url": stored.url,
        "auth": KEEP,
        "body": known.get(template.strip(), OWN),
        "body_template": template,
    }


def _request_lines(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        host = parts.netloc
    except ValueError:
        return ["POST /"]
    path = parts.path or "/"
    return [f"POST {path}{'?' + parts.query if parts.query else ''}", f"Host: {host or '…'}"]
