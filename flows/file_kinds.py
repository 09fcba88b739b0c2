"""What a file is, by its own bytes: PDF, PNG or JPEG, from the first byte on, and complete.

The name and the type that the sender gives are never asked: a renamed program, a page, or a file
that begins as something else is none of the three. Nothing is decoded, so nothing can blow up.
"""

import unicodedata
import zlib
from dataclasses import dataclass
from typing import BinaryIO

MAX_NAME = 120
BEGINNING = 8  # bytes that tell what a file may be
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_PDF = (b"%PDF-1.", b"%PDF-2.")
_PDF_TAIL = 2048
_BLANK = b"\x00\t\n\x0c\r "
_COPY = 64 * 1024
_MOST_FILL = 64  # bytes between two parts of a JPEG
_MOST_PARTS = 20_000  # of a picture; more are made to cost time


@dataclass(frozen=True)
class FileKind:
    """One kind of file that is taken; the first ending is the one it is given."""

    media_type: str
    endings: tuple[str, ...]


PDF = FileKind("application/pdf", (".pdf",))
PNG = FileKind("image/png", (".png",))
JPEG = FileKind("image/jpeg", (".jpg", ".jpeg"))


def may_become(beginning: bytes) -> FileKind | None:
    """What a file that begins so claims to be; to stop reading what is none of them."""
    if beginning.startswith(_PNG):
        return PNG
    if beginning.startswith(_JPEG):
        return JPEG
    return PDF if beginning.startswith(_PDF) else None


def kind_of(file: BinaryIO) -> FileKind | None:
    """The kind of this file, or None when it is none of ours, cut off, or something more."""
    file.seek(0)
    kind = may_become(file.read(BEGINNING))
    is_whole = {PDF: _is_pdf, PNG: _is_png, JPEG: _is_jpeg}
    return kind if kind and is_whole[kind](file) else None


def _is_pdf(file: BinaryIO) -> bool:
    """Ends as a PDF ends: where its index starts, the end mark, and nothing after it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _PDF_TAIL))
    tail = file.read().rstrip(_BLANK)
    return tail.endswith(b"%%EOF") and b"startxref" in tail


def _is_png(file: BinaryIO) -> bool:
    """Chunk after chunk with right check sums, from IHDR to IEND, and nothing after it."""
    file.seek(len(_PNG))
    has_data = False
    for number in range(_MOST_PARTS):
        head = file.read(8)
        length, name = int.from_bytes(head[:4]), head[4:]
        if len(head) < 8 or not _is_summed(file, name, length):
            return False
        if (number == 0) != (name == b"IHDR"):
            return False
        has_data = has_data or name == b"IDAT"
        if name == b"IEND":
            return has_data and not file.read(1)
    return False


def _is_summed(file: BinaryIO, name: bytes, length: int) -> bool:
    found = zlib.crc32(name)
    while length:
        part = file.read(min(length, _COPY))
        if not part:
            return False
        found, length = zlib.crc32(part, found), length - len(part)
    return file.read(4) == found.to_bytes(4)


def _is_jpeg(file: BinaryIO) -> bool:
    """Segment after segment to the picture's data, with its size told before, and its end.

    Cameras put more behind the end mark (a second picture, a film); that is let be.
    """
    file.seek(2)
    has_size = False
    for _ in range(_MOST_PARTS):
        mark = file.read(2)
        for _ in range(_MOST_FILL):
            if mark != b"\xff\xff":
                break
            mark = b"\xff" + file.read(1)
        if len(mark) < 2 or mark[0] != 0xFF:
            return False
        if mark[1] == 0xDA:  # the data follow
            return has_size and _has_end_mark(file)
        length = int.from_bytes(file.read(2))
        segment = file.read(max(0, length - 2))
        if length < 2 or len(segment) != length - 2:
            return False
        if 0xC0 <= mark[1] <= 0xCF and mark[1] not in (0xC4, 0xC8, 0xCC):
            has_size = len(segment) >= 6 and any(segment[3:5])
    return False


def _has_end_mark(file: BinaryIO) -> bool:
    last = b""
    while part := file.read(_COPY):
        if b"\xff\xd9" in last + part:
            return True
        last = part[-1:]
    return False


def harmless_name(given: str, kind: FileKind) -> str:
    """The given name as it may be shown and offered for saving: no path, no control characters,
    nothing that hides or turns around its ending, not too long, and with the ending it deserves."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    text = unicodedata.normalize("NFC", last)
    seen = "".join(" " if c.isspace() else c for c in text if c.isspace() or _is_seen(c))
    stem = " ".join(seen.split()).strip(" .")
    ending = kind.endings[0]
    for known in kind.endings:
        if stem.lower().endswith(known):
            ending, stem = stem[-len(known) :], stem[: -len(known)].rstrip(" .")
            break
    stem = "".join("_" if c in '<>:"|?*' else c for c in stem)
    return (stem[: MAX_NAME - len(ending)].rstrip(" .") or "document") + ending


def _is_seen(character: str) -> bool:
    """Not a control, a format (bidirectional marks), a surrogate, private or unassigned one."""
    return unicodedata.category(character)[0] != "C"
