"""Random words of a target language that match another word in frequency and length (paper section 5.2)."""

from __future__ import annotations

import bisect
import functools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable

from prefixyarn.data.words import is_function_word, words
from prefixyarn.languages import mostly_in_script

NEAREST = 10  # random words are drawn among this many nearest in frequency,
WINDOW = 100  # looked for among this many rarer and as many commoner words


class RandomWords:
    """Random words of a target language, matched in training frequency and in token count.

    Args:
        targets: Target sentences of the training split.
        code: The target language.
        token_count: Returns how many tokens a word has at the start of an answer.
    """

    def __init__(self, targets: Iterable[str], code: str, token_count: Callable[[str], int]) -> None:
        """Count the words of the training targets."""
        self.code = code
        self.token_count = functools.cache(token_count)
        self.frequency = Counter(w.lower() for text in targets for w in words(text, code))
        # Names in a foreign script (PayPal in Chinese text) are not words of the language.
        own = [(math.log(n), w) for w, n in self.frequency.items() if mostly_in_script(w, code)]
        self._by_class = {
            function: sorted(e for e in own if is_function_word(e[1], code) == function) for function in (True, False)
        }

    def draw(self, like: str, function: bool, rng: random.Random) -> str:
        """Draw a word that matches another.

        Among the words of the class with the same token count (the nearest count that any word has), one of
        the `NEAREST` nearest in log frequency is drawn; the word itself is never drawn. A word that training
        text lacks counts as seen once.

        Args:
            like: The word to match: the item's pseudo prior.
            function: Draw a function word, else a content word.
            rng: Source of randomness.
        """
        wanted_count = self.token_count(like)
        wanted = math.log(max(self.frequency[like.lower()], 1))
        # Nearest in frequency first, so that few words need to be tokenised.
        pool = self._by_class[function]
        centre = bisect.bisect_left(pool, (wanted, ""))
        near = sorted(pool[max(0, centre - WINDOW) : centre + WINDOW], key=lambda e: (abs(e[0] - wanted), e[1]))
        near = [e for e in near if e[1] != like.lower()]
        if not near:
            return ""
        gaps = [(abs(self.token_count(_cased_as(w, like)) - wanted_count), abs(f - wanted), w) for f, w in near]
        least = min(gap for gap, _, _ in gaps)
        matching = [w for gap, _, w in sorted(gaps) if gap == least]
        return _cased_as(rng.choice(matching[:NEAREST]), like)


def _cased_as(word: str, like: str) -> str:
    return word[:1].upper() + word[1:] if like[:1].isupper() else word
