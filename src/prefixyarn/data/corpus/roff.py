"""Paragraphs of manual pages, which are written in roff (man(7), mdoc(7)); only what makes a paragraph is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Requests up to whose end nothing is prose: examples, tables, displays, what is ignored, macros' definitions.
_UNREAD = {
    **{"nf": "fi", "EX": "EE", "TS": "TE", "Bd": "Ed"},
    **dict.fromkeys(("ig", "de", "de1"), "."),
}
# Requests whose arguments are words of the line; those of two letters alternate fonts, and join without a space.
_INLINE = {
    *("B", "I", "SM", "SB", "R", "Nm", "Ar", "Fl", "Pa", "Xr", "Em", "Sy", "Li", "Cm", "Ql", "Dq", "Sq", "Va", "Ev"),
    "Ic",
}
_ALTERNATING = {"BR", "RB", "IR", "RI", "BI", "IB"}
_REQUEST = re.compile(r"[.'] *(\S+) ?(.*)")
_ARGUMENT = re.compile(r'"([^"]*)"|(\S+)')
_FORMAT = re.compile(
    r"\\(f(\[[^\]]*\]|\(..|.)|s[-+]?\d+|[&/,|^%:!]|m\[[^\]]*\]|[hv]'[^']*'|\*(\[[^\]]*\]|\(..|.)|\".*)"
)
_CODE = re.compile(r"\\\[u([0-9A-Fa-f]{4,5})\]")
_GLYPH = re.compile(r"\\(?:\((..)|\[(\w\w|[^\]]{1,2})\])")
_GLYPHS = {
    **{"aq": "'", "dq": '"', "lq": "“", "rq": "”", "oq": "‘", "cq": "’", "em": "—", "en": "–", "bu": "•", "Fo": "«"},
    **{"Fc": "»", "ha": "^", "ti": "~", "co": "©", "->": "→", "tm": "™", "mu": "×", "+-": "±"},
}
# The last section of a translated page: who translated it, under which licence; the original has none.
_OF_TRANSLATORS = re.compile(r'[.\']SH "?(ÜBERSETZUNG|ПЕРЕВОД|TRADUCTION|TRADUÇÃO|TRADUCCIÓN|ПЕРЕКЛАД)"?\s*$')


def plain(line: str) -> str:
    """Return a line of roff as text: fonts, sizes and movements left out, glyphs as characters."""
    line = _CODE.sub(lambda found: chr(int(found[1], 16)), _FORMAT.sub("", line))
    line = _GLYPH.sub(lambda found: _GLYPHS.get(found[1] or found[2], ""), line)
    line = line.replace("\\-", "-").replace("\\e", "\0").replace("\\ ", " ").replace("\\~", " ")
    return line.replace("\\", "").replace("\0", "\\")


def paragraphs(page: str) -> Iterator[str]:
    """Yield the paragraphs of a page, headings and examples left out."""
    own: list[str] = []
    until = ""
    for line in page.split("\n"):
        request = _REQUEST.match(line)
        name = request[1] if request else ""
        if until:
            until = "" if name == until else until
        elif not request and line.strip():
            own.append(plain(line))
        elif request and (name in _INLINE or name in _ALTERNATING):
            words = [quoted or word for quoted, word in _ARGUMENT.findall(request[2])]
            own.append(plain(("" if name in _ALTERNATING else " ").join(words)))
        elif not name.startswith('\\"'):  # a comment
            if own:
                yield " ".join(own)
            own, until = [], _UNREAD.get(name, "")
            if _OF_TRANSLATORS.match(line):
                return
    if own:
        yield " ".join(own)
