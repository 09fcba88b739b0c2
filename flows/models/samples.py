"""Everything that the onboarding asks for, as samples: for an account that lives in the Sandbox.

Uses the same verbs as the pages, so it can do nothing that a person could not; the Sandbox then
answers every request. What is there already is left alone, so it can be pressed again and again.
"""

import io
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from flows.placeholders import Channel, TemplateContent
from flows.sample_pdf import sample_pdf

from . import companies, connections, reviews, senders, templates, test_recipients
from .account import Account, KycStatus, held
from .asset import AssetStatus, Connection, Generation, Sender, Template
from .company import Company, CompanyDocument, DocumentKind
from .people import User
from .refusals import Refused
from .review import Decision, Review, ReviewKind

COMPANY: Mapping[str, str] = {
    "legal_name": "Sample Shop Ltd",
    "registration_number": "SAMPLE-0001",
    "tax_number": "",
    "address": "1 Sample Street",
    "city": "Sampleton",
    "postal_code": "10001",
    "country": "IN",
}
DOCUMENT_NAME = "sample-document.pdf"
DOCUMENT_LINES = (
    "Sample document",
    "This company does not exist. The Sandbox approves it;",
    "real carriers need real documents.",
)
BUSINESS_MANAGER_ID = "100000000000001"
# What a sample sender is called; the next one when one is taken.
NUMBERS = tuple(f"91804718220{digit}" for digit in range(10))
SENDER_IDS = ("SAMPLE", *(f"SAMPL{digit}" for digit in range(1, 10)))
# The Sandbox plays what the last four digits say.
TEST_RECIPIENTS = (
    ("Delivered", "919876540001"),
    ("Delivered and read", "919876540002"),
    ("Not on WhatsApp", "919876540003"),
    ("Never answers: times out", "919876540005"),
    ("Delivered too late", "919876540006"),
)
_ORDER = {"1": "Priya", "2": "A-58213", "3": "on Friday"}
_CODE = {"#verification_code#": "481623"}
TEMPLATES: tuple[tuple[TemplateContent, Mapping[str, str]], ...] = (
    (
        TemplateContent(
            channel=Channel.WHATSAPP,
            name="order_update",
            kind="text",
            category="utility",
            language="en",
            body="Hi {{1}}, your order *{{2}}* is on its way and arrives {{3}}.",
            footer="Sample Shop",
        ),
        _ORDER,
    ),
    (
        TemplateContent(
            channel=Channel.WHATSAPP,
            name="verification_code",
            kind="authentication",
            category="authentication",
            language="en",
            body="*{{1}}* is your verification code. For your security, do not share it.",
        ),
        _CODE,
    ),
    (
        TemplateContent(
            channel=Channel.SMS,
            name="Order update",
            kind="TXN",
            body="Hi {#var#}, your order {#var#} arrives {#var#}. Sample Shop",
        ),
        _ORDER,
    ),
    (
        TemplateContent(
            channel=Channel.SMS,
            name="Verification code",
            kind="OTP",
            body="{#var#} is your Sample Shop code, valid {#var#} min.",
        ),
        {**_CODE, "1": "10"},
    ),
)
_COUNTS = (AssetStatus.APPROVED, AssetStatus.PENDING)  # already there, or about to be


class SamplesRefused(Refused):
    """Nothing was filled in."""


def fill_in(account: Account, *, by: User) -> None:
    """Fill in whatever is missing and hand it in; all of it or nothing."""
    with transaction.atomic():
        account = held(account)
        if not reviews.lives_in_sandbox(account):
            raise SamplesRefused("Samples are for accounts that only send with the Sandbox.")
        sandbox = connections.use_sandbox(account, by=by)
        if not account.business_manager_id:
            companies.save_business_manager(account, BUSINESS_MANAGER_ID, by=by)
        _fill_in_senders(account, sandbox, by=by)
        _fill_in_templates(account, by=by)
        _fill_in_test_recipients(account, by=by)
        _ask_for_fallback(account, by=by)
        _fill_in_company(account, by=by)  # last: its file cannot be taken back with the rows


def _fill_in_senders(account: Account, sandbox: Connection, *, by: User) -> None:
    number = {"display_name": "Sample Shop", "generation": Generation.V1}
    for channel, identifiers, fields in (
        (Channel.WHATSAPP, NUMBERS, number),
        (Channel.SMS, SENDER_IDS, {"country": COMPANY["country"]}),
    ):
        there = Sender.objects.filter(account=account, channel=channel, deleted_at=None)
        usable = there.filter(status__in=_COUNTS, generation=fields.get("generation", ""))
        taken = set(there.values_list("identifier", flat=True))
        free = [identifier for identifier in identifiers if identifier not in taken]
        if usable.exists() or not free:
            continue
        sender = senders.create(
            account, by=by, channel=channel, identifier=free[0], connection=sandbox, **fields
        )
        reviews.submit_sender(sender, by=by)


def _fill_in_templates(account: Account, *, by: User) -> None:
    there = Template.objects.filter(account=account, deleted_at=None)
    served = set(there.filter(status__in=_COUNTS).values_list("channel", flat=True))
    taken = set(there.values_list("channel", "name"))
    for content, samples in TEMPLATES:
        if content.channel not in served:
            fresh = _renamed(content, taken)
            templates.submit(templates.create(account, fresh, samples, by=by), by=by)


def _renamed(content: TemplateContent, taken: set[tuple[str, str]]) -> TemplateContent:
    """The text under the first of its names that is free: order_update, order_update_2…"""
    between = "_" if content.channel is Channel.WHATSAPP else " "
    names = (f"{content.name}{between}{number}" for number in itertools.count(2))
    free = (n for n in itertools.chain([content.name], names) if (content.channel, n) not in taken)
    return replace(content, name=next(free))


def _fill_in_test_recipients(account: Account, *, by: User) -> None:
    there = set(account.test_recipients.values_list("number", flat=True))
    for name, number in TEST_RECIPIENTS:
        if number not in there and len(there) < test_recipients.MOST:
            test_recipients.add(account, name=name, number=number, by=by)
            there.add(number)


def _ask_for_fallback(account: Account, *, by: User) -> None:
    asked = Review.objects.filter(account=account, kind=ReviewKind.FALLBACK)
    if not account.fallback_enabled_at and not asked.filter(decision=Decision.OPEN).exists():
        reviews.ask_for_fallback(account, by=by)


def _fill_in_company(account: Account, *, by: User) -> None:
    if account.kyc_status not in (KycStatus.TO_DO, KycStatus.REJECTED):
        return
    if not Company.objects.filter(account=account).exists():
        companies.save(account, COMPANY, by=by)
    if not CompanyDocument.objects.filter(account=account).exists():
        file: Any = io.BytesIO(sample_pdf(DOCUMENT_LINES))
        kind = DocumentKind.OTHER
        companies.add_document(account, file, kind=kind, given_name=DOCUMENT_NAME, by=by)
    companies.submit(account, by=by)
