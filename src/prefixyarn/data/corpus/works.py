"""Works: what a text and its translations are read as, and stay together as in every split."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from prefixyarn.errors import InputError
from prefixyarn.records import AGAIN, atomic, decoded, parsed

Segment = dict[str, str]  # a paragraph by language code: of two languages, each is the translation of the other


@dataclass(frozen=True)
class Work:
    """A page, a package's description or a program's message, in one or more languages.

    Attributes:
        source: What it is from, a key of `prefixyarn.data.corpus.sources.SOURCES`.
        name: Its name within the source.
        segments: Its paragraphs, in their order. Paragraphs that are not known to be translations of one another are
            segments of their own.
    """

    source: str
    name: str
    segments: tuple[Segment, ...]

    def document(self, code: str) -> str:
        """Return its text in one language, a line a paragraph; empty if it has none."""
        return "\n".join(segment[code] for segment in self.segments if code in segment)


def aligned(paragraphs: Mapping[str, Sequence[tuple[str, str]]]) -> tuple[Segment, ...]:
    """Return the segments of a work's paragraphs.

    Paragraphs with the same key are translations of one another. Where two texts have no keys, they are if there are as
    many; else they are segments of their own, after those of English.

    Args:
        paragraphs: By language code keys (empty for none) and texts.
    """
    english = paragraphs.get("en", [])
    segments: list[Segment] = [{"en": text} for _, text in english]
    places = {key: n for n, (key, _) in enumerate(english) if key}
    for code, own in paragraphs.items():
        if code == "en":
            continue
        by_place = [key for key, _ in own] == [key for key, _ in english]
        for n, (key, text) in enumerate(own):
            place = n if by_place else places.get(key)
            if place is None or code in segments[place]:
                segments.append({code: text})
            else:
                segments[place][code] = text
    return tuple(segments)


def write_works(path: str | os.PathLike[str], works: Iterable[Work]) -> None:
    """Write works as JSON lines, atomically."""
    with atomic(path) as stream:
        for work in works:
            stream.write(json.dumps(asdict(work), ensure_ascii=False) + "\n")


def read_works(path: str | os.PathLike[str]) -> Iterator[Work]:
    """Yield the works of a file.

    Raises:
        InputError: A line is something else; file and line are named.
    """
    with open(path, "rb") as stream:
        for number, raw in enumerate(stream, 1):
            line = decoded(raw, path, number, AGAIN)
            try:
                found = parsed(line)
                yield Work(found["source"], found["name"], tuple(found["segments"]))
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path}, line {number}: not a work of the corpus ({error}). {AGAIN}") from error
