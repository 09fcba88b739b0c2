"""What a company tells about itself: details, a document, its Business Manager ID."""

from typing import Any

from django import forms

from flows.countries import choices
from flows.models import Company, DocumentKind
from flows.models.companies import FIELDS


def _text(label: str, *, missing: str = "", most: int, hint: str = "", fill: str = "off") -> Any:
    """A line of text; without `missing` it may stay empty."""
    return forms.CharField(
        label=label,
        required=bool(missing),
        max_length=most,
        help_text=hint,
        widget=forms.TextInput(attrs={"autocomplete": fill, "spellcheck": "false"}),
        error_messages={
            "required": missing,
            "max_length": f"Use at most {most} characters",
            "null_characters_not_allowed": "Remove the characters that cannot be shown",
        },
    )


class CompanyForm(forms.Form):
    """Company details, as they stand in the documents."""

    legal_name = _text(
        "Legal name",
        missing="Enter the company’s legal name",
        most=120,
        hint="As it is registered",
        fill="organization",
    )
    registration_number = _text(
        "Registration number", most=40, hint="CIN, company number or trade register number"
    )
    tax_number = _text("Tax number", most=40, hint="PAN, VAT or GST number")
    address = _text(
        "Street and number", missing="Enter the address", most=200, fill="street-address"
    )
    postal_code = _text("Postal code", missing="Enter the postal code", most=16, fill="postal-code")
    city = _text("City", missing="Enter the city", most=80, fill="address-level2")
    country = forms.ChoiceField(
        choices=choices,
        error_messages={
            "required": "Choose the country",
            "invalid_choice": "Choose a country from the list",
        },
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )

    def __init__(self, data: Any, *, company: Company | None) -> None:
        initial = {name: getattr(company, name) for name in FIELDS} if company else {}
        super().__init__(data, initial=initial)


class DocumentForm(forms.Form):
    """One document. What is wrong with the file was found while it was read (views/uploads.py)."""

    kind = forms.ChoiceField(
        label="What it proves",
        choices=[("", "Choose one"), *DocumentKind.choices],
        error_messages={
            "required": "Choose what the document proves",
            "invalid_choice": "Choose one from the list",
        },
    )
    file = forms.FileField(
        help_text="PDF, PNG or JPEG, up to 10 MB",
        error_messages={
            "required": "Choose a file",
            "invalid": "Choose a file",
            "empty": "The file is empty. Choose another one",
        },
        widget=forms.FileInput(
            attrs={"accept": ".pdf,.png,.jpg,.jpeg,application/pdf,image/png,image/jpeg"}
        ),
    )

    def __init__(self, *args: Any, problem: str = "") -> None:
        super().__init__(*args)
        self.problem = problem

    def clean(self) -> dict[str, Any]:
        """Of a file that was not read to its end nothing else can be said."""
        if self.problem:
            self.errors.clear()
            self.add_error("file", self.problem)
        return self.cleaned_data


class BusinessManagerForm(forms.Form):
    business_manager_id = forms.RegexField(
        r"^[0-9]{5,20}$",
        label="Business Manager ID",
        strip=True,
        help_text="5 to 20 digits",
        error_messages={
            "required": "Enter the Business Manager ID",
            "invalid": "Enter 5 to 20 digits, without spaces",
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "numeric"}
        ),
    )
