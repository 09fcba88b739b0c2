"""Know your customer: what an account tells about its company, and the documents that prove it."""

import uuid
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from .account import Account


class Company(models.Model):
    """Company details; when and how they were decided stands in the reviews of the account."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="company")
    legal_name = models.CharField(max_length=120)
    registration_number = models.CharField(max_length=40, blank=True)
    tax_number = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=200)
    city = models.CharField(max_length=80)
    postal_code = models.CharField(max_length=16)
    country = models.CharField(max_length=2)  # ISO 3166-1
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.legal_name


class DocumentKind(models.TextChoices):
    IDENTITY = "identity", "Proof of identity"
    ADDRESS = "address", "Proof of the company's address"
    TAX = "tax", "Tax registration (PAN, VAT, GST)"
    OTHER = "other", "Something else"


class CompanyDocument(models.Model):
    """One uploaded proof. The file lies outside everything that is served (STORAGES["documents"]),
    under a name of our own; the given name is for people only."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="documents")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=DocumentKind)
    file_name = models.CharField(max_length=120)  # as given, made harmless
    content_type = models.CharField(max_length=40)  # as the file itself says
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    stored_name = models.CharField(max_length=80, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.file_name


@receiver(post_delete, sender=CompanyDocument)
def remove_file(instance: CompanyDocument, **kwargs: Any) -> None:
    """No row, no file: also when the row goes with its account, where no verb is asked."""
    name = instance.stored_name
    transaction.on_commit(lambda: storages["documents"].delete(name))
