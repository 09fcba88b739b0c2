"""Flows and their versions: what an account sends, as a draft and as it is live."""

import unicodedata
import uuid
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from flows.definition import Definition, PinnedDefinition

from .account import Account
from .callback import CallbackProfile

RESTORE_DAYS = 30


def title_key(title: str) -> str:
    """What makes two titles the same: case and ways of writing an accent do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", title).casefold())


def restorable_since() -> datetime:
    """Flows that were deleted before this moment cannot be restored any more."""
    return timezone.now() - timedelta(days=RESTORE_DAYS)


class FlowState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"


class FlowVersion(models.Model):
    """An immutable snapshot made by each publish: the definition with its templates' texts."""

    flow = models.ForeignKey("Flow", models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=100)
    definition = models.JSONField()  # PinnedDefinition.to_json()
    callback_profile = models.ForeignKey(
        CallbackProfile, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flow", "number"], name="version_number_once_per_flow")
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"

    @cached_property
    def pinned(self) -> PinnedDefinition:
        return PinnedDefinition.from_json(self.definition)


@lru_cache(maxsize=1000)
def pinned_version(pk: int) -> PinnedDefinition:
    """What the version with this key says. A version never changes, so once read it stays read."""
    return FlowVersion.objects.only("definition").get(pk=pk).pinned


class Flow(models.Model):
    """A Fallback flow. `draft` is the working copy (Definition.to_json()), `live_version` what
    callers get while the flow is published. `revision` rises with every change of what the flow
    says: a save names the revision it was based on. The verbs are in lifecycle.py."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="flows")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=100)
    title_key = models.CharField(max_length=300, editable=False)  # casefolded, for uniqueness
    state = models.CharField(max_length=10, choices=FlowState, default=FlowState.DRAFT)
    workflow_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    draft = models.JSONField(null=True, blank=True)  # None: nothing differs from the last version
    revision = models.PositiveIntegerField(default=1)
    live_version = models.ForeignKey(
        FlowVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField(null=True, blank=True)
    request_note = models.CharField(max_length=300, blank=True)
    # Why the last request was declined; a new request, or a publication, clears it.
    declined_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    declined_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=300, blank=True)
    # Who last changed what the flow says (`updated_by` also counts publishing and the like).
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "title_key"],
                condition=Q(deleted_at=None),
                name="flow_title_once_per_account",
            ),
            models.CheckConstraint(
                condition=~Q(state=FlowState.PUBLISHED)
                | Q(workflow_id__isnull=False, live_version__isnull=False),
                name="flow_published_has_version",
            ),
        ]
        indexes = [
            models.Index(F("account"), F("updated_at").desc(), name="flow_list"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_published(self) -> bool:
        return self.state == FlowState.PUBLISHED

    @property
    def definition(self) -> Definition:
        """The working copy: what the next publish would make live."""
        if self.draft is not None:
            return Definition.parse(self.draft)
        if self.live_version is not None:
            return self.live_version.pinned.editable()
        return Definition(title=self.title)

    @property
    def has_changes(self) -> bool:
        """Callers get something else than the working copy."""
        return self.is_published and self.draft is not None

    @property
    def restorable_until(self) -> datetime | None:
        return self.deleted_at and self.deleted_at + timedelta(days=RESTORE_DAYS)
