"""What an account sends with: connections at carriers, senders, and approved templates."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from flows.placeholders import Button, Channel, TemplateContent

from .account import Account
from .secret import decrypt, encrypt


class ChannelChoice(models.TextChoices):
    WHATSAPP = Channel.WHATSAPP.value, "WhatsApp"
    SMS = Channel.SMS.value, "SMS"


class AssetStatus(models.TextChoices):
    DRAFT = "draft", "Draft"  # not handed in yet
    PENDING = "pending", "Pending"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    PAUSED = "paused", "Paused"
    DISABLED = "disabled", "Disabled"


class Connection(models.Model):
    """The account's credentials at one carrier; the configuration is encrypted at rest."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="connections")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connector = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    config_encrypted = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def config(self) -> dict[str, Any]:
        return json.loads(decrypt(self.config_encrypted)) if self.config_encrypted else {}

    @config.setter
    def config(self, value: dict[str, Any]) -> None:
        self.config_encrypted = encrypt(json.dumps(value))


class Generation(models.TextChoices):
    V1 = "V1", "V1"
    V2 = "V2", "V2"


class Sender(models.Model):
    """Who a message comes from: a WhatsApp business number or an SMS Sender ID."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="senders")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="senders")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.CharField(max_length=10, choices=ChannelChoice)
    identifier = models.CharField(max_length=20)
    display_name = models.CharField(max_length=60, blank=True)
    generation = models.CharField(max_length=2, choices=Generation, blank=True)
    country = models.CharField(max_length=2, blank=True)
    dlt_entity_id = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10, choices=AssetStatus, default=AssetStatus.PENDING)
    status_reason = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "channel", "identifier"],
                condition=Q(deleted_at=None),
                name="sender_once_per_account",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        if self.channel == ChannelChoice.SMS:
            return self.identifier
        return f"{self.display_name} · +{self.identifier}"


class TemplateKind(models.TextChoices):
    TEXT = "text", "Text"
    AUTHENTICATION = "authentication", "Authentication"
    OTP = "OTP", "OTP"
    TXN = "TXN", "Transactional"
    MKT = "MKT", "Marketing"
    DEFAULT = "DEFAULT", "Default"


class Category(models.TextChoices):
    MARKETING = "marketing", "Marketing"
    UTILITY = "utility", "Utility"
    AUTHENTICATION = "authentication", "Authentication"


class HeaderKind(models.TextChoices):
    NONE = "none", "None"
    TEXT = "text", "Text"
    IMAGE = "image", "Image"
    VIDEO = "video", "Video"
    DOCUMENT = "document", "Document"


class Template(models.Model):
    """A message text of one channel, with variables; flows may use it once it is approved."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="templates")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.CharField(max_length=10, choices=ChannelChoice)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=14, choices=TemplateKind)
    language = models.CharField(max_length=10, default="en", blank=True)
    category = models.CharField(max_length=14, choices=Category, blank=True)
    header_kind = models.CharField(max_length=8, choices=HeaderKind, default=HeaderKind.NONE)
    header_text = models.CharField(max_length=60, blank=True)
    body = models.TextField(max_length=1024)
    footer = models.CharField(max_length=60, blank=True)
    buttons = models.JSONField(default=list, blank=True)
    dlt_template_id = models.CharField(max_length=40, blank=True)
    unicode = models.BooleanField(default=False)
    samples = models.JSONField(default=dict, blank=True)
    # The number of the version in force, whose text the fields above hold; 0: never approved yet.
    version = models.PositiveIntegerField(default=1)
    # What its authors are writing while a version is in force (TemplateContent.to_json()).
    draft = models.JSONField(null=True, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)  # rises with every save
    status = models.CharField(max_length=10, choices=AssetStatus, default=AssetStatus.PENDING)
    status_reason = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "channel", "name", "language"],
                condition=Q(deleted_at=None),
                name="template_once_per_account",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        parts = [self.name, self.get_kind_display()]
        if self.channel == ChannelChoice.WHATSAPP:
            parts = [self.name, self.get_category_display(), self.language]
        return " · ".join(part for part in parts if part)

    @property
    def content(self) -> TemplateContent:
        return TemplateContent(
            channel=Channel(self.channel),
            name=self.name,
            kind=self.kind,
            body=self.body,
            language=self.language,
            category=self.category,
            header_kind=self.header_kind,
            header_text=self.header_text,
            footer=self.footer,
            buttons=tuple(Button.from_json(button) for button in self.buttons),
            dlt_template_id=self.dlt_template_id,
            unicode=self.unicode,
        )

    def hold(self, content: TemplateContent) -> None:
        """Take over what this content says; channel, name and language stay. Does not save."""
        for name in _HELD:
            setattr(self, name, getattr(content, name))
        self.buttons = [button.to_json() for button in content.buttons]


_HELD = (
    "kind", "category", "header_kind", "header_text", "body", "footer", "dlt_template_id",
    "unicode",
)  # fmt: skip


class TemplateVersion(models.Model):
    """One text of a template as it was handed in for approval; it never changes afterwards."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()  # TemplateContent.to_json()
    samples = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=AssetStatus, default=AssetStatus.PENDING)
    status_reason = models.CharField(max_length=300, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["template", "number"], name="template_version_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.template.name} v{self.number}"
