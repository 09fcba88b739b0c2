"""What an account sends with: connections at carriers, senders, and approved templates."""

import json
import secrets
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from flows.base62 import encode_uuid
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


def new_hook_code() -> str:
    return encode_uuid(uuid.uuid4())


def new_hook_key() -> str:
    """The secret of a receipt door, encrypted as it is stored."""
    return encrypt(secrets.token_urlsafe(24))


class Connection(models.Model):
    """The account's credentials at one carrier; the configuration is encrypted at rest.

    What the engine and the receipt door notice about it (down, errors, health, counts) is written
    by them with updates of those columns alone; people change the rest.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="connections")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connector = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    config_encrypted = models.TextField(blank=True, editable=False)
    # Set by the operator only: where the carrier is, instead of the carrier's own address.
    base_url = models.URLField(blank=True)
    # The receipt door: its code names the connection in the URL, its key is a secret of ours.
    hook_code = models.CharField(max_length=22, unique=True, default=new_hook_code)
    hook_key_encrypted = models.TextField(default=new_hook_key, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)  # rises when people change it
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # The carrier was asked whether the credentials are good; empty error: they were.
    checked_at = models.DateTimeField(null=True, editable=False)
    check_error = models.CharField(max_length=300, blank=True, editable=False)
    check_class = models.CharField(max_length=30, blank=True, editable=False)  # its ErrorClass
    # The receipt path was tried from end to end.
    self_test_key = models.CharField(max_length=64, blank=True, editable=False)  # under way
    self_tested_at = models.DateTimeField(null=True, editable=False)
    self_test_error = models.CharField(max_length=300, blank=True, editable=False)
    # The breaker: sends that the carrier did not take in a row; since when it is down, and when
    # one message may try whether it still is.
    failures = models.PositiveIntegerField(default=0, editable=False)
    down_since = models.DateTimeField(null=True, editable=False)
    probe_at = models.DateTimeField(null=True, editable=False)
    down_told_at = models.DateTimeField(null=True, editable=False)  # its admins, by e-mail
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    last_error_at = models.DateTimeField(null=True, editable=False)
    # Receipt health as last computed, and what came to the door that was not a receipt.
    health = models.JSONField(default=dict, editable=False)
    health_at = models.DateTimeField(null=True, editable=False)
    forged_hooks = models.PositiveIntegerField(default=0, editable=False)
    forged_hook_at = models.DateTimeField(null=True, editable=False)
    repeated_hooks = models.PositiveIntegerField(default=0, editable=False)  # said nothing new
    unread_hooks = models.PositiveIntegerField(default=0, editable=False)
    # The carrier's own list of templates: when it is fetched next (empty: as soon as possible) and
    # when it last was.
    sync_at = models.DateTimeField(null=True, editable=False)
    synced_at = models.DateTimeField(null=True, editable=False)
    sync_error = models.CharField(max_length=300, blank=True, editable=False)
    # Attempts keep pointing at it; its configuration and its door are gone.
    deleted_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def hook_key(self) -> str:
        return decrypt(self.hook_key_encrypted)

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
    carrier_id = models.CharField(max_length=64, blank=True)  # the carrier's own name for it
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


class CarrierTemplate(models.Model):
    """A template as the carrier lists it, as of the connection's last sync."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="carrier_templates")
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=20, blank=True)
    category = models.CharField(max_length=30, blank=True)
    state = models.CharField(max_length=10)  # connectors.base.TemplateState
    reason = models.CharField(max_length=300, blank=True)
    carrier_id = models.CharField(max_length=64, blank=True)
    content = models.JSONField(null=True)  # TemplateContent.to_json(), when we can say the same
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "name", "language"], name="carrier_template_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"


class UnreadHook(models.Model):
    """A request of a carrier that passed the door's check but says nothing that we can read."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="kept_hooks")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    method = models.CharField(max_length=8)
    query = models.CharField(max_length=2000, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    body = models.TextField(blank=True)
    reason = models.CharField(max_length=300)
    received_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(F("connection"), F("id").desc(), name="unread_hook_list")]

    def __str__(self) -> str:
        return f"{self.method} at {self.received_at:%Y-%m-%d %H:%M}"
