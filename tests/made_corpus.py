"""A made-up corpus: sentences of three languages, as translations of one another, and a tokenizer of them."""

from __future__ import annotations

import functools
import random

from tokenizers import Tokenizer

from prefixyarn.data.corpus.mixes import Encode
from prefixyarn.data.corpus.works import Work
from prefixyarn.models.bpe import encoded, sample, train_tokenizer

CODES = ["en", "de", "ru"]
WORDS = {
    "en": [
        "the",
        "file",
        "name",
        "list",
        "user",
        "page",
        "open",
        "close",
        "read",
        "write",
        "large",
        "small",
        "old",
        "new",
    ],
    "de": [
        "die",
        "Datei",
        "Name",
        "Liste",
        "Nutzer",
        "Seite",
        "öffnen",
        "schließen",
        "lesen",
        "schreiben",
        "groß",
        "klein",
        "alt",
        "neu",
    ],
    "ru": [
        "это",
        "файл",
        "имя",
        "список",
        "пользователь",
        "страница",
        "открыть",
        "закрыть",
        "читать",
        "писать",
        "большой",
        "малый",
        "старый",
        "новый",
    ],
}


def works(n: int = 300, seed: int = 0) -> list[Work]:
    """Return works of three sentences in all languages, word for word."""
    draw = random.Random(seed)
    found = []
    for number in range(n):
        segments = []
        for _ in range(3):
            places = [draw.randrange(len(WORDS["en"])) for _ in range(8)]
            segments.append({code: " ".join(own[place] for place in places) + "." for code, own in WORDS.items()})
        found.append(Work("man", f"page{number}", tuple(segments)))
    return found


@functools.cache
def tokenizer(vocabulary: int = 400) -> Tokenizer:
    """Return a tokenizer of the corpus."""
    return train_tokenizer(sample(works(), CODES, 20_000), vocabulary)


def encode() -> Encode:
    """Return what yields the ids of texts."""
    return functools.partial(encoded, tokenizer())
