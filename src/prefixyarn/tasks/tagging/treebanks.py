"""Gold part-of-speech tags: Universal Dependencies treebanks (CoNLL-U)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prefixyarn.data.text_lines import plain_word, read_lines, visible
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, language

UPOS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)

SPLITS = ("train", "dev", "test")
ENOUGH = 20  # words from which on a file of underscores is one whose words were withheld
GAP = 20  # sentences dropped between two blocks of one file: most documents of these treebanks are shorter

_ID = re.compile(r"([0-9]+)(?:([-.])([0-9]+))?")


@dataclass(frozen=True)
class Tagged:
    """A sentence as words and their tags, one tag a word; no word contains white space."""

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...]


def _blocks(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Yield the runs of lines that a blank line ends, each line with its number.

    CoNLL-U has such a line behind the last sentence, too. Where it lacks, words of that sentence may lack as well.
    """
    block: list[tuple[int, str]] = []
    for number, line in read_lines(path):
        if visible(line):
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block  # what is wrong within it is said first
        raise InputError(
            f"{path}, line {block[-1][0]}: the file ends here, and an empty line is expected behind each sentence. Was "
            "it cut? Download it again; if the sentence is whole, add the line."
        )


def _word(form: str, tag: str, where: str) -> tuple[str, str]:
    """Return a checked word, composed, and tag. White space within it (French '10 000') and what is unseen are dropped.

    Prompts, answers and token classifiers divide a sentence by white space, and ``str.split`` divides at the
    no-break space too, so replacing it would not do.
    """
    if tag not in UPOS:
        raise InputError(f"{where}: tag {tag!r}: expected one of {' '.join(UPOS)}. Mend the line.")
    word = "".join(plain_word(form).split())
    if not visible(word):
        raise InputError(f"{where}: the word is empty. Mend the line.")
    return word, tag


def _read_block(path: Path, block: Sequence[tuple[int, str]], name: str) -> Tagged:
    """Read one CoNLL-U sentence; ``name`` is its id if no comment gives one."""
    pairs: list[tuple[str, str]] = []
    covered = 0  # the last word that a multiword token has promised
    for number, line in block:
        where = f"{path}, line {number}"
        if line.startswith("#"):
            key, _, value = line[1:].partition("=")
            if key.strip() == "sent_id" and visible(value):
                name = plain_word(value)
            continue
        columns = line.split("\t")
        if len(columns) != 10:
            raise InputError(
                f"{where}: expected the 10 tab-separated columns of CoNLL-U, got {len(columns)}: {line[:60]!r}. "
                "Mend the line or download the file again."
            )
        matched, last = _ID.fullmatch(columns[0]), len(pairs)
        first, kind, second = (int(matched[1]), matched[2], int(matched[3] or 0)) if matched else (-1, None, 0)
        if kind == "-":  # a multiword token: its syntactic words follow
            fits = first == last + 1 > covered and second >= first
            covered = second
        elif kind == ".":  # an empty node stands after the word whose number it has
            fits = first == last
        else:
            fits = first == last + 1
        if not fits:
            raise InputError(
                f"{where}: id {columns[0]!r} is out of order after word {last}. Mend the ids, or put a blank line "
                "between sentences."
            )
        if kind is None:
            pairs.append(_word(columns[1], columns[3], where))
    where = f"{path}, line {block[-1][0]}"
    if not pairs:
        raise InputError(f"{where}: sentence {name} has no words. Remove its lines or download the file again.")
    if covered > len(pairs):
        raise InputError(f"{where}: sentence {name} ends before word {covered} of its last multiword token.")
    return Tagged(name, tuple(w for w, _ in pairs), tuple(t for _, t in pairs))


def read_conllu(path: str | Path) -> list[Tagged]:
    """Read a CoNLL-U file: the syntactic words of each sentence and their UPOS tags.

    A multiword token (French ``1-2 du``) is left out, since its words follow (``de le``) and carry the tags; empty
    nodes (``8.1``) are no words. A sentence's id is its ``sent_id``, else the file's stem and the sentence's number.

    Raises:
        InputError: Not UTF-8, not 10 columns, ids out of order or used twice, an unknown tag, a sentence without
            words, no empty line at the end; file and line are named. Or no sentence, or the words are withheld.
    """
    path = Path(path)
    sentences: dict[str, Tagged] = {}
    for count, block in enumerate(_blocks(path), 1):
        sentence = _read_block(path, block, f"{path.stem}-{count}")
        if sentence.id in sentences:
            raise InputError(f"{path}, line {block[0][0]}: a second sentence with the id {sentence.id}. Rename one.")
        sentences[sentence.id] = sentence
    if not sentences:
        raise InputError(f"{path}: no sentences in it. Download the file again.")
    forms = [word for sentence in sentences.values() for word in sentence.words]
    if len(forms) > ENOUGH and forms.count("_") * 2 > len(forms):
        raise InputError(
            f"{path}: its words are withheld (_ in the second column), as their licence has it. Merge them in with the "
            "script that came with the treebank (see its README), or give another treebank."
        )
    return list(sentences.values())


def _read_parts(paths: Sequence[Path]) -> list[Tagged]:
    """Read the files of one split; ids are unique in all of them together."""
    found: dict[str, Tagged] = {}
    for path in paths:
        for sentence in read_conllu(path):
            if sentence.id in found:
                raise InputError(
                    f"{path}: the id {sentence.id} is one of {paths[0].name} or another part's. Rename it."
                )
            found[sentence.id] = sentence
    return list(found.values())


