"""The conscience: reads a page as a strict browser and a screen reader would, and complains.

It knows no URL and no view; the fixture `html_conscience` shows it every page any test fetches.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from html5lib.constants import E as PARSE_ERRORS

_OUTSIDE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_CODE_URL = re.compile(r"\s*(?:javascript|vbscript):", re.IGNORECASE)
_FETCHING = {"src", "srcset", "action", "formaction", "poster", "background", "hx-get", "hx-post"}
_POINTING = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "popovertarget", "list")
_UNLABELLED_INPUTS = {"hidden", "submit", "button", "reset", "image"}


class BadPage(AssertionError):
    """A page that is not fit to be shown; the message lists every fault."""


def check(answer: Any) -> None:
    """Raise BadPage unless the answer's HTML is clean. Other answers pass unread."""
    request = answer.wsgi_request
    if answer.streaming or not answer.get("Content-Type", "").startswith("text/html"):
        return
    if request.path.startswith("/admin/") or not answer.content:
        return
    is_page = b"<html" in answer.content[:600].lower()
    found = faults(answer.content.decode(answer.charset), is_page=is_page)
    if not is_page and "HX-Request" not in request.headers:
        found.insert(0, "a whole page was asked for and a fragment came")
    if found:
        listing = "\n".join(f"  - {fault}" for fault in found)
        raise BadPage(f"{request.method} {request.get_full_path()}:\n{listing}")


def faults(text: str, *, is_page: bool = True) -> list[str]:
    """Everything wrong with a page, or with a fragment when `is_page` is false."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(text) if is_page else parser.parseFragment(text)
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    found = [_in_words(error, text) for error in parser.errors]
    found += _page_faults(elements) if is_page else []
    found += _id_faults(elements, is_page=is_page)
    found += _control_faults(root, elements)
    for element in elements:
        found += _inline_faults(element)
        found += _form_faults(element)
    return found


def _in_words(error: tuple[tuple[int, int], str, dict[str, Any]], text: str) -> str:
    (line, _column), code, values = error
    lines = text.splitlines()
    shown = lines[line - 1].strip()[:120] if 0 < line <= len(lines) else ""
    return f"line {line}: {PARSE_ERRORS.get(code, code) % values} · {shown}"


def _page_faults(elements: list[Element]) -> Iterator[str]:
    tags = Counter(element.tag for element in elements)
    html = next(element for element in elements if element.tag == "html")
    titles = [text_of(e) for e in elements if e.tag == "title"]  # an SVG's title has a namespace
    if not any(titles):
        yield "the page has no title"
    if tags["h1"] != 1:
        yield f"the page has {tags['h1']} h1 headings, not one"
    if tags["main"] != 1:
        yield f"the page has {tags['main']} main elements, not one"
    if not html.get("lang"):
        yield "<html> has no lang"


def _id_faults(elements: list[Element], *, is_page: bool) -> Iterator[str]:
    ids = Counter(element.get("id") for element in elements if "id" in element.attrib)
    yield from (f"the id {name!r} is given {n} times" for name, n in ids.items() if n > 1)
    for element in elements if is_page else ():
        for attribute in _POINTING:
            for name in (element.get(attribute) or "").split():
                if name not in ids:
                    yield f"{shown(element)}: {attribute} points to no id {name!r}"


def _control_faults(root: Element, elements: list[Element]) -> Iterator[str]:
    labelled = {e.get("for") for e in elements if e.tag == "label" and text_of(e)}
    wrapped = {id(child) for e in elements if e.tag == "label" and text_of(e) for child in e.iter()}
    for element in elements:
        if element.tag in {"button", "a", "summary"} and not _is_named(element):
            yield f"{shown(element)} has no name that can be read out"
        if element.tag == "img" and "alt" not in element.attrib:
            yield f"{shown(element)} has no alt"
        is_input = element.tag == "input" and element.get("type") not in _UNLABELLED_INPUTS
        if (is_input or element.tag in {"select", "textarea"}) and not (
            element.get("id") in labelled
            or id(element) in wrapped
            or element.get("aria-label")
            or element.get("aria-labelledby")
        ):
            yield f"{shown(element)} has no label"


def _is_named(element: Element) -> bool:
    if element.tag == "a" and "href" not in element.attrib:
        return True
    named = element.get("aria-label") or element.get("aria-labelledby")
    return bool(named or text_of(element) or any(child.get("alt") for child in element.iter()))


def _inline_faults(element: Element) -> Iterator[str]:
    if element.tag == "style":
        yield "a <style> element: styles live in files"
    if (
        element.tag == "script"
        and "src" not in element.attrib
        and "json" not in element.get("type", "")
    ):
        yield "an inline <script>: scripts live in files"
    for name, value in element.attrib.items():
        name = str(name)
        if name == "style" or re.match(r"on[a-z]+$|hx-on", name):
            yield f"{shown(element)}: inline {name}"
        if name.startswith("hx-vals") and value.lstrip().startswith(("js:", "javascript:")):
            yield f"{shown(element)}: script in {name}"
        if name == "hx-trigger" and "[" in value:
            yield f"{shown(element)}: a filter in hx-trigger needs eval, which the CSP forbids"
        if name != "value" and _CODE_URL.match(value):
            yield f"{shown(element)}: script in {name}"
        fetches = name in _FETCHING or (element.tag == "link" and name == "href")
        if fetches and _OUTSIDE.match(value):
            yield f"{shown(element)}: {name} leaves this machine"


def _form_faults(element: Element) -> Iterator[str]:
    if element.tag != "form" or element.get("method", "get").lower() != "post":
        return
    names = {child.get("name") for child in element.iter() if child.tag == "input"}
    if "csrfmiddlewaretoken" not in names:
        yield f"{shown(element)}: posts without a CSRF token"


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def shown(element: Element) -> str:
    """The start tag, short enough for one line."""
    attributes = "".join(f' {name}="{value}"' for name, value in element.attrib.items())
    return f"<{element.tag}{attributes}>"[:140]
