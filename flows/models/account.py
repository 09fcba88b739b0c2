"""The account: the tenant that owns people, assets and flows."""

import secrets
import string
import uuid
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models

from .secret import decrypt, encrypt

SID_LENGTH = 16
REOPEN_DAYS = 30  # for how long support can open a closed account again; then its runs are deleted


def new_sid() -> str:
    """A SID as the original product writes it: `HX` and 14 capital letters and digits."""
    alphabet = string.ascii_uppercase + string.digits
    return "HX" + "".join(secrets.choice(alphabet) for _ in range(SID_LENGTH - 2))


def check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("Choose a time zone from the list, for example Asia/Kolkata.")


class Region(models.TextChoices):
    IN = "IN", "India"
    SG = "SG", "Singapore"
    EU = "EU", "Europe"
    NA = "NA", "North America"


class KycStatus(models.TextChoices):
    TO_DO = "to_do", "To do"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class TestTarget(models.TextChoices):
    """Where a test send goes (product.md section 10)."""

    HERE = "here", "This installation"
    IN = "IN", "Kaleyra India (api.in.kaleyra.io)"
    SG = "SG", "Kaleyra Singapore (api.kaleyra.io)"
    EU = "EU", "Kaleyra Europe (api.eu.kaleyra.io)"
    NA = "NA", "Kaleyra North America (api.na.kaleyra.ai)"


class Account(models.Model):
    sid = models.CharField(max_length=32, unique=True, default=new_sid)
    name = models.CharField(max_length=100)
    region = models.CharField(max_length=2, choices=Region, default=Region.IN)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    retention_days = models.PositiveSmallIntegerField(default=90)
    kyc_status = models.CharField(max_length=12, choices=KycStatus, default=KycStatus.TO_DO)
    # The Sandbox approved it, nobody has looked: no real carrier may be used with that.
    is_kyc_by_sandbox = models.BooleanField(default=False)
    business_manager_id = models.CharField(max_length=32, blank=True)
    # Support enables the Fallback feature for an account (onboarding, last row).
    fallback_enabled_at = models.DateTimeField(null=True, blank=True)
    # Rules that an account may set for its own people.
    needs_second_factor = models.BooleanField(default=False)
    needs_other_publisher = models.BooleanField(default=False)  # than the last editor
    # Closed: nobody works in it and no key opens it; support can open it again.
    closed_at = models.DateTimeField(null=True, blank=True)
    # Where test sends go; the other three are only used for a target outside this installation.
    test_target = models.CharField(max_length=4, choices=TestTarget, default=TestTarget.HERE)
    test_target_sid = models.CharField(max_length=32, blank=True)
    test_target_workflow_id = models.CharField(max_length=64, blank=True)
    test_target_key_encrypted = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.sid})"

    @property
    def test_target_key(self) -> str:
        token = self.test_target_key_encrypted
        return decrypt(token) if token else ""

    @test_target_key.setter
    def test_target_key(self, value: str) -> None:
        self.test_target_key_encrypted = encrypt(value) if value else ""


def held(account: Account) -> Account:
    """The account's row as it is now, held until the transaction ends.

    Whoever counts rows of an account before adding one holds it, so that no two do so at once;
    rows that merely point at the account are not held up.
    """
    return Account.objects.select_for_update(no_key=True).get(pk=account.pk)


class TestRecipient(models.Model):
    """A number that `team` keys may send to and that the test page offers."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="test_recipients")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=60)
    number = models.CharField(max_length=15)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "number"], name="test_recipient_once_per_account"
            )
        ]

    def __str__(self) -> str:
        return self.name
