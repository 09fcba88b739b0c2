"""Documents of a company: what is taken, what is refused, and how they are given back."""

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.models import (
    Account,
    AuditEntry,
    CompanyDocument,
    KycStatus,
    Role,
    User,
    companies,
    reviews,
)
from flows.sample_pdf import sample_pdf
from flows.views import uploads
from tests import cast
from tests.pure.test_file_kinds import jpeg, png

pytestmark = pytest.mark.django_db
PDF = sample_pdf(["Proof"])
BOUNDARY = "BoUnDaRy"


@pytest.fixture
def company(bare_account: Account) -> Account:
    """An account that is free to upload."""
    return bare_account


@pytest.fixture
def owner(company: Account) -> User:
    return cast.make_person(company, Role.ADMIN, name="Olga")


def signed_in(user: User, **kwargs: Any) -> Client:
    client = Client(**kwargs)
    client.force_login(user)
    return client


@pytest.fixture
def as_owner(owner: User) -> Client:
    return signed_in(owner)


def new(account: Account) -> str:
    return reverse("document-create", args=[account.sid])


def upload(client: Client, account: Account, content: bytes, name: str = "proof.pdf") -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(new(account), {"kind": "identity", "file": file}, follow=True)


@pytest.fixture
def on_disk(own_documents: Path) -> Callable[[Account], list[Path]]:
    return lambda account: [p for p in (own_documents / account.sid).rglob("*") if p.is_file()]


@pytest.fixture
def no_temporary_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is kept of an upload fails the test."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a part of a file was kept")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", refuse)
    yield


# --- What is taken -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "shown", "media_type"),
    [
        (PDF, "proof.pdf", "proof.pdf", "application/pdf"),
        (png(), "scan.png", "scan.png", "image/png"),
        (jpeg(), "photo.JPEG", "photo.JPEG", "image/jpeg"),
        (png(), "scan.exe", "scan.exe.png", "image/png"),
        (PDF, "page.html", "page.html.pdf", "application/pdf"),
    ],
)
def test_the_bytes_say_what_a_document_is(
    as_owner: Client,
    company: Account,
    on_disk: Callable[[Account], list[Path]],
    content: bytes,
    name: str,
    shown: str,
    media_type: str,
) -> None:
    page = upload(as_owner, company, content, name)
    assert f"“{shown}” was uploaded" in page.content.decode()
    document = CompanyDocument.objects.get()
    assert (document.file_name, document.content_type) == (shown, media_type)
    [file] = on_disk(company)
    assert file.read_bytes() == content
    assert name.split(".")[0] not in file.name
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_log_keeps_what_was_uploaded(as_owner: Client, company: Account) -> None:
    upload(as_owner, company, PDF)
    entry = AuditEntry.objects.get(action="document.upload")
    document = CompanyDocument.objects.get()
    assert entry.after["sha256"] == document.sha256
    assert (entry.object_id, entry.ip) == (str(document.public_id), "127.0.0.1")
    assert len(PDF) == document.size


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("proof.pdf", b"MZ\x90\x00" + b"\0" * 500, "not a PDF, PNG or JPEG"),
        ("proof.png", b"\x7fELF" + b"\0" * 500, "not a PDF, PNG or JPEG"),
        ("proof.pdf", b"<!doctype html><script>alert(1)</script>", "not a PDF, PNG or JPEG"),
        ("proof.png", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a PDF, PNG or JPEG"),
        ("proof.pdf", b" " + PDF, "not a PDF, PNG or JPEG"),
        ("proof.pdf", PDF + b"<script>alert(1)</script>", "not a whole PDF"),
        ("proof.pdf", PDF[:-40], "not a whole PDF"),
        ("proof.png", png()[:-4], "not a whole PDF"),
        ("proof.txt", b"hello", "not a whole PDF"),
        ("proof.pdf", b"", "The file is empty"),
    ],
)
def test_what_is_no_document_is_refused_with_a_sentence(
    as_owner: Client,
    company: Account,
    on_disk: Callable[[Account], list[Path]],
    name: str,
    content: bytes,
    sentence: str,
) -> None:
    page = upload(as_owner, company, content, name)
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert "Error:" in page.content.decode()
    assert not CompanyDocument.objects.exists()
    assert not on_disk(company)


