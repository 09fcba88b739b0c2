"""Where the test sends of an account go: this installation, or a flow that lives at Kaleyra."""

from typing import Any

from django import forms
from django.http import QueryDict

from flows.models import Account, TestTarget

from .test_send import WORKFLOW_ID, unmark


class TestTargetForm(forms.Form):
    """Where the account's test sends go; a key is shown never, and kept when left empty."""

    target = forms.ChoiceField(
        label="Test sends go to",
        choices=TestTarget.choices,
        error_messages={"invalid_choice": "Choose one of the targets in the list"},
    )
    sid = forms.RegexField(
        r"^[0-9A-Za-z]{4,32}$",
        label="SID at Kaleyra",
        required=False,
        error_messages={"invalid": "Enter the SID as Kaleyra shows it: letters and digits only"},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    key = forms.RegexField(
        r"^[\x21-\x7e]{8,200}$",
        label="API key at Kaleyra",
        required=False,
        error_messages={"invalid": "Enter the key as Kaleyra shows it, without spaces"},
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    workflow_id = forms.RegexField(
        WORKFLOW_ID.pattern,
        label="Usual Workflow ID",
        required=False,
        help_text="Can be changed for each test",
        error_messages={"invalid": "Enter a Workflow ID like 00112233-4455-6677-8899-aabbccddeeff"},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: QueryDict | None, *, account: Account) -> None:
        initial = {
            "target": account.test_target,
            "sid": account.test_target_sid,
            "workflow_id": account.test_target_workflow_id,
        }
        super().__init__(data, initial=initial)
        self.account = account
        unmark(self, "sid", "key")
        if account.test_target_key_encrypted:
            self.fields["key"].help_text = "A key is stored. Leave this empty to keep it."

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = self.cleaned_data
        if chosen.get("target", TestTarget.HERE) != TestTarget.HERE:
            if not chosen.get("sid") and "sid" not in self.errors:
                self.add_error("sid", "Enter the SID of your account at Kaleyra")
            has_key = chosen.get("key") or self.account.test_target_key_encrypted
            if not has_key and "key" not in self.errors:
                self.add_error("key", "Enter an API key of your account at Kaleyra")
        return chosen

    def save(self) -> None:
        """The key goes when the target is this installation again."""
        chosen, account = self.cleaned_data, self.account
        account.test_target = chosen["target"]
        account.test_target_sid = chosen["sid"]
        account.test_target_workflow_id = chosen["workflow_id"]
        if chosen["target"] == TestTarget.HERE:
            account.test_target_key = ""
        elif chosen["key"]:
            account.test_target_key = chosen["key"]
        account.save(
            update_fields=[
                "test_target",
                "test_target_sid",
                "test_target_workflow_id",
                "test_target_key_encrypted",
            ]
        )
