"""Bilingual dictionaries: induced from parallel text by word alignment, or read from files.

File format of ours: tab-separated ``source word, target word, probability``, sorted. MUSE files and other
two-column files (``source target`` a line, divided by a tab or a space) are read too; their entries of one
source word share the probability equally, in the order of the file.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from prefixyarn.data.lock import check_files
from prefixyarn.data.text_lines import lookup_form, loose_form
from prefixyarn.data.two_columns import read_two_columns
from prefixyarn.data.words import words
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.records import AGAIN, Item, atomic, decoded, read_records

# Source word, as `lookup_form` has it -> [(target word, probability)], likeliest first.
Lexicon = dict[str, list[tuple[str, float]]]

ITERATIONS = 5  # of expectation maximisation, NLTK's and GIZA++'s usual number for Model 1
MIN_SCORE = 0.2  # below, an entry is mostly alignment noise (docs/data.md: compared on MUSE, not on test items)
MIN_TOGETHER = 2  # words that meet once align with everything in that sentence


def induce(pairs: Iterable[tuple[str, str]], source_code: str, target_code: str) -> Lexicon:
    """Induce a dictionary from sentence pairs with IBM Model 1 (Brown et al. 1993) in both directions.

    A candidate's score is sqrt(t(target | source) t(source | target)) n / (n + 1), where n is the number of
    sentence pairs that hold both. The geometric mean keeps out frequent words that one direction alone links to
    everything, the factor words that met only a few times. The scores of a source word's candidates are
    normalised to sum to 1. Source words are lower case; target words are cased as they mostly are within
    a sentence (German nouns, names).

    Args:
        pairs: Source and target sentences of the training split.
        source_code: Language code of the source sentences.
        target_code: Language code of the target sentences.

    Raises:
        InputError: No pairs.
    """
    from nltk.translate import AlignedSent, IBMModel1  # slow to import, and the workflow imports this module

    segmented = [(words(s, source_code), words(t, target_code)) for s, t in pairs]
    forms = Counter(word for _, target in segmented for word in target[1:])
    cased = {form.lower(): form for form, _ in reversed(forms.most_common())}
    corpus = [([lookup_form(w) for w in s], [w.lower() for w in t]) for s, t in segmented if s and t]
    if not corpus:
        raise InputError(f"no training sentences in {source_code}-{target_code}: a dictionary needs some")
    forward = IBMModel1([AlignedSent(t, s) for s, t in corpus], ITERATIONS).translation_table
    backward = IBMModel1([AlignedSent(s, t) for s, t in corpus], ITERATIONS).translation_table
    together = Counter((a, b) for s, t in corpus for a in set(s) for b in set(t))
    scored: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for (source, target), n in together.items():
        score = (forward[target][source] * backward[source][target]) ** 0.5 * n / (n + 1)
        if n >= MIN_TOGETHER and score >= MIN_SCORE:
            scored[source].append((target, score))
    lexicon: Lexicon = {}
    for source, candidates in sorted(scored.items()):
        total = sum(score for _, score in candidates)
        ranked = sorted(candidates, key=lambda e: (-e[1], e[0]))
        lexicon[source] = [(cased.get(target, target), score / total) for target, score in ranked]
    return lexicon


def lookup(lexicon: Lexicon, word: str) -> list[tuple[str, float]]:
    """Return the entries of a word as it stands in a text, likeliest first; none if the dictionary lacks it.

    Where the word itself is not there, what writers agree in is looked up (`prefixyarn.data.text_lines.loose_form`).
    """
    return lexicon.get(lookup_form(word)) or lexicon.get(loose_form(word), [])


def pivot(first: Lexicon, second: Lexicon) -> Lexicon:
    """Join two dictionaries over their shared language: p(c | a) = sum over b of p(b | a) p(c | b)."""
    joined: Lexicon = {}
    for source, middles in first.items():
        scores: dict[str, float] = defaultdict(float)
        for middle, p in middles:
            for target, q in lookup(second, middle):
                scores[target] += p * q
        total = sum(scores.values())
        if scores:
            ranked = sorted(scores.items(), key=lambda e: (-e[1], e[0]))
            joined[source] = [(target, p / total) for target, p in ranked]
    return joined


def dictionary_files(folder: str | Path, source_code: str, target_code: str) -> Sequence[Path]:
    """Return the dictionary files for a direction: the direct one, or the two that pivot through English.

    Files are named as MUSE names them, ``en-de.txt``.

    Raises:
        InputError: Neither is there; what is there is named.
    """
    folder = Path(folder)
    direct = folder / f"{source_code}-{target_code}.txt"
    if direct.exists():
        return [direct]
    legs = [folder / f"{source_code}-en.txt", folder / f"en-{target_code}.txt"]
    if "en" not in (source_code, target_code) and all(leg.exists() for leg in legs):
        return legs
    wanted = direct.name
    if "en" not in (source_code, target_code):
        wanted += f" (or both {legs[0].name} and {legs[1].name})"
    there = sorted(path.name for path in folder.glob("*"))
    listed = ", ".join(there[:10]) + ", …" * (len(there) > 10) if there else "nothing"
    raise InputError(
        f"{folder}: no dictionary for {source_code}-{target_code}: expected a file {wanted}, and found {listed}"
    )


def read_dictionaries(files: Sequence[str | Path], direction: Direction) -> Lexicon:
    """Read one two-column dictionary, or two and pivot.

    Args:
        files: The dictionary, or two, into English and from it.
        direction: From which language into which they lead.
    """
    codes = [direction.source, *(["en"] if len(files) > 1 else []), direction.target]
    lexicons = [read_two_columns(path, *pair) for path, pair in zip(files, pairwise(codes), strict=True)]
    return lexicons[0] if len(lexicons) == 1 else pivot(*lexicons)


def make(direction: Direction, induced: bool, files: Sequence[str | Path], lock: str | Path) -> Lexicon:
    """Return the dictionary of a direction.

    Args:
        direction: The direction.
        induced: Whether it is induced from parallel texts; else it is read.
        files: The parallel texts, as items; or one dictionary file, or two that pivot through English. Without any the
            dictionary is empty.
        lock: The lock file. Dictionaries in a folder named ``muse`` are checked against it.
    """
    if not files:
        return {}
    if induced:
        pairs = ((i.source, i.target) for path in files for i in read_records(path, Item))
        return induce(pairs, direction.source, direction.target)
    lexicon = read_dictionaries(files, direction)  # first: what is no dictionary is not recorded
    if muse := {f"muse/{Path(path).name}": path for path in files if Path(path).parent.name == "muse"}:
        check_files(lock, muse)
    return lexicon


def write(path: str | Path, lexicon: Lexicon) -> None:
    """Write a dictionary in our format, atomically."""
    with atomic(path) as stream:
        for source, entries in sorted(lexicon.items()):
            for target, probability in entries:
                stream.write(f"{source}\t{target}\t{probability:.4f}\n")


def read(path: str | Path) -> Lexicon:
    """Read a dictionary in our format.

    Raises:
        InputError: A line is malformed; file and line are named.
    """
    lexicon: Lexicon = defaultdict(list)
    with open(path, "rb") as stream:
        for number, raw in enumerate(stream, 1):
            line = decoded(raw, path, number, AGAIN)
            try:
                source, target, share = line.rstrip("\n").split("\t")
                probability = float(share)
                if not 0 <= probability <= 1:
                    raise ValueError
            except ValueError as error:
                raise InputError(
                    f"{path}, line {number}: expected 'source<TAB>target<TAB>probability', got {line.strip()[:60]!r}. "
                    f"{AGAIN}"
                ) from error
            lexicon[source].append((target, probability))
    return dict(lexicon)
