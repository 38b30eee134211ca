"""Dictionary ("pseudo") priors (paper section 3).

A pseudo prior has two variants. ``first`` is the dictionary's own first choice for one word (`pseudo_word`): in
translation the first content word, in summarisation the most salient one (`salient_words`). ``likeliest`` is the one
translation of any source word (`pseudo_candidates`) that the foundation finds likeliest as the answer's start.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from prefixyarn.data.lexicon import Lexicon, lookup
from prefixyarn.data.text_lines import lookup_form
from prefixyarn.data.words import cased_like_start, is_function_word, looked_up_words, words
from prefixyarn.languages import Direction
from prefixyarn.priors.material import Material, PriorText, Ranking
from prefixyarn.records import Item, System

LIKELIEST = "likeliest"  # the variant that the foundation picks


def pseudo(material: Material, item: Item, system: System) -> PriorText:
    """Return an item's dictionary prior."""
    if system.variant == LIKELIEST:
        return material.likeliest[item.id]
    return pseudo_word(item.source, material.direction, material.lexicon, material.rank)


def pseudo_word(source: str, direction: Direction, lexicon: Lexicon, rank: Ranking = list) -> PriorText:
    """Return the pseudo prior of a source text.

    The rule: take the first content word (no function word of the source language) that the dictionary has, in the
    order that ``rank`` gives, and give its likeliest translation. Where no content word is known, take the first
    known word of any kind; where no word is known at all, the first content word itself, untranslated (an unknown
    word is mostly a name); where there is none either, the first word. A text without words has an empty prior.
    """
    found = looked_up_words(source, direction.source)
    content = rank([w for w in found if not is_function_word(w, direction.source)])
    for word in [*content, *found]:
        entries = lookup(lexicon, word)
        if entries:
            text, probability = entries[0]
            return PriorText(cased_like_start(text, source, direction.target), f"{word} -> {text} ({probability:.2f})")
    fallback = (content or found or [""])[0]
    return PriorText(cased_like_start(fallback, source, direction.target), f"{fallback} (no entry)")


def salient_words(train_sources: Iterable[str], code: str) -> Ranking:
    """Return the ranking of summarisation: the most salient word first.

    A word is more salient the more often it occurs in the text and the fewer training texts contain it. Its score is
    tf-idf: its count times log((1 + N) / (1 + n)), where n of N training texts have it (Spärck Jones 1972). Of equals,
    the earlier one comes first.
    """
    texts = list(train_sources)
    frequency = Counter(word for text in texts for word in {lookup_form(w) for w in words(text, code)})

    def rank(found: Sequence[str]) -> list[str]:
        counts = Counter(lookup_form(word) for word in found)
        salient = {w: n * math.log((1 + len(texts)) / (1 + frequency[w])) for w, n in counts.items()}
        return sorted(dict.fromkeys(found), key=lambda w: -salient[lookup_form(w)])

    return rank


def pseudo_candidates(source: str, direction: Direction, lexicon: Lexicon) -> list[str]:
    """Return what a pseudo prior could be: every translation of every source word, cased as an answer starts.

    Content words come first, and of a word its likelier translations: the order decides between equals. Where
    no word is known the list holds the fall-back of `pseudo_word`, if that is not empty.
    """
    found = looked_up_words(source, direction.source)
    content = [w for w in found if not is_function_word(w, direction.source)]
    texts = [text for word in [*content, *found] for text, _ in lookup(lexicon, word)]
    fallback = pseudo_word(source, direction, lexicon).text
    cased = [cased_like_start(text, source, direction.target) for text in texts] or [fallback]
    return [text for text in dict.fromkeys(cased) if text]
