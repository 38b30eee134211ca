"""Where the corpus is from: Debian packages, and how the text of each kind is read.

docs/data.md lists packages and licences.
"""

from __future__ import annotations

import functools
import gzip
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prefixyarn.data.apt import package_files
from prefixyarn.data.corpus import markup, roff
from prefixyarn.data.corpus.works import Segment, Work, aligned
from prefixyarn.languages import language
from prefixyarn.tasks.summarization.descriptions import read as read_descriptions
from prefixyarn.tasks.translation.catalogues import read_messages


@dataclass(frozen=True)
class Source:
    """A kind of text.

    Attributes:
        packages: Debian packages that hold it, ``{language}`` for each language; none for package descriptions.
        read: Yields its works: of files by package or language, and the languages' codes.
    """

    packages: tuple[str, ...]
    read: Callable[[Mapping[str, Path], Sequence[str]], Iterator[Work]]

    def packages_of(self, codes: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the packages that there must be, and those that there may be, in some of the languages."""
        needed = [name for name in self.packages if "{language}" not in name]
        return needed, [
            name.replace("{language}", locale)
            for name in self.packages
            if name not in needed
            for locale in sorted(locales(codes))
            if "_" not in locale
        ]


def locales(codes: Sequence[str]) -> dict[str, str]:
    """Return the language of each name that Debian's folders and packages have for it, in lower case."""
    found = {"en-us": "en", "c": "en"}
    for code in codes:
        for name in (code, *language(code).gettext):
            found |= {name.lower(): code, name.lower().replace("_", "-"): code}
        found[f"{code}-{code}"] = code
    return {name: code for name, code in found.items() if code in codes}


def _of_descriptions(files: Mapping[str, Path], codes: Sequence[str]) -> Iterator[Work]:
    read = {code: read_descriptions(files[code]) for code in codes}
    for checksum, english in sorted(read["en"].items()):
        texts = {
            code: [("", text) for text in own[checksum].paragraphs] for code, own in read.items() if checksum in own
        }
        # Packages whose descriptions begin with the same paragraph are a family.
        yield Work("descriptions", english.paragraphs[0] if english.paragraphs else english.package, aligned(texts))


def _of_pages(
    source: str, pattern: str, paragraphs: Callable[[str], Iterator[tuple[str, str]]]
) -> Callable[[Mapping[str, Path], Sequence[str]], Iterator[Work]]:
    """Return what yields the works of packages with a file a work and language.

    Args:
        source: The source's name.
        pattern: What names of such files match. Its groups: ``language`` (none for English), ``name``, the work's, and
            perhaps ``book``, what else tells works apart.
        paragraphs: Yields keys and texts of a file's paragraphs.
    """

    def works(files: Mapping[str, Path], codes: Sequence[str]) -> Iterator[Work]:
        known = locales(codes)
        pages: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(dict)
        for _, path in sorted(files.items()):
            for name, data in package_files(path, pattern):
                found = re.search(pattern, name)
                assert found is not None, "package_files"
                own = found.groupdict()
                code = known.get((own["language"] or "en").lower())
                if code is not None:
                    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8", "replace")
                    # Of a page that is in two packages the first counts.
                    pages[own.get("book", "") + own["name"]].setdefault(code, list(paragraphs(text)))
        for name, texts in sorted(pages.items()):
            yield Work(source, name, aligned(texts))

    return works


def _of_catalogues(files: Mapping[str, Path], codes: Sequence[str]) -> Iterator[Work]:
    known = locales(codes)
    found: dict[str, Segment] = defaultdict(dict)
    for path in files.values():
        for name, data in package_files(path, r"/locale/[^/]+/LC_MESSAGES/[^/]+\.mo$"):
            code = known.get(name.split("/")[-3].lower())
            if code and code != "en":
                for message, translation in read_messages(data, f"{path}, {name}").pairs:
                    found[message].setdefault(code, translation)
    for message, segment in sorted(found.items()):
        yield Work("catalogues", message, ({"en": message, **segment},))


def _roff(page: str) -> Iterator[tuple[str, str]]:
    if not page.startswith(".so "):  # another name of a page
        yield from (("", text) for text in roff.paragraphs(page))


_html = functools.partial(markup.paragraphs, html=True)
_xml = functools.partial(markup.paragraphs, html=False)

SOURCES: dict[str, Source] = {
    "descriptions": Source((), _of_descriptions),
    "man": Source(
        (
            *("manpages", "manpages-dev", "manpages-{language}", "manpages-{language}-dev", "po4a", "systemd"),
            *("coreutils", "util-linux", "mount", "procps", "btrfs-progs", "dpkg-dev", "dpkg", "apt", "passwd"),
            *("man-db", "debhelper", "devscripts", "git-man", "libguestfs0", "libguestfs-tools", "guestfs-tools"),
            "guestfish",
        ),
        _of_pages("man", r"^usr/share/man/(?:(?P<language>[^/]+)/)?man\d/(?P<name>[^/]+)\.gz$", _roff),
    ),
    "libreoffice": Source(
        ("libreoffice-help-{language}",),
        _of_pages("libreoffice", r"/help/(?P<language>[^/]+)/text/(?P<name>.+)\.html$", _html),
    ),
    "catalogues": Source(("cataclysm-dda-data", "freeciv-data"), _of_catalogues),
    "manuals": Source(
        (
            *("gnome-user-docs", "evolution-common", "mate-user-guide", "dolphin", "kate5-data", "kdenlive-data"),
            *("kile-doc", "kmail", "kmymoney-common", "konqueror", "krusader", "okular", "tellico-doc"),
        ),
        _of_pages(
            "manuals",
            r"^usr/share/(?:doc/HTML|help)/(?P<language>[^/]+)/(?P<name>(?!.*(?:legal|[gf][pd]l)).+\.(?:docbook|page|xml))$",
            _xml,
        ),
    ),
    "guides": Source(
        (*("debian-handbook", "harden-doc", "installation-guide-amd64", "aptitude-doc-{language}"),),
        _of_pages(
            "guides",
            r"^usr/share/(?P<book>.+?/)(?P<language>[a-z]{2}(?:-[A-Z]{2})?)/(?P<name>[^/]+)\.html$",
            _html,
        ),
    ),
}
