"""Passkeys: what a device says is junk until it has been read."""

from typing import Any

from allauth.mfa.webauthn import forms as allauth
from django import forms
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

NOT_ACCEPTED = "This passkey was not accepted. Try again, or sign in another way."
MOST_CHARACTERS = 20_000


class CredentialField(forms.JSONField):
    """What the browser passes on from the device; anything unreadable is a wrong passkey."""

    def __init__(self, reads: type[AuthenticationResponse | RegistrationResponse]) -> None:
        super().__init__(
            widget=forms.HiddenInput,
            error_messages={"required": NOT_ACCEPTED, "invalid": NOT_ACCEPTED},
        )
        self.reads = reads

    def clean(self, value: Any) -> Any:
        if value and len(value) > MOST_CHARACTERS:
            raise forms.ValidationError(NOT_ACCEPTED)
        try:
            said = super().clean(value)
            self.reads.from_dict(said)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as fault:
            raise forms.ValidationError(NOT_ACCEPTED) from fault
        return said


class _Passkey:
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(AuthenticationResponse)

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError as fault:
            raise _in_our_words(fault) from fault


class SignInForm(_Passkey, allauth.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class SecondStepForm(_Passkey, allauth.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AgainForm(_Passkey, allauth.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AddForm(allauth.AddWebAuthnForm):  # type: ignore[misc]
    """Every passkey is one that signs in alone: the device asks for finger, face or PIN."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["passwordless"]
        self.fields["name"] = _name_field()
        self.fields["credential"] = CredentialField(RegistrationResponse)

    def clean(self) -> dict[str, Any]:
        try:
            typed: dict[str, Any] = super().clean()
        except forms.ValidationError as fault:
            raise _in_our_words(fault) from fault
        return typed


class NameForm(allauth.EditWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _name_field()


def _in_our_words(fault: forms.ValidationError) -> forms.ValidationError:
    return forms.ValidationError(NOT_ACCEPTED) if fault.code == "incorrect_code" else fault


def _name_field() -> forms.CharField:
    return forms.CharField(
        label="Name",
        max_length=60,
        help_text="For example the device it lives on: Work laptop, Phone, blue key.",
        error_messages={"required": "Enter a name"},
    )
