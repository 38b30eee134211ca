"""Paragraphs of manuals in HTML, DocBook and Mallard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

_PARAGRAPHS = {"p", "para", "simpara", "li", "dd"}
_DIVIDED = {"para", "simpara"}  # classes of a div that Publican writes for a paragraph of DocBook
# What is within a paragraph and no part of its text: another block, an example, a figure, a variant for macOS.
_NO_TEXT = {
    *_PARAGRAPHS,
    *("ul", "ol", "dl", "table", "informaltable", "itemizedlist", "orderedlist", "variablelist", "list", "steps"),
    *("pre", "screen", "programlisting", "literallayout", "code-block", "figure", "mediaobject", "media", "img"),
    *("script", "style", "nav", "header", "note", "tip", "warning", "footnote", "indexterm", "remark", "blockquote"),
}
_MENU = {"guimenu", "guisubmenu"}  # their path has nothing between the entries
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\w+);)([\w.-]+);")


def paragraphs(text: str, html: bool) -> Iterator[tuple[str, str]]:
    """Yield ids (empty for none) and texts of a manual's paragraphs.

    Args:
        text: The file.
        html: Whether it is HTML; else XML, whose own entities (``&kmail;``) become their names.
    """
    if html:
        root = etree.fromstring(text.encode(), etree.HTMLParser(encoding="utf-8"))
    else:
        parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=True)
        root = etree.fromstring(_ENTITY.sub(r"\1", text).encode(), parser)
    if root is None:
        return
    body = next((found for found in root.iter("div") if found.get("id") == "DisplayArea"), root)  # LibreOffice's text
    for element in body.iter(etree.Element):
        if _name(element) in _PARAGRAPHS or _divided(element):
            yield element.get("id", ""), "".join(_pieces(element))


def _name(element: etree._Element) -> str:
    """Return an element's name without its namespace; a damaged file may have a prefix that means none."""
    return re.split("[}:]", str(element.tag))[-1].lower()


def _divided(element: etree._Element) -> bool:
    return _name(element) == "div" and element.get("class") in _DIVIDED


def _pieces(element: etree._Element) -> Iterator[str]:
    """Yield the pieces of an element's own text."""
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and not (
            _name(child) in _NO_TEXT or _divided(child) or child.get("hidden") is not None
        ):
            yield from _pieces(child)
            if _name(child) in _MENU and child.getnext() is not None:
                yield " → "
        yield child.tail or ""
