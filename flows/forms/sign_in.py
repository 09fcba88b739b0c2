"""Signing in with email and password. Says only that the pair is wrong, never which half of it."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms


class SignInForm(LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.EmailField(
            label="Email",
            max_length=254,
            widget=forms.EmailInput(
                attrs={"autocomplete": "username webauthn", "spellcheck": "false"}
            ),
            error_messages={
                "required": "Enter your email",
                "invalid": "Enter an email like name@example.com",
            },
        )
        self.fields["password"] = forms.CharField(
            strip=False,
            max_length=1000,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
            error_messages={"required": "Enter your password"},
        )
        self.order_fields(["login", "password"])

    def add_prefix(self, field_name: str) -> str:
        """What allauth calls `login` is the email for everybody else."""
        return "email" if field_name == "login" else field_name

    def clean_login(self) -> str:
        return str(self.cleaned_data["login"]).lower()

    def clean(self) -> dict[str, Any]:
        try:
            super().clean()
        except forms.ValidationError as wrong:
            self.add_error("login", wrong)
        typed: dict[str, Any] = self.cleaned_data
        return typed
