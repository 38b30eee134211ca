"""Tag names, what answers are constrained to, and the tags that are read out of answers."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from tokenizers import Tokenizer

from prefixyarn.data.words import TAGGED
from prefixyarn.decode.constraint import Constraint, Ids
from prefixyarn.errors import InputError
from prefixyarn.models.plain_text import inside
from prefixyarn.records import Item

# The universal part-of-speech tags (universaldependencies.org/u/pos), as codes and as plain words.
WORDS = {
    "ADJ": "adjective",
    "ADP": "preposition",
    "ADV": "adverb",
    "AUX": "auxiliary",
    "CCONJ": "conjunction",
    "DET": "determiner",
    "INTJ": "interjection",
    "NOUN": "noun",
    "NUM": "number",
    "PART": "particle",
    "PRON": "pronoun",
    "PROPN": "name",
    "PUNCT": "punctuation",
    "SCONJ": "subordinator",
    "SYM": "symbol",
    "VERB": "verb",
    "X": "other",
}
NAMES = {"words": WORDS, "upos": {tag: tag for tag in WORDS}}  # by the config's tagging.tag_names
TAGS = {name: tag for names in NAMES.values() for tag, name in names.items()}


def pairs(text: str) -> list[tuple[str, str]]:
    """Return the tagged words in a text, in their order: (word, name of the tag)."""
    return TAGGED.findall(text)


def read_tags(text: str, words: Sequence[str]) -> list[str | None]:
    """Return the tag of each word that an answer gives; None where it gives none, or a name that is not a tag's.

    Words that the answer leaves out, adds or changes cost no more than themselves: its words are aligned with those
    that were to be tagged.
    """
    found = pairs(text)
    tags: list[str | None] = [None] * len(words)
    matcher = SequenceMatcher(None, [word for word, _ in found], list(words), autojunk=False)
    for start, place, size in matcher.get_matching_blocks():
        for n in range(size):
            tags[place + n] = TAGS.get(found[start + n][1])
    return tags


def constraint(item: Item, tokenizer: Tokenizer) -> Constraint:
    """Return what an item's answer is constrained to: its words are given, their tags are chosen.

    Raises:
        InputError: The item's target has names of neither kind, or of both.
    """
    used = {name for _, name in pairs(item.target)}
    names = next((kind for kind in NAMES.values() if used <= {*kind.values()}), None)
    if names is None:
        raise InputError(f"item {item.id}: {', '.join(sorted(used))} are not all names of tags of one kind")
    encode = inside(tokenizer)
    words = item.source.split()
    pieces = [f" {words[0]} (", *(f") {word} (" for word in words[1:]), ")"]
    return Constraint(tuple(map(encode, pieces)), tuple(map(encode, names.values())))


def prior_ids(own: Constraint, text: str, words: Sequence[str]) -> Ids:
    """Return the ids of a constrained answer's start: as many tagged words as the text has.

    A word whose name is not a tag's ends it.
    """
    choices: list[int] = []
    for tag in read_tags(text, words):
        if tag is None:
            break
        choices.append(list(WORDS).index(tag))
    return own.filled(choices)
