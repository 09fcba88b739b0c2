"""What a file is by its bytes, and what its name becomes."""

import io
import struct
import unicodedata
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.file_kinds import JPEG, MAX_NAME, PDF, PNG, FileKind, harmless_name, kind_of
from flows.sample_pdf import sample_pdf


def chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png() -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )


def jpeg() -> bytes:
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    size = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\x34"
    return b"\xff\xd8" + app0 + size + scan + b"\xff\xd9"


def kind(content: bytes) -> FileKind | None:
    return kind_of(io.BytesIO(content))


WHOLE = {PDF: sample_pdf(["Hello"]), PNG: png(), JPEG: jpeg()}


@pytest.mark.parametrize("expected", WHOLE, ids=lambda kind: kind.media_type)
def test_a_whole_file_is_known_by_its_bytes(expected: FileKind) -> None:
    assert kind(WHOLE[expected]) is expected


@pytest.mark.parametrize("is_a", WHOLE, ids=lambda kind: kind.media_type)
def test_a_file_that_was_cut_off_is_none(is_a: FileKind) -> None:
    content = WHOLE[is_a]
    for length in range(len(content) - 1):
        assert kind(content[:length]) is None, length


@pytest.mark.parametrize(
    "before", [b"MZ\x90\x00", b"<html>", b" ", b"\x7fELF", b"PK\x03\x04", b"GIF89a"]
)
@pytest.mark.parametrize("is_a", WHOLE, ids=lambda kind: kind.media_type)
def test_a_file_that_begins_as_something_else_is_none(is_a: FileKind, before: bytes) -> None:
    assert kind(before + WHOLE[is_a]) is None


@pytest.mark.parametrize("after", [b"<script>alert(1)</script>", b"PK\x05\x06" + b"\0" * 18])
@pytest.mark.parametrize("is_a", [PDF, PNG], ids=lambda kind: kind.media_type)
def test_a_file_with_something_behind_its_end_is_none(is_a: FileKind, after: bytes) -> None:
    assert kind(WHOLE[is_a] + after) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.4",
        b"MZ" + b"\0" * 200,
        b"<!doctype html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"GIF89a" + b"\0" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"\xff\xd8\xff\xe0" + b"\0" * 100,
        b"%PDF-1.4\n<script>alert(1)</script>",
    ],
)
def test_what_is_none_of_ours_is_none(content: bytes) -> None:
    assert kind(content) is None


def test_a_png_with_a_wrong_check_sum_is_none() -> None:
    content = bytearray(png())
    content[20] ^= 1
    assert kind(bytes(content)) is None


def test_a_camera_may_put_a_second_picture_behind_the_first() -> None:
    assert kind(jpeg() + b"\0" * 50 + jpeg()) is JPEG


def test_a_picture_of_endless_parts_is_given_up() -> None:
    parts = chunk(b"tEXt", b"") * 30_000
    assert kind(png()[:33] + parts + png()[33:]) is None
    assert kind(jpeg()[:2] + b"\xff\xfe\x00\x02" * 30_000 + jpeg()[2:]) is None
    assert kind(jpeg()[:2] + b"\xff" * 20 + jpeg()[2:]) == JPEG, "a few bytes of filling are fine"
    assert kind(jpeg()[:2] + b"\xff" * 30_000 + jpeg()[2:]) is None


@given(
    st.binary(max_size=400), st.sampled_from([b"", *(content[:40] for content in WHOLE.values())])
)
def test_no_bytes_make_it_fail(content: bytes, beginning: bytes) -> None:
    kind(beginning + content)


# --- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("proof.pdf", "proof.pdf"),
        ("Ausweis von Jörg.PDF", "Ausweis von Jörg.PDF"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\proof.pdf", "proof.pdf"),
        ("proof.exe", "proof.exe.pdf"),
        ("proof.pdf.exe", "proof.pdf.exe.pdf"),
        ("proof\x00.pdf", "proof.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie_ x.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe.pdf"),
        ("", "document.pdf"),
        ("..", "document.pdf"),
        (".pdf", "pdf.pdf"),
        (".htaccess", "htaccess.pdf"),
        ('a"b<c>.pdf', "a_b_c_.pdf"),
        ("x" * 500 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_name_is_made_harmless(given_name: str, expected: str) -> None:
    assert harmless_name(given_name, PDF) == expected


@given(st.text(alphabet=st.characters(), max_size=300), st.sampled_from(list(WHOLE)))
def test_every_name_becomes_one_that_can_be_shown_and_saved(
    given_name: str, is_a: FileKind
) -> None:
    name = harmless_name(given_name, is_a)
    assert 0 < len(name) <= MAX_NAME
    assert name.lower().endswith(is_a.endings)
    assert not set(name) & set('/\\<>:"|?*\0')
    assert not any(unicodedata.category(c)[0] == "C" for c in name)
    assert not name.startswith((".", " "))
    assert harmless_name(name, is_a) == name
    name.encode()
