"""People and what they may do: users, memberships with a role, and the API keys of machines."""

import contextlib
import functools
import hashlib
import hmac
import ipaddress
import secrets
import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .account import Account


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        from allauth.account.models import EmailAddress  # it needs this module first

        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        # Whoever makes a person here vouches for the address; sign-up has it proved by a code.
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    """Somebody who signs in with an e-mail address. Support staff are `is_staff`."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.email


class Role(models.TextChoices):
    """What a person may do in an account; each role may do all that the one before may."""

    VIEWER = "viewer", "Viewer"
    TESTER = "tester", "Tester"
    MARKETER = "marketer", "Marketer"
    ADMIN = "admin", "Admin"

    def reaches(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Membership(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="member_once_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}: {self.role}"

    @property
    def public_id(self) -> uuid.UUID:
        """A seat is known by the person who sits on it."""
        return self.user.public_id


class Invitation(models.Model):
    """An offer to join an account: a link that works once, for a while; only its hash is stored."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="invitations")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="invitation_open_once_per_address",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.account}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()


class KeyKind(models.TextChoices):
    LIVE = "live", "Live"  # sends for real
    TEAM = "team", "Team"  # only to the account's test recipients
    TEST = "test", "Test"  # every step is played by the Sandbox carrier


def hash_secret(secret: str) -> str:
    """SHA-256 of a key secret. Secrets are 128 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@functools.lru_cache(maxsize=1024)
def _bounds(ip_ranges: tuple[str, ...]) -> tuple[tuple[int, int, int], ...]:
    """Version, first and last address of each range; one that cannot be read allows nobody.

    Read once: it takes a hundred times longer than to look into it, and a caller could tell.
    """
    found = []
    for text in ip_ranges:
        with contextlib.suppress(ValueError):
            network = ipaddress.ip_network(text, strict=False)
            found.append((network.version, int(network[0]), int(network[-1])))
    return tuple(found)


class ApiKey(models.Model):
    """A secret of one account for the Invocation API; only its hash is stored."""

    PREFIX_LENGTH = 5

    account = models.ForeignKey(Account, models.CASCADE, related_name="api_keys")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=4, choices=KeyKind, default=KeyKind.TEST)
    prefix = models.CharField(max_length=8, editable=False)
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    ip_ranges = models.JSONField(default=list, blank=True)  # ["203.0.113.0/24"]; empty: anywhere
    # Made for one test send: its executions are marked as tests, and no list shows it.
    is_for_test_send = models.BooleanField(default=False, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(
        cls,
        account: Account,
        *,
        name: str,
        kind: KeyKind,
        by: User | None = None,
        is_for_test_send: bool = False,
        ip_ranges: Sequence[str] = (),
    ) -> tuple["ApiKey", str]:
        """Make a key; returns it with its secret (`A` and 32 hex digits), shown only this once."""
        secret = "A" + secrets.token_hex(16)
        key = cls.objects.create(
            account=account,
            name=name,
            kind=kind,
            created_by=by,
            is_for_test_send=is_for_test_send,
            ip_ranges=list(ip_ranges),
            prefix=secret[: cls.PREFIX_LENGTH],
            secret_hash=hash_secret(secret),
        )
        return key, secret

    def matches(self, secret: str) -> bool:
        return hmac.compare_digest(self.secret_hash, hash_secret(secret))

    def allows_address(self, address: str) -> bool:
        """Every range is looked at, whichever fits: the time does not tell which."""
        try:
            caller = ipaddress.ip_address(address)
        except ValueError:  # an address that cannot be read is let in only where all are
            return not self.ip_ranges
        version, number = caller.version, int(caller)
        bounds = _bounds(tuple(self.ip_ranges))
        inside = [v == version and low <= number <= high for v, low, high in bounds]
        return not self.ip_ranges or any(inside)

    def revoke(self) -> bool:
        """Stop the key for good; False when it was revoked already."""
        changed = ApiKey.objects.filter(pk=self.pk, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        return changed == 1
