"""Whom to invite and as what, which role somebody gets, and why a request is declined."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from flows.models import Account, Role, invitations

from .widgets import ChoiceCards

MAY = {
    Role.VIEWER: "Sees flows, executions and numbers; recipients are masked",
    Role.TESTER: "Also sends test messages with published flows",
    Role.MARKETER: "Also writes templates and flows, and asks for publication",
    Role.ADMIN: "Does everything: publishes, manages people, keys, senders and settings",
}


def _role_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Role",
        choices=Role.choices,
        widget=ChoiceCards(hints={role.value: words for role, words in MAY.items()}),
        error_messages={"required": "Choose a role", "invalid_choice": "Choose a role"},
    )


class RoleForm(forms.Form):
    role = _role_field()


class SureForm(forms.Form):
    """The same role once more, after the question whether to give up one's own."""

    role = forms.ChoiceField(choices=Role.choices, widget=forms.HiddenInput)
    sure = forms.CharField(initial="yes", widget=forms.HiddenInput)


class InviteForm(forms.Form):
    emails = forms.CharField(
        label="Email addresses",
        max_length=10_000,
        help_text=f"One on each line, up to {invitations.MOST_AT_ONCE}.",
        widget=forms.Textarea(
            attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false", "inputmode": "email"}
        ),
        error_messages={
            "required": "Enter at least one email address",
            "max_length": "This is too long. Invite some of them first, then the others",
        },
    )
    role = _role_field()

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account

    def clean_emails(self) -> list[str]:
        """Addresses in small letters, each once; commas and semicolons part them as well."""
        typed = re.split(r"[\s,;]+", self.cleaned_data["emails"].lower())
        found = list(dict.fromkeys(filter(None, typed)))
        if len(found) > invitations.MOST_AT_ONCE:
            raise ValidationError(f"Enter at most {invitations.MOST_AT_ONCE} addresses at once")
        wrong = [email for email in found if not _is_email(email)]
        if wrong:
            raise ValidationError([f"“{email[:60]}” is not an email address" for email in wrong])
        refused = invitations.refusals(self.account, found)
        if refused:
            raise ValidationError(list(refused.values()))
        return found


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        help_text="Say what to change. Who asked reads it on the flow and by email.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Say why, so that it can be put right",
            "max_length": "Shorten the reason to 300 characters",
        },
    )


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254
