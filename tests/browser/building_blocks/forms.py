"""A form with one field of every kind."""

from django import forms

from flows.forms.widgets import ChoiceCards, WaitField


class BlocksForm(forms.Form):
    title = forms.CharField(
        label="Title",
        max_length=100,
        help_text="Only your team sees it.",
        error_messages={"required": "Enter a title"},
    )
    sender = forms.ChoiceField(
        label="WhatsApp sender",
        choices=[("", "Choose a WhatsApp sender"), ("1", "Acme Retail · +91 80 4718 2200")],
        error_messages={"required": "Choose a WhatsApp sender"},
    )
    channel = forms.ChoiceField(
        label="Channel",
        choices=[("whatsapp", "WhatsApp"), ("sms", "SMS")],
        widget=ChoiceCards(
            hints={
                "whatsapp": "An approved template, with media and buttons.",
                "sms": "Reaches every phone; costs by the part.",
            }
        ),
        error_messages={"required": "Choose a channel"},
    )
    wait_s = WaitField(
        label="Wait before the next step",
        help_text="5 seconds to 15 minutes without a final receipt.",
        error_messages={"required": "Enter a wait"},
    )
    body = forms.CharField(
        label="Message",
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        help_text="*bold*, _italic_, ~strikethrough~ and ```code``` work as in WhatsApp.",
    )
    agree = forms.BooleanField(label="Send this as a test", required=False)
