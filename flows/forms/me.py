"""What a person says about their own sign-in: name, address, passwords, codes, passkeys."""

from typing import Any

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.account.fields import SetPasswordField as CheckedPasswordField
from allauth.account.models import EmailAddress
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.http import HttpRequest

from flows.models import User

NEW_PASSWORD_HINT = "At least 8 characters, not a common one and not like your name or email."  # noqa: S105


def new_password_field(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=1000,
        help_text=NEW_PASSWORD_HINT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Enter a password"},
    )


def _password_field(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password"},
    )


def _code_field(label: str, *, hint: str = "", length: int = 20) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=length,
        help_text=hint,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "spellcheck": "false", "class": "one-time"}
        ),
        error_messages={"required": "Enter the code"},
    )


def _email_field(label: str) -> forms.EmailField:
    return forms.EmailField(
        label=label,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "required": "Enter an email",
            "invalid": "Enter an email like name@example.com",
        },
    )


class NameForm(forms.Form):
    first_name = forms.CharField(
        label="First name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
        error_messages={"required": "Enter your name"},
    )
    last_name = forms.CharField(
        label="Last name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )


# --- Passwords ------------------------------------------------------------------------------------


class _NewPassword:
    """A form with the field `password1`, typed once: it can be looked at while it is typed."""

    fields: dict[str, forms.Field]
    user: User | None

    def ask_once(self, label: str) -> None:
        checked = CheckedPasswordField(
            label=label,
            help_text=NEW_PASSWORD_HINT,
            max_length=1000,
            error_messages={"required": "Enter a password"},
        )
        checked.user = self.user
        checked.widget.attrs.pop("placeholder", None)
        self.fields["password1"] = checked
        del self.fields["password2"]


class ChangePasswordForm(_NewPassword, account.ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"] = _password_field("Current password")
        self.ask_once("New password")


class SetPasswordForm(_NewPassword, account.SetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_once("Password")


class ResetPasswordForm(_NewPassword, account.ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_once("New password")


class AskForResetForm(account.ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = _email_field("Email")
        self.fields["email"].widget.attrs["autocomplete"] = "username"


class PasswordAgainForm(account.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"] = _password_field("Password")


# --- The address ----------------------------------------------------------------------------------


class ChangeEmailForm(account.AddEmailForm):  # type: ignore[misc]
    """A new address is proved by a code. Without a mail server nobody could read it: it counts, but
    proves nothing (see ProviderAdapter)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = _email_field("New email")

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if not settings.SENDS_MAIL and User.objects.filter(email__iexact=email).exists():
            raise get_adapter().validation_error("email_taken")
        return email

    def save(self, request: HttpRequest) -> EmailAddress:
        if settings.SENDS_MAIL:
            return super().save(request)
        address = EmailAddress(user=self.user, email=self.cleaned_data["email"])
        get_adapter().confirm_email(request, address)
        EmailAddress.objects.filter(user=self.user, email=address.email).update(verified=False)
        return address


class EmailCodeForm(account.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = _code_field("Code from the email")


# --- Second factors -------------------------------------------------------------------------------

_CODE_HINT = "Six digits from your authenticator app, or one of your recovery codes."


class CodeForm(second_factor.AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = _code_field("Code", hint=_CODE_HINT)


class CodeAgainForm(second_factor.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = _code_field("Code", hint=_CODE_HINT)


class AuthenticatorForm(ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = _code_field("Code that the app shows now")