def _find(folder: Path, name: str, stem: str) -> dict[str, list[Path]]:
    """Return a treebank's files by split: one each, or several parts ``.part1``, ``.part2``, … in order."""
    found = {}
    for split in SPLITS:
        whole = folder / name / f"{stem}-ud-{split}.conllu"
        parts = (folder / name).glob(f"{stem}-ud-{split}.part*.conllu")
        numbered = sorted((int(m[1]), p) for p in parts if (m := re.search(r"\.part([0-9]+)\.conllu$", p.name)))
        if whole.is_file():
            found[split] = [whole]
        elif numbered:
            found[split] = [path for _, path in numbered]
    return found


def _others(sentences: Sequence[Tagged], *taken: Sequence[Tagged]) -> list[Tagged]:
    """Return the sentences whose words are not those of a taken one."""
    words = {sentence.words for other in taken for sentence in other}
    return [sentence for sentence in sentences if sentence.words not in words]


def _spread(sentences: Sequence[Tagged], size: int | None) -> list[Tagged]:
    """Return ``size`` sentences at even distances, or all where there are no more.

    The first ones would be a genre's or a few documents': treebank files are in the order of their sources.
    """
    if size is None or size >= len(sentences):
        return list(sentences)
    return [sentences[i * len(sentences) // size] for i in range(size)]


def _cut(sentences: Sequence[Tagged], sizes: Mapping[str, int], what: str) -> tuple[dict[str, list[Tagged]], str]:
    """Cut one file into train, gap, dev, gap and test; return the splits and a note that says so."""
    unique = list({sentence.words: sentence for sentence in reversed(sentences)}.values())[::-1]
    n, dev, test = len(unique), sizes["dev"], sizes["test"]
    end = n - test - GAP - dev - GAP  # of train
    if end < 1:
        raise InputError(
            f"{what} holds {n} different sentences of the lengths wanted: too few for {dev} dev and {test} test "
            f"sentences, two gaps of {GAP}, and something to train on. Lower tagging.items, raise its max_words, or "
            "add the treebank's other files."
        )
    blocks = {
        "train": _spread(unique[:end], sizes.get("train")),
        "dev": unique[end + GAP : end + GAP + dev],
        "test": unique[n - test :],
    }
    return blocks, (
        f"not the official splits: {what} alone was cut, in file order, into train, dev and test, with {GAP} sentences "
        f"dropped before dev and before test; {len(sentences) - n} repeated sentences were dropped"
    )


def splits(
    folder: str | Path, code: str, sizes: Mapping[str, int], fits: Callable[[Tagged], bool] = lambda sentence: True
) -> tuple[dict[str, list[Tagged]], str]:
    """Return a language's train, dev and test sentences, and a note on how they were made.

    Where the treebank's three files are there, they are the splits; dev and test sentences are ``sizes`` of them at
    even distances. Where one file is there, it is cut into contiguous blocks in file order, so that sentences of one
    document mostly stay together: train, a gap, dev, a gap, test. The `GAP` sentences of a gap are in no split. In
    both cases no two splits share a sentence (the same words); near-duplicates are for the caller to drop.

    Args:
        folder: The unpacked release, which has a folder for each treebank.
        code: Language code.
        sizes: The most sentences of ``dev`` and of ``test``; optionally of ``train``, which else has all there are.
        fits: Tells whether a sentence is wanted; others are left out before anything is cut or counted.

    Raises:
        InputError: No treebank for the language, no file, two of three files, or too few sentences to cut.
    """
    folder = Path(folder)
    treebanks = language(code).treebanks
    if not treebanks:
        known = ", ".join(own.code for own in LANGUAGES.values() if own.treebanks)
        raise InputError(
            f"no treebank for {code!r}: there are some for {known}. Take the language out of tagging.languages, or add "
            "a treebank to it in src/prefixyarn/languages.py."
        )
    for name, stem in treebanks:
        found = _find(folder, name, stem)
        if not found:
            continue
        sentences = {split: [s for s in _read_parts(paths) if fits(s)] for split, paths in found.items()}
        if len(found) == 1:
            ((split, whole),) = sentences.items()
            return _cut(whole, sizes, f"{name} {split}")
        if len(found) < len(SPLITS):
            missing = folder / name / f"{stem}-ud-{next(s for s in SPLITS if s not in found)}.conllu"
            raise InputError(
                f"{missing} is missing, while the treebank's other files are there. Add it; or keep one file, which "
                "is then cut into train, dev and test."
            )
        test = _spread(sentences["test"], sizes["test"])
        dev = _spread(_others(sentences["dev"], test), sizes["dev"])
        kept = _others(sentences["train"], dev, test)
        note = (
            f"the official splits of {name}; {len(sentences['train']) - len(kept)} train sentences repeat held-out ones"
        )
        return {"train": _spread(kept, sizes.get("train")), "dev": dev, "test": test}, f"{note} and were dropped"
    wanted = " nor ".join(str(folder / name / f"{stem}-ud-*.conllu") for name, stem in treebanks)
    raise InputError(
        f"no treebank for {code!r}: no file {wanted}. Set tagging.source.folder to a folder in the layout of the "
        "Universal Dependencies release (ud-treebanks-v2.5)."
    )
