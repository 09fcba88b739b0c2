"""A small PDF of one page, made by hand: the document that a sample company hands in."""

from collections.abc import Sequence


def sample_pdf(lines: Sequence[str]) -> bytes:
    """One A4 page with these lines; ASCII without brackets and backslashes."""
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    text = f"BT /F1 14 Tf 20 TL 72 770 Td {shown} ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    index = len(file)
    entries = b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, entries)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return file + b"startxref\n%d\n%%%%EOF\n" % index
