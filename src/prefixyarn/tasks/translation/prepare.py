"""The splits of translation: sentences of gettext catalogues or FLORES-101, as items of every direction."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from prefixyarn.data.lock import check_files
from prefixyarn.data.official import flores_file
from prefixyarn.data.splits import Splits, items, split
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.records import Item
from prefixyarn.tasks.translation.catalogues import read_catalogue
from prefixyarn.tasks.translation.flores import flores_splits, read_flores

PARAGRAPH_SENTENCES = 16


def from_catalogues(
    wheels: Mapping[str, str | Path],
    held_out: str,
    languages: Sequence[str],
    subsets: Sequence[str],
    sizes: Mapping[str, int],
    seed: int,
) -> tuple[Splits, str]:
    """Return the splits of the catalogues' sentences, and a note that says what they are.

    Args:
        wheels: By package the wheel that holds its catalogues.
        held_out: The package that is held out of training; empty for none.
        languages: Codes of all languages.
        subsets: All directions.
        sizes: Number of sentences by split; see `prefixyarn.data.splits.split`.
        seed: Seed of the draw.
    """
    directions, sentences = _directions(languages, subsets), []
    for package, wheel in wheels.items():
        own = read_catalogue(wheel, package, list(languages))
        complete = sum(all(s.serves(direction) for direction in directions) for s in own)
        logging.info("%s: %d sentences, %d of them in all languages", package, len(own), complete)
        sentences += own
    splits = split(sentences, directions, held_out, dict(sizes), seed, "translation")
    note = f"Sentences of gettext catalogues ({', '.join(wheels)})"
    return splits, f"{note}; {held_out} is out of domain, never trained on" if held_out else note


def from_flores(
    folder: str | Path, lock: str | Path, languages: Sequence[str], subsets: Sequence[str], sizes: Mapping[str, int]
) -> tuple[Splits, str]:
    """Return the splits of FLORES's sentences, and a note that says what they are.

    Args:
        folder: What holds ``flores101_dataset``: dev, and devtest if it is there.
        lock: The lock file with the checksums of FLORES's files.
        languages: Codes of all languages.
        subsets: All directions.
        sizes: Number of sentences by split.
    """
    folder, read = Path(folder), {}
    for name in ("dev", "devtest"):
        files = {file: folder / file for file in (flores_file(code, name) for code in languages)}
        # Some mirrors have dev alone; of devtest all files are wanted, or none.
        present = name == "dev" or any(path.exists() for path in files.values())
        read[name] = read_flores(folder, name, languages) if present else []
        if present:  # after they were read: what is no text is not recorded
            check_files(lock, files)
    return flores_splits(read["dev"], read["devtest"], _directions(languages, subsets), sizes)


def _directions(languages: Sequence[str], subsets: Sequence[str]) -> list[Direction]:
    """Return what held-out sentences must serve: every language, whether or not a direction has it, and all subsets."""
    return [*(Direction("en", code) for code in languages if code != "en"), *map(Direction.parse, subsets)]


def items_by_subset(
    splits: Splits, subsets: Sequence[str], other_subsets: Sequence[str], sizes: Mapping[str, int]
) -> dict[str, dict[str, list[Item]]]:
    """Return the items of each split by subset.

    Trial items are the first ones of dev. Other directions have fewer test items, the first ones of the rest's, and
    none out of domain.
    """
    logging.info("%d training sentences; %d dropped as (near) duplicates", len(splits.train), splits.dropped)
    found = {}
    for subset in [*subsets, *other_subsets]:
        other = subset in other_subsets
        sentences_of = {
            "train": splits.train,
            "dev": splits.dev,
            "trial": splits.dev[: sizes["trial"]],
            "test": splits.test[: sizes["other"]] if other else splits.test,
            "out_of_domain": [] if other else splits.out_of_domain,
        }
        direction = Direction.parse(subset)
        found[subset] = {name: items(own, direction) for name, own in sentences_of.items()}
    return found


def paragraphs(splits: Splits, languages: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return training text by language, by which a foundation is verified: of the sentences that most languages have.

    Returns:
        ``text`` and ``english``: by language its text, and the same sentences in English, as long in every script.

    Raises:
        InputError: There is none in a language.
    """
    shared = sorted(splits.train, key=lambda s: -len(s.sources))
    found: dict[str, dict[str, str]] = {"text": {}, "english": {}}
    for code in languages:
        own = [s for s in shared if code in s.sources][:PARAGRAPH_SENTENCES]
        if not own:
            raise InputError(f"languages: no training sentence is left in {code!r}; add a catalogue that has some")
        found["text"][code] = language(code).join.join(s.sources[code] for s in own)
        found["english"][code] = " ".join(s.english for s in own)
    return found