def test_no_file_and_no_kind_are_asked_for(as_owner: Client, company: Account) -> None:
    page = as_owner.post(new(company), {})
    assert page.status_code == 422
    assert "Choose a file" in page.content.decode()
    assert "Choose what the document proves" in page.content.decode()


def test_what_was_chosen_stays_when_the_file_is_refused(as_owner: Client, company: Account) -> None:
    page = upload(as_owner, company, b"MZ" + b"\0" * 90)
    assert '<option value="identity" selected>' in page.content.decode()


@pytest.mark.parametrize("name", ["file", "other"])
def test_two_files_are_one_too_many(
    as_owner: Client, company: Account, on_disk: Callable[[Account], list[Path]], name: str
) -> None:
    files = {
        "kind": "identity",
        "file": SimpleUploadedFile("a.pdf", PDF),
        name + ("" if name == "other" else " "): SimpleUploadedFile("b.pdf", PDF),
    }
    page = as_owner.post(new(company), files)
    assert page.status_code == 422
    assert "one file at a time" in page.content.decode()
    assert not on_disk(company)


def test_an_unknown_kind_is_refused(as_owner: Client, company: Account) -> None:
    posted = {"kind": "passport", "file": SimpleUploadedFile("a.pdf", PDF)}
    page = as_owner.post(new(company), posted)
    assert page.status_code == 422
    assert not CompanyDocument.objects.exists()


# --- Too much ------------------------------------------------------------------------------------


class Endless(io.RawIOBase):
    """A body that goes on and on; counts what was read of it."""

    def __init__(self, beginning: bytes) -> None:
        self.beginning = beginning
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = 65_536 if size < 0 else size
        part, self.beginning = self.beginning[:size], self.beginning[size:]
        part += b"0" * (size - len(part))
        self.given += size
        return part


def part(name: str, content: bytes, file_name: str = "") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    head += f'; filename="{file_name}"' if file_name else ""
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


def body_of(content: bytes) -> bytes:
    return part("kind", b"identity") + part("file", content, "proof.pdf").removesuffix(b"\r\n")


def send(client: Client, account: Account, body: Endless, length: int | None) -> Any:
    """As the web process hands it over: `length` is what the request says, true or not."""
    said = {} if length is None else {"CONTENT_LENGTH": str(length)}
    return client.generic(
        "POST",
        new(account),
        CONTENT_TYPE=f"multipart/form-data; boundary={BOUNDARY}",
        **{"wsgi.input": body, "CONTENT_LENGTH": "", **said},
    )


def test_fifty_megabytes_are_refused_before_a_byte_is_read(
    as_owner: Client, company: Account, no_temporary_file: None
) -> None:
    body = Endless(body_of(PDF))
    page = send(as_owner, company, body, 50 * 1024 * 1024)
    assert page.status_code == 413
    assert "larger than 10 MB" in page.content.decode()
    assert body.given == 0


