"""Debian's package descriptions and their translations: the long description is summed up by the synopsis.

Each package has a long description of some paragraphs and a synopsis of one line; the Debian Description Translation
Project translates both. apt fetches the files, ``Translation-XX``, and checks their signatures.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prefixyarn.data.apt import private_apt
from prefixyarn.data.splits import Parallel
from prefixyarn.data.text_lines import read_lines, visible
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, mostly_in_script
from prefixyarn.records import atomic

LOCALES = {code: own.described for code, own in LANGUAGES.items() if own.described}
MIN_CHARACTERS, MAX_CHARACTERS = 200, 900  # of a long description, in English
MIN_SYNOPSIS, MAX_SYNOPSIS = 4, 100
# Packages whose descriptions repeat another's, or say nothing.
_NOT_TOLD = re.compile(
    r"-(dbg|dbgsym|dev|doc|data|common)$|debug|development|documentation|transitional|dummy|metapackage"
)


# Where there is no apt.
INSTEAD = "Take 'summarization' out of tasks in the config, or set summarization.source to a folder of CrossSum files."


@dataclass(frozen=True)
class Description:
    """A package's description in one language.

    Attributes:
        package: The package.
        synopsis: The line that sums it up.
        paragraphs: The long description; lists and whatever else is set out line by line are left out.
    """

    package: str
    synopsis: str
    paragraphs: tuple[str, ...]

    @property
    def long(self) -> str:
        """The long description as one text."""
        return " ".join(self.paragraphs)


def fetch(code: str, path: str | os.PathLike[str]) -> None:
    """Have apt fetch the descriptions in one language and write them to a file; see `prefixyarn.data.apt`.

    Raises:
        InputError: There is no apt, it fails, or its sources have no descriptions in this language.
    """
    with private_apt(LOCALES[code], INSTEAD) as apt:
        suffix = f"Translation-{LOCALES[code].replace('_', '%5f')}"
        files = sorted(own for own in apt.lists.iterdir() if own.name.endswith(suffix))
        if not files:
            raise InputError(
                f"apt-get update left no descriptions in {code!r}. Are Debian's package sources set up (/etc/apt)? "
                f"{INSTEAD}"
            )
        with atomic(path, "wb") as stream:
            for file in files:
                stream.write(file.read_bytes().rstrip(b"\n") + b"\n\n")


def read(path: str | os.PathLike[str]) -> dict[str, Description]:
    """Read descriptions, by the checksum of the English description that they are, or are translations of.

    Translations without a synopsis, of which Debian has a few, are left out; a log line says how many.

    Raises:
        InputError: A line is no field nor the continuation of one (file and line are named); an entry lacks its
            package, checksum or description.
    """
    found: dict[str, Description] = {}
    fields: dict[str, list[str]] = {}
    name, start, empty = "", 1, 0

    def finish() -> None:
        nonlocal empty
        told = [value for key, value in fields.items() if re.fullmatch(r"Description-(?!md5)\S+", key)]
        if not fields:
            return
        if not told or not all(fields.get(key, [""])[0] for key in ("Package", "Description-md5")):
            raise InputError(
                f"{path}, line {start}: expected Package, Description-md5 and a Description, got "
                f"{', '.join(fields)}. Remove the file, so that it is fetched again."
            )
        synopsis, *lines = told[0]
        if not visible(synopsis):
            empty += 1
            return
        checksum = fields["Description-md5"][0]
        found.setdefault(checksum, Description(fields["Package"][0], _spaced(synopsis), _paragraphs(lines)))

    for number, line in read_lines(path):
        if not line:
            finish()
            fields, name, start = {}, "", number + 1
        elif line[0] == " " and name:
            fields[name].append(line[1:])
        elif ":" in line and line[0] != " ":
            name, _, value = line.partition(":")
            fields[name] = [value.strip()]
        else:
            raise InputError(
                f"{path}, line {number}: expected 'Field: value' or a line that begins with a space, got "
                f"{line[:40]!r}. Remove the file, so that it is fetched again."
            )
    finish()
    if empty:
        logging.info("%s: %d descriptions without a synopsis left out", path, empty)
    return found


def _paragraphs(lines: Sequence[str]) -> tuple[str, ...]:
    """Join the lines of each paragraph; ``.`` alone divides them. Those with lines set out singly are dropped."""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line.strip() == ".":
            paragraphs.append([])
        else:
            paragraphs[-1].append(line)
    kept = (own for own in paragraphs if own and not any(re.match(r"\s|[-*•]\s", line) for line in own))
    return tuple(_spaced(" ".join(own)) for own in kept)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def parallels(descriptions: Mapping[str, Mapping[str, Description]], sources: Sequence[str]) -> list[Parallel]:
    """Return the descriptions as parallel texts: long descriptions as sources, synopses as targets.

    Kept are descriptions of 200 to 900 characters of packages that are more than another's debug symbols, data or
    documentation; and synopses that are in the language and differ from the English one. Packages whose English
    descriptions begin with the same paragraph are a family.

    Args:
        descriptions: By language code what `read` returned; English among them.
        sources: Codes of the languages that descriptions are read in.
    """
    found = []
    for checksum, english in sorted(descriptions["en"].items()):
        if not MIN_CHARACTERS <= len(english.long) <= MAX_CHARACTERS:
            continue
        if _NOT_TOLD.search(english.package) or _NOT_TOLD.search(english.synopsis.lower()):
            continue
        own = {code: listed[checksum] for code, listed in descriptions.items() if checksum in listed}
        targets = {
            code: told.synopsis
            for code, told in own.items()
            if code == "en"
            or (
                MIN_SYNOPSIS <= len(told.synopsis) <= MAX_SYNOPSIS
                and told.synopsis != english.synopsis
                and mostly_in_script(told.synopsis, code)
            )
        }
        long = {
            code: own[code].long
            for code in {"en", *sources} & {*own}
            if code == "en" or (len(own[code].long) >= MIN_CHARACTERS and own[code].long != english.long)
        }
        found.append(Parallel(english.package, long, targets, family=english.paragraphs[0]))
    return found
