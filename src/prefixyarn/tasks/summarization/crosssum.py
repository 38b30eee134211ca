"""Cross-lingual summaries of news: a reader of CrossSum's published files (Bhattacharjee et al. 2023).

As published (csebuetnlp/CrossSum: its README, and the loader ``CrossSum.py`` of its data set page): a file a pair and
split, ``{source}-{target}_{split}.jsonl`` with the split ``train``, ``val`` or ``test``, packed by pair as
``{source}-{target}_CrossSum.tar.bz2``. A line is a JSON object with the keys ``source_url``, ``target_url``,
``summary`` (in the target language) and ``text`` (the article, in the source language). Languages are written out in
lower case. All pairs of `NAMES` exist, both ways: the README counts from 348 (fr-zh) to 22,241 (ru-uk) examples.
There is no German. Licence: CC BY-NC-SA 4.0.
"""

from __future__ import annotations

import hashlib
import logging
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from prefixyarn.data.splits import NEAR_DUPLICATE, similarities
from prefixyarn.data.text_lines import BYTE_ORDER_MARK, note_escapes, read_lines, text_lines, visible
from prefixyarn.data.which_language import other_language
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, Direction
from prefixyarn.record_line import once
from prefixyarn.records import Item

# CrossSum's names of our languages.
NAMES = {code: own.crosssum for code, own in LANGUAGES.items() if own.crosssum}

ENOUGH = 10  # examples from which on their language is judged
ENDING = "_CrossSum.tar.bz2"  # of a pair's archive
_HALF = re.compile("[\ud800-\udfff]")
SPLITS = {"train": "train", "dev": "val", "test": "test"}  # our name -> CrossSum's


def _lines(folder: Path, pair: str, split: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of a split and where each stands, from the unpacked file or else from the pair's archive."""
    plain, archive = folder / f"{pair}_{SPLITS[split]}.jsonl", folder / f"{pair}{ENDING}"
    if plain.is_file():
        for number, line in read_lines(plain):
            yield f"{plain}, line {number}", line
        return
    if not archive.is_file():
        raise InputError(
            f"no {plain}, nor {archive.name} beside it. Set summarization.source to the folder that holds CrossSum's "
            "files, or take the direction out of summarization."
        )
    yield from _packed_lines(archive, plain.name)


def _packed_lines(archive: Path, name: str) -> Iterator[tuple[str, str]]:
    try:
        with tarfile.open(archive, "r:bz2") as packed:
            members = [m for m in packed if m.isfile() and PurePosixPath(m.name).name == name]
            member = packed.extractfile(members[0]) if members else None
            if member is None:
                raise InputError(f"{archive}: no {name} in it. Download the archive again.")
            for number, line in text_lines(member, f"{archive}, {name}"):
                yield f"{archive}, {name}, line {number}", line
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"{archive}: cannot be unpacked ({error}). Download the archive again.") from error


def check_archive(archive: Path, pair: str) -> None:
    """Check that an archive has a pair's three splits, every line a JSON object with a text and a summary.

    Raises:
        InputError: It has not.
    """
    for split in SPLITS.values():
        for where, line in _packed_lines(archive, f"{pair}_{split}.jsonl"):
            if visible(line):
                _text_and_summary(line, where)


