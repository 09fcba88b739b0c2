"""Django's way to the outbox: whatever sends an e-mail only writes it down; the engine sends it.

So a slow mail server holds up no page, and a dead one loses nothing.
"""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from flows.models import mail


class Outbox(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            mail.post(message.recipients(), subject=str(message.subject), text=str(message.body))
        return len(email_messages)
