"""Signing up: who somebody is and, unless they were invited, the company of the new account."""

from typing import Any

from allauth.account.forms import SignupForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest

from flows.models import User, newcomers

from .me import new_password_field
from .new_account import name_field, region_field, time_zone_field


class SignUpForm(SignupForm):  # type: ignore[misc]
    """`is_invited`: the account exists already, so no company is asked for."""

    def __init__(self, *args: Any, is_invited: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_invited = is_invited
        self.fields["name"] = forms.CharField(
            label="Your name",
            max_length=100,
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
            error_messages={"required": "Enter your name"},
        )
        self.fields["email"] = forms.EmailField(
            label="Work email",
            max_length=254,
            widget=forms.EmailInput(attrs={"autocomplete": "username", "spellcheck": "false"}),
            error_messages={
                "required": "Enter your email",
                "invalid": "Enter an email like name@example.com",
            },
        )
        self.fields["password1"] = new_password_field("Password")
        if not is_invited:
            self.fields["company"] = name_field()
            self.fields["region"] = region_field()
            self.fields["time_zone"] = time_zone_field()
        self.order_fields(["name", "email", "password1", "company", "region", "time_zone"])

    def try_save(self, request: HttpRequest) -> Any:
        """Somebody who is here already takes as long as somebody new."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """The person, and with it the account; or none of them."""
        user: User = super().save(request)
        if not self.is_invited:
            typed = self.cleaned_data
            newcomers.open_account(
                user,
                name=typed["company"],
                region=typed["region"],
                time_zone=typed["time_zone"],
            )
        return user
