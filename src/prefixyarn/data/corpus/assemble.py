"""The corpus of a run: works of all sources, split, without what is said twice or held out elsewhere."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from prefixyarn.data.corpus.overlap import Overlap
from prefixyarn.data.corpus.works import Segment, Work

# Why characters are left out, beside the reasons of `prefixyarn.data.corpus.prose.cleaned`.
REPEATED, OF_TEST = "repeated", "of dev or test items"


@dataclass
class Assembled:
    """A corpus.

    Attributes:
        train: Works to train on.
        held_out: Works that the models' held-out text is from.
        dropped: Characters that were left out, by language and reason.
    """

    train: list[Work] = field(default_factory=list)
    held_out: list[Work] = field(default_factory=list)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)


def is_held_out(work: Work, share: float, seed: int) -> bool:
    """Return whether a work, with all its translations, is held out of training: by its name alone."""
    digest = hashlib.sha256(f"{seed}/{work.source}/{work.name}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def assemble(works: Iterable[Work], items: Iterable[str], share: float, seed: int) -> Assembled:
    """Return the corpus of works.

    Works are split first. Of paragraphs that are alike, in one language, the first counts, over all sources; those of
    held-out works come before all others. Then a paragraph that shares 13 words in a row with an item of dev or test
    is left out; see `Overlap`.

    Args:
        works: Cleaned works, source by source.
        items: The texts of the run's dev and test items, in all languages.
        share: Share of the works that is held out, 0 to 1.
        seed: Seed of the split.
    """
    split: dict[bool, list[Work]] = {True: [], False: []}
    for work in works:
        split[is_held_out(work, share, seed)].append(work)
    made, overlap, seen = Assembled(), Overlap(items), set[tuple[str, bytes]]()
    for held_out, into in ((True, made.held_out), (False, made.train)):
        for work in split[held_out]:
            segments = [own for segment in work.segments if (own := _new(segment, seen, overlap, made.dropped))]
            if segments:
                into.append(Work(work.source, work.name, tuple(segments)))
    return made


def _new(
    segment: Segment, seen: set[tuple[str, bytes]], overlap: Overlap, dropped: Counter[tuple[str, str]]
) -> Segment:
    """Return what of a segment was not seen before, and is no part of an item."""
    kept: Segment = {}
    for code, text in segment.items():
        key = code, hashlib.blake2b(text.encode(), digest_size=8).digest()
        if key in seen:
            dropped[code, REPEATED] += len(text)
            continue
        seen.add(key)
        if overlap.found(text):
            dropped[code, OF_TEST] += len(text)
        else:
            kept[code] = text
    return kept
