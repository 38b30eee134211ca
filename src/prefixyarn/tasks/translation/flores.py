"""FLORES-101 (Goyal et al. 2022, arXiv 2106.03193): the same sentences, line by line, in a file per language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from prefixyarn.data.official import flores_file
from prefixyarn.data.splits import Parallel, Splits, clashes
from prefixyarn.data.text_lines import decomposed, lookup_form, read_sentences
from prefixyarn.data.which_language import garbled, other_language
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language

GAP = 10  # lines dropped between two blocks of one file: consecutive lines are of one article, three to five each


def read_flores(folder: Path, split: str, languages: Sequence[str]) -> list[Parallel]:
    """Read the sentences of a split in all the languages, in the order of the file.

    Args:
        folder: What holds ``flores101_dataset``.
        split: ``dev`` or ``devtest``.
        languages: Codes; English among them.

    Raises:
        InputError: A file is missing, is not UTF-8 or has an empty line (file and line are named), or another number
            of lines than the first one; or it is not in its language, or a copy of another's.
    """
    texts: dict[str, list[str]] = {}
    for code in languages:
        path = folder / flores_file(code, split)
        if not path.is_file():
            raise InputError(f"{path}: no such file. It is {flores_file(code, split)} of FLORES-101; see docs/data.md.")
        texts[code] = read_sentences(path)
        first = languages[0]
        if len(texts[code]) != len(texts[first]):
            raise InputError(
                f"{path}: {len(texts[code])} lines, but {flores_file(first, split)} has {len(texts[first])}. The files "
                "are aligned line by line: get them again, all of one version."
            )
        _check_language(texts, code, path)
    rows = (dict(zip(texts, own, strict=True)) for own in zip(*texts.values(), strict=True))
    return [Parallel(f"flores101-{split}", row, row) for row in rows]


def _check_language(texts: Mapping[str, Sequence[str]], code: str, path: Path) -> None:
    """Check that a language's lines are its own: not another's, nor those of a file that was read; letters as usual."""
    own = texts[code]
    if wrong := other_language(own, code):
        raise InputError(f"{path}: {wrong}. Get the file again.")
    if sum(map(garbled, own)) * 2 > len(own):
        raise InputError(f"{path}: most lines were decoded wrongly once, so letters are others. Get the file again.")
    if decomposed(own):  # no answer would be like such references
        raise InputError(
            f"{path}: its letters and their accents are apart (NFD), and as one (NFC) in FLORES. Get the file again, "
            "or compose them: uconv -x nfc"
        )
    forms = {lookup_form(line) for line in own}
    if len(forms) * 2 < len(own):
        raise InputError(f"{path}: most lines are repeated ones. Get the file again.")
    for other, lines in texts.items():
        if other != code and len(forms.intersection(map(lookup_form, lines))) * 2 > len(forms):
            raise InputError(f"{path}: most lines are those of {language(other).name}. Get both files again.")


def flores_splits(
    dev: Sequence[Parallel],
    devtest: Sequence[Parallel],
    directions: Sequence[Direction],
    sizes: Mapping[str, int],
    gap: int = GAP,
) -> tuple[Splits, str]:
    """Return the splits: contiguous blocks, so that no article is in two of them, and a note that says which.

    With devtest, its first lines are the test items, and dev has the others; without, the test block is the end of dev.
    Between blocks of one file ``gap`` lines are dropped; of the training block, what nearly repeats a held-out source.

    Args:
        dev: Lines of dev.
        devtest: Lines of devtest; may be empty.
        directions: All directions.
        sizes: Number of sentences in ``dev`` and ``test``.
        gap: Lines dropped between blocks.

    Raises:
        InputError: Too few lines.
    """
    test = list(devtest[: sizes["test"]]) if devtest else list(dev[-sizes["test"] :])
    rest = list(dev) if devtest else list(dev[: max(0, len(dev) - sizes["test"] - gap)])
    own_dev = rest[-sizes["dev"] :]
    train = rest[: max(0, len(rest) - sizes["dev"] - gap)]
    if len(test) < sizes["test"] or not train:
        raise InputError(
            f"translation.items: {sizes['test']} test and {sizes['dev']} dev sentences leave none of FLORES's "
            f"{len(dev)} dev lines to train on. Ask for fewer."
        )
    sources = sorted({direction.source for direction in directions})
    # A dev sentence that nearly repeats a test one would let it choose the checkpoint.
    own_dev = [s for s, bad in zip(own_dev, clashes(own_dev, test, sources), strict=True) if not bad]
    clash = clashes(train, [*test, *own_dev], sources)
    kept = [s for s, bad in zip(train, clash, strict=True) if not bad]
    splits = Splits(kept, own_dev, test, [], int(clash.sum()))
    splits.check(sources)
    note = (
        "FLORES-101: test items are devtest's first lines, training and dev items are dev's"
        if devtest
        else "FLORES-101 dev alone, as devtest is not there: training, dev and test items are blocks of its lines, "
        f"with {gap} lines dropped between two, since consecutive lines are of one article"
    )
    return splits, note
