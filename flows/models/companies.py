"""What a company hands in to be known: its details, its documents, its Business Manager ID.

Every verb changes rows and writes its audit entry in one transaction. While people or the Sandbox
check what was handed in, and after they approved it, nothing of it changes; what only the Sandbox
has approved may still be put right, for the real check.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import transaction

from flows.file_kinds import harmless_name, kind_of

from . import audit, reviews
from .account import Account, KycStatus, held
from .company import Company, CompanyDocument
from .people import User
from .refusals import Refused
from .review import Decision, Review, ReviewKind

MOST_DOCUMENTS = 20
FIELDS = (
    "legal_name", "registration_number", "tax_number", "address", "city", "postal_code", "country",
)  # fmt: skip


class CompanyRefused(Refused):
    """Nothing of the company was changed."""


class NotADocument(CompanyRefused):
    """The file is none of the kinds that are taken."""


@dataclass(frozen=True)
class Checking:
    """How far the check of a company is: the request that waits, and the last answer of people or
    the Sandbox."""

    open: Review | None
    answered: Review | None
    is_settled: bool  # approved, and not by the Sandbox alone

    @property
    def may_change(self) -> bool:
        return self.open is None and not self.is_settled


def checking_of(account: Account) -> Checking:
    rows = Review.objects.filter(account=account, kind=ReviewKind.KYC).order_by("-id")
    rows = rows.select_related("asked_by", "decided_by")
    answers = rows.filter(decision__in=[Decision.APPROVED, Decision.REJECTED])
    is_settled = account.kyc_status == KycStatus.APPROVED and not account.is_kyc_by_sandbox
    return Checking(rows.filter(decision=Decision.OPEN).first(), answers.first(), is_settled)


def save(account: Account, details: Mapping[str, str], *, by: User) -> Company:
    """Keep the company details (`FIELDS`)."""
    with transaction.atomic():
        _require_changeable(account)
        company = Company.objects.filter(account=account).first()
        before = _details(company) if company else None
        company = company or Company(account=account)
        for name in FIELDS:
            setattr(company, name, details[name])
        after = _details(company)
        if before != after:
            company.save()
            _log(account, "company.save", by=by, of=company, before=before, after=after)
    return company


def add_document(
    account: Account, file: BinaryIO, *, kind: str, given_name: str, by: User
) -> CompanyDocument:
    """Keep a document under a name of our own, whatever it is called; its bytes say what it is."""
    is_a = kind_of(file)
    if is_a is None:
        raise NotADocument(
            "This is not a whole PDF, PNG or JPEG. Save it as one of these and choose that file."
        )
    size, digest = _measured(file)
    with transaction.atomic():
        _require_changeable(account)
        if CompanyDocument.objects.filter(account=account).count() >= MOST_DOCUMENTS:
            raise CompanyRefused(
                f"An account can have {MOST_DOCUMENTS} documents. Delete one that is not needed."
            )
        document = CompanyDocument(
            account=account,
            kind=kind,
            file_name=harmless_name(given_name, is_a),
            content_type=is_a.media_type,
            size=size,
            sha256=digest,
            stored_name=f"{account.sid}/{secrets.token_hex(16)}",
            uploaded_by=by,
        )
        document.save()
        _log(account, "document.upload", by=by, of=document, after=_facts(document))
        # Last, so that nothing is left behind when one of the above is refused.
        _storage().save(document.stored_name, File(file))
    return document


def remove_document(document: CompanyDocument, *, by: User) -> None:
    """The row; its file follows once that is certain (company.py)."""
    with transaction.atomic():
        _require_changeable(document.account)
        _log(document.account, "document.delete", by=by, of=document, before=_facts(document))
        document.delete()


def open_document(document: CompanyDocument, *, by: User) -> "File[bytes]":
    """The file, for reading; that somebody read it is written down."""
    try:
        file = _storage().open(document.stored_name)
    except FileNotFoundError as error:
        raise CompanyRefused("The file of this document is lost. Upload it again.") from error
    _log(document.account, "document.download", by=by, of=document)
    return file


def submit(account: Account, *, by: User) -> Review:
    """Hand in what is there; needs company details and a document."""
    with transaction.atomic():
        _require_changeable(account)
        if not Company.objects.filter(account=account).exists():
            raise CompanyRefused("Add the company details first.")
        if not CompanyDocument.objects.filter(account=account).exists():
            raise CompanyRefused("Upload at least one document first.")
        return reviews.submit_company(account, by=by)


def save_business_manager(account: Account, business_manager_id: str, *, by: User) -> None:
    with transaction.atomic():
        before = held(account).business_manager_id
        if before == business_manager_id:
            return
        Account.objects.filter(pk=account.pk).update(business_manager_id=business_manager_id)
        account.business_manager_id = business_manager_id
        _log(
            account,
            "account.business_manager",
            by=by,
            of=account,
            before={"business_manager_id": before},
            after={"business_manager_id": business_manager_id},
        )


def why_fixed(account: Account) -> str:
    """Why nothing of it can be changed now, as a sentence; empty when it can."""
    checking = checking_of(account)
    if checking.open:
        return "This is being checked. Withdraw the request to change anything."
    if checking.is_settled:
        return "This is approved and can no longer be changed. Ask support."
    return ""


def _require_changeable(account: Account) -> None:
    if sentence := why_fixed(held(account)):
        raise CompanyRefused(sentence)


def _measured(file: BinaryIO) -> tuple[int, str]:
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while part := file.read(64 * 1024):
        digest.update(part)
        size += len(part)
    file.seek(0)
    return size, digest.hexdigest()


def _storage() -> Storage:
    return storages["documents"]


def _details(company: Company) -> dict[str, str]:
    return {name: getattr(company, name) for name in FIELDS}


def _facts(document: CompanyDocument) -> dict[str, Any]:
    return {
        "kind": document.kind,
        "file_name": document.file_name,
        "content_type": document.content_type,
        "size": document.size,
        "sha256": document.sha256,
    }


def _log(
    account: Account, action: str, *, by: User, of: Any, before: Any = None, after: Any = None
) -> None:
    audit.record(account, action, by=by, of=of, label=str(of), before=before, after=after)
