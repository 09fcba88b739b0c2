"""Show message pieces as WhatsApp shows them, as safe HTML; never lets a value act as markup."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from flows.placeholders import Piece

_TAGS = {"*": "strong", "_": "em", "~": "s"}
_BLOCK = "```"
_INLINE = "`"


class _Atom(NamedTuple):
    """One character of the template's own text, or one whole value that is never looked into."""

    text: str
    html: str
    is_own: bool

    def is_space(self) -> bool:
        return self.is_own and self.text.isspace()

    def is_word(self) -> bool:
        return not self.is_own or self.text.isalnum()


def to_html(pieces: Sequence[Piece]) -> str:
    """Escaped HTML with strong, em, s, code and mark; line breaks stay as they are (pre-wrap).

    Values are `<mark class="var">`, placeholders without a value `<mark class="var missing">`.
    """
    atoms = [atom for piece in pieces for atom in _atoms(piece)]
    return _render(atoms)


def _atoms(piece: Piece) -> list[_Atom]:
    if piece.kind == "text":
        return [_Atom(character, escape(character), True) for character in piece.text]
    css = "var" if piece.kind == "value" else "var missing"
    return [_Atom(piece.text, f'<mark class="{css}">{escape(piece.text)}</mark>', False)]


def _render(atoms: list[_Atom]) -> str:
    html, position = [], 0
    while position < len(atoms):
        found = _code(atoms, position) or _span(atoms, position)
        rendered, position = found or (atoms[position].html, position + 1)
        html.append(rendered)
    return "".join(html)


def _code(atoms: list[_Atom], start: int) -> tuple[str, int] | None:
    """```block``` over several lines, or `inline` on one; nothing inside is formatted."""
    for fence in (_BLOCK, _INLINE):
        inside = start + len(fence)
        if not _has(atoms, start, fence) or _has(atoms, inside, _INLINE):
            continue
        for end in range(inside + 1, len(atoms)):
            if fence == _INLINE and _is_break(atoms[end - 1]):
                break
            if _has(atoms, end, fence):
                code = "".join(atom.html for atom in atoms[inside:end])
                return f"<code>{code}</code>", end + len(fence)
    return None


def _span(atoms: list[_Atom], start: int) -> tuple[str, int] | None:
    """A marker opens before and closes after a non-space, outside a word, on one line."""
    marker = atoms[start].text
    if not atoms[start].is_own or marker not in _TAGS or not _opens(atoms, start):
        return None
    for end in range(start + 1, len(atoms)):
        if _is_break(atoms[end]):
            return None
        if end > start + 1 and _is(atoms[end], marker) and _closes(atoms, end):
            tag = _TAGS[marker]
            inner = _render(atoms[start + 1 : end])
            return f"<{tag}>{inner}</{tag}>", end + 1
    return None


def _opens(atoms: list[_Atom], at: int) -> bool:
    after_word = at > 0 and atoms[at - 1].is_word()
    return not after_word and at + 1 < len(atoms) and not atoms[at + 1].is_space()


def _closes(atoms: list[_Atom], at: int) -> bool:
    before_word = at + 1 < len(atoms) and atoms[at + 1].is_word()
    return not before_word and not atoms[at - 1].is_space()


def _has(atoms: list[_Atom], at: int, marker: str) -> bool:
    found = atoms[at : at + len(marker)]
    return len(found) == len(marker) and all(map(_is, found, marker))


def _is(atom: _Atom, character: str) -> bool:
    return atom.is_own and atom.text == character


def _is_break(atom: _Atom) -> bool:
    return _is(atom, "\n")