def _text_and_summary(line: str, where: str) -> tuple[str, str]:
    """Return a line's text and summary, each on one line: an answer ends at its first newline."""
    try:
        record = once(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({error}). Mend or remove the line.") from error
    for key in ("text", "summary"):
        if not isinstance(record, dict) or not isinstance(record.get(key), str):
            raise InputError(
                f"{where}: no {key!r} that is a string: expected an object with the keys source_url, target_url, "
                "summary and text. Mend or remove the line."
            )
    text, summary = (" ".join(record[key].replace(BYTE_ORDER_MARK, "").split()) for key in ("text", "summary"))
    return text, summary


def read(folder: str | Path, source_code: str, target_code: str, split: str) -> list[Item]:
    """Read a split of a direction.

    An item's id is made from its article, so that an article has the same id in every direction that starts from it.
    (The other way round the text is another article: ``fr-en`` shares no text with ``en-fr``.) Examples without a text
    or summary are left out, those whose summary is the text, and further summaries of an article: ids stay unique. A
    log line says how many.

    Args:
        folder: Has the unpacked ``.jsonl`` files, or the archives.
        source_code: Language code of the articles.
        target_code: Language code of the summaries.
        split: ``train``, ``dev`` or ``test``.

    Raises:
        InputError: CrossSum lacks a language, the file is missing or damaged, a line is not JSON or lacks a key (file
            and line are named), no example is left, or texts or summaries are in another language.
    """
    for code in (source_code, target_code):
        if code not in NAMES:
            raise InputError(
                f"CrossSum has no language {code!r} that this pipeline knows: expected one of {', '.join(NAMES)}. "
                f"Take {source_code}-{target_code} out of summarization, or set summarization.source to another source."
            )
    pair = f"{NAMES[source_code]}-{NAMES[target_code]}"
    items: dict[str, Item] = {}
    empty = copied = repeated = broken = 0
    for where, line in _lines(Path(folder), pair, split):
        if not visible(line):
            continue
        text, summary = _text_and_summary(line, where)
        id_ = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        if not visible(text) or not visible(summary):
            empty += 1
        elif text == summary:
            copied += 1
        elif _HALF.search(text + summary):
            broken += 1
        elif id_ in items:
            repeated += 1
        else:
            items[id_] = Item(id_, text, summary)
    counts = (
        f"{len(items)} examples, left out: {empty} without text or summary, {copied} whose summary is the text, "
        f"{repeated} repeated articles, "
        f"{broken} with half a surrogate pair"
    )
    if not items:
        raise InputError(f"CrossSum {pair} {split}: {counts}. Take {source_code}-{target_code} out of summarization.")
    logging.info("CrossSum %s %s: %s", pair, split, counts)
    columns = {"text": source_code, "summary": target_code}
    texts = {"text": [own.source for own in items.values()], "summary": [own.target for own in items.values()]}
    for key, code in columns.items():
        note_escapes(texts[key], f"CrossSum {pair} {split}, {key}")
        if len(items) >= ENOUGH and (wrong := other_language(texts[key], code)):
            raise InputError(f"CrossSum {pair} {split}: {key}: {wrong}. Get the files again.")
    return list(items.values())


def splits(
    folder: str | Path, directions: Mapping[str, Direction], sizes: Mapping[str, int]
) -> dict[str, dict[str, list[Item]]]:
    """Return the splits of all directions: CrossSum's own, cut to the sizes; what repeats held-out text leaves train.

    Args:
        folder: See `read`.
        directions: Directions by subset.
        sizes: Most items in ``train``, and items in ``dev`` and ``test``.

    Returns:
        By subset the items of each split; ``parallel`` is empty: there are no short parallel texts.

    Raises:
        InputError: See `read`; or a direction has too few items.
    """
    made: dict[str, dict[str, list[Item]]] = {}
    for subset, direction in directions.items():
        made[subset] = {name: read(folder, direction.source, direction.target, name) for name in SPLITS}
        for name in ("dev", "test"):
            if len(made[subset][name]) < sizes[name]:
                raise InputError(
                    f"summarization.items.{name}: {sizes[name]} wanted, but CrossSum has {len(made[subset][name])} "
                    f"in {subset}. Ask for fewer, or take {subset} out of summarization.directions."
                )
            made[subset][name] = made[subset][name][: sizes[name]]
        made[subset]["parallel"] = []
    held = [item.source for own in made.values() for name in ("dev", "test") for item in own[name]]
    summaries = {item.target for own in made.values() for name in ("dev", "test") for item in own[name]}
    for subset, own in made.items():
        wanted = own["train"][: 2 * sizes["train"]]
        near = similarities([item.source for item in wanted], held).max(axis=1, initial=0) >= NEAR_DUPLICATE
        kept = [i for i, bad in zip(wanted, near, strict=True) if not bad and i.target not in summaries]
        own["train"] = kept[: sizes["train"]]
        logging.info(
            "%s: %d training articles dropped as near-duplicates of dev or test", subset, len(wanted) - len(kept)
        )
    return made