def test_reading_stops_where_it_is_too_much(
    as_owner: Client,
    company: Account,
    on_disk: Callable[[Account], list[Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit is made small, so that the rest of the form fits below what may be said."""
    monkeypatch.setattr(uploads, "MAX_BYTES", 200_000)
    monkeypatch.setattr(uploads, "_FORM_AROUND", 50_000_000)
    body = Endless(body_of(PDF))
    page = send(as_owner, company, body, 50_000_000)
    assert page.status_code == 413
    assert body.given < 500_000
    assert not on_disk(company)


def test_a_program_is_not_even_read_to_its_end(
    as_owner: Client, company: Account, on_disk: Callable[[Account], list[Path]]
) -> None:
    body = Endless(body_of(b"MZ\x90\x00"))
    page = send(as_owner, company, body, 9_000_000)
    assert page.status_code == 422
    assert body.given <= 200_000


@pytest.mark.parametrize("length", [None, 300])
def test_no_more_is_read_than_the_request_says(
    as_owner: Client, company: Account, length: int | None
) -> None:
    body = Endless(body_of(PDF))
    page = send(as_owner, company, body, length)
    assert page.status_code == 422
    assert body.given <= (length or 0)
    assert not CompanyDocument.objects.exists()


@pytest.mark.parametrize("said", ["-5", "many", "1e9", "９９"])
def test_a_length_that_is_no_number_is_no_length(
    as_owner: Client, company: Account, said: str
) -> None:
    request = WSGIRequest(
        {"REQUEST_METHOD": "POST", "wsgi.input": Endless(b""), "CONTENT_LENGTH": said}
    )
    assert uploads.read_one_document(request).problem == ""


def test_twenty_documents_are_the_most(as_owner: Client, company: Account) -> None:
    for _ in range(companies.MOST_DOCUMENTS - 1):
        cast.make_document(company)
    assert upload(as_owner, company, PDF).status_code == 200
    page = upload(as_owner, company, PDF)
    assert page.status_code == 422
    assert "An account can have 20 documents" in page.content.decode()
    detail = as_owner.get(reverse("company-detail", args=[company.sid])).content.decode()
    assert new(company) not in detail


# --- Names ---------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(name=st.text(min_size=1, max_size=200))
def test_no_name_gets_anywhere(
    name: str, as_owner: Client, company: Account, own_documents: Path
) -> None:
    CompanyDocument.objects.all().delete()
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "")
    body = part("kind", b"identity")
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"'
    body += head.encode() + b"\r\n\r\n" + PDF + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    answer = as_owner.post(new(company), body, content_type=kind)
    if document := CompanyDocument.objects.first():
        stored = (own_documents / document.stored_name).resolve()
        assert stored.is_relative_to((own_documents / company.sid).resolve())
        assert stored.name.isalnum()
        assert document.file_name.endswith((".pdf", ".PDF"))
        download = as_owner.get(
            reverse("document-download", args=[company.sid, document.public_id])
        )
        assert download["Content-Disposition"].startswith("attachment; filename")
        assert "\n" not in download["Content-Disposition"]
        assert b"".join(download) == PDF  # type: ignore[arg-type]
    else:
        assert answer.status_code == 422  # a name of nothing is no file


# --- Who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["marketer", "tester", "viewer", "stranger", "nobody"])
def test_nobody_else_uploads_and_nothing_of_it_is_kept(
    company: Account, owner: User, no_temporary_file: None, who: str
) -> None:
    client = Client()
    if who == "stranger":
        client = signed_in(cast.make_person(cast.make_account("Globex"), Role.ADMIN))
    elif who != "nobody":
        client = signed_in(cast.make_person(company, Role(who)))
    body = Endless(body_of(PDF))
    answer = send(client, company, body, 1_000_000)
    assert answer.status_code == {"stranger": 404, "nobody": 302}.get(who, 403)
    assert body.given == 0
    assert not CompanyDocument.objects.exists()


def test_an_upload_without_its_token_is_refused(
    company: Account, owner: User, on_disk: Callable[[Account], list[Path]]
) -> None:
    client = signed_in(owner, enforce_csrf_checks=True)
    assert upload(client, company, PDF).status_code == 403
    assert not CompanyDocument.objects.exists()
    page = client.get(new(company))
    token = client.cookies["csrftoken"].value
    assert "csrfmiddlewaretoken" in page.content.decode()
    posted = {
        "csrfmiddlewaretoken": token,
        "kind": "identity",
        "file": SimpleUploadedFile("a.pdf", PDF),
    }
    assert client.post(new(company), posted).status_code == 302
    assert len(on_disk(company)) == 1


@pytest.mark.parametrize("who", ["marketer", "viewer", "stranger", "nobody"])
def test_nobody_else_fetches_or_deletes(company: Account, owner: User, who: str) -> None:
    document = cast.make_document(company)
    client = Client()
    if who == "stranger":
        client = signed_in(cast.make_person(cast.make_account("Globex"), Role.ADMIN))
    elif who != "nobody":
        client = signed_in(cast.make_person(company, Role(who)))
    expected = {"stranger": 404, "nobody": 302}.get(who, 403)
    for name in ("document-download", "document-delete"):
        path = reverse(name, args=[company.sid, document.public_id])
        assert client.get(path).status_code == expected
        assert client.post(path).status_code in (expected, 405)
    assert CompanyDocument.objects.exists()
    assert not AuditEntry.objects.filter(action="document.download").exists()


def test_a_document_is_in_no_other_account(as_owner: Client, company: Account) -> None:
    theirs = cast.make_document(cast.make_account("Globex"))
    path = reverse("document-download", args=[company.sid, theirs.public_id])
    assert as_owner.get(path).status_code == 404


# --- Back again ----------------------------------------------------------------------------------


def test_a_download_is_saved_and_never_shown(as_owner: Client, company: Account) -> None:
    document = cast.make_document(company, content=PDF, file_name="Ausweis „Jörg“.pdf")
    answer = as_owner.get(reverse("document-download", args=[company.sid, document.public_id]))
    assert answer.streaming
    assert b"".join(answer) == PDF  # type: ignore[arg-type]
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "private, no-store"
    entry = AuditEntry.objects.get(action="document.download")
    assert entry.object_label == "Ausweis „Jörg“.pdf"


def test_support_may_fetch_and_is_in_the_log(company: Account, owner: User, settings: Any) -> None:
    document = cast.make_document(company, content=PDF)
    sue = cast.make_person(None, Role.ADMIN, name="Sue", is_staff=True)
    path = reverse("support-document", args=[document.public_id])
    answer = signed_in(sue).get(path)
    assert b"".join(answer) == PDF  # type: ignore[arg-type]
    assert AuditEntry.objects.get(action="document.download").actor == sue
    assert signed_in(owner).get(path).status_code == 403


def test_a_file_that_is_lost_is_a_page_and_no_crash(
    as_owner: Client, company: Account, own_documents: Path
) -> None:
    document = cast.make_document(company)
    (own_documents / document.stored_name).unlink()
    page = as_owner.get(reverse("document-download", args=[company.sid, document.public_id]))
    assert page.status_code == 404
    assert "Upload it again" in page.content.decode()


def test_a_deleted_document_leaves_no_file(
    as_owner: Client,
    company: Account,
    on_disk: Callable[[Account], list[Path]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    upload(as_owner, company, PDF)
    document = CompanyDocument.objects.get()
    path = reverse("document-delete", args=[company.sid, document.public_id])
    assert "removed for good" in as_owner.get(path).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        as_owner.post(path)
    assert not CompanyDocument.objects.exists()
    assert not on_disk(company)
    assert AuditEntry.objects.filter(action="document.delete").exists()


def test_with_an_account_go_its_files(
    company: Account,
    owner: User,
    on_disk: Callable[[Account], list[Path]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    companies.add_document(company, io.BytesIO(PDF), kind="other", given_name="a", by=owner)
    assert on_disk(company)
    with django_capture_on_commit_callbacks(execute=True):
        company.delete()
    assert not on_disk(company)


@pytest.mark.parametrize("state", ["in review", "approved"])
def test_nothing_changes_while_it_is_checked_or_after(
    as_owner: Client, company: Account, owner: User, no_temporary_file: None, state: str
) -> None:
    cast.make_company(company)
    document = cast.make_document(company)
    review = reviews.submit_company(company, by=owner)
    if state == "approved":
        reviews.approve(review, by=owner)
    before = list(CompanyDocument.objects.values())
    for path, posted in (
        (new(company), {"kind": "tax", "file": SimpleUploadedFile("a.pdf", PDF)}),
        (reverse("document-delete", args=[company.sid, document.public_id]), {}),
        (reverse("company-edit", args=[company.sid]), {"legal_name": "Other"}),
    ):
        page = as_owner.post(path, posted, follow=True)
        words = "approved" if state == "approved" else "being checked"
        assert words in page.content.decode()
    assert list(CompanyDocument.objects.values()) == before
    assert company.company.legal_name == "Acme Retail Ltd"


def test_what_only_the_sandbox_approved_can_be_put_right(
    as_owner: Client, company: Account
) -> None:
    Account.objects.update(kyc_status=KycStatus.APPROVED, is_kyc_by_sandbox=True)
    assert upload(as_owner, company, PDF).status_code == 200
    assert CompanyDocument.objects.count() == 1
