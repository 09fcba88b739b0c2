"""Signing in with email and password. Says only that the pair is wrong, never which half of it."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from flows.models import User

WRONG = "The email or the password is not right. Check both and try again."


class SignInForm(forms.Form):
    email = forms.EmailField(
        label="Email",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "spellcheck": "false"}),
        error_messages={
            "required": "Enter your email",
            "invalid": "Enter an email like name@example.com",
        },
    )
    password = forms.CharField(
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password"},
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = self.cleaned_data
        if not self.errors:
            found = authenticate(
                self.request, username=typed["email"].lower(), password=typed["password"]
            )
            self.user = found if isinstance(found, User) else None
            if self.user is None:
                self.add_error("email", WRONG)
        return typed
