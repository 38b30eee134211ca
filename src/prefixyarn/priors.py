"""Priors: what is given to the foundation as the start of its answer (paper section 3, controls section 5.2).

Kinds:
    none: Nothing; the foundation alone.
    pseudo: A dictionary's translation of one source word (`pseudo_word`); the paper's "pseudo prior".
    oracle: The start of the reference: an upper bound, not a method.
    random-function, random-content: A random word of the target language, as frequent as the item's pseudo
        prior in training text and as many tokens long, from the function or from the content words.

A prior is cut to its first k units. Units are tokens of the foundation's tokenizer (as in the paper) or words.
"""

from __future__ import annotations

import bisect
import functools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from transformers import PreTrainedTokenizerFast

from prefixyarn.data.lexicon import Lexicon
from prefixyarn.data.words import cased_like_start, is_function_word, words
from prefixyarn.languages import Direction, mostly_in_script
from prefixyarn.models.tokenizer import answer_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, System

NEAREST = 10  # random words are drawn among this many nearest in frequency,
WINDOW = 100  # looked for among this many rarer and as many commoner words


@dataclass(frozen=True)
class PriorText:
    """The text of a prior before it is cut, and where it came from."""

    text: str
    origin: str


def pseudo_word(source: str, direction: Direction, lexicon: Lexicon) -> PriorText:
    """Return the pseudo prior of a source sentence.

    The rule: take the first content word (no function word of the source language) that the dictionary has,
    and give its likeliest translation. Where no content word is known, take the first known word of any
    kind; where no word is known at all, the first content word itself, untranslated (an unknown word is
    mostly a name); where there is none either, the first word. A sentence without words has an empty prior.
    """
    found = words(source, direction.source)
    content = [w for w in found if not is_function_word(w, direction.source)]
    for word in [*content, *found]:
        entries = lexicon.get(word.lower())
        if entries:
            text, probability = entries[0]
            return PriorText(cased_like_start(text, source, direction.target), f"{word} -> {text} ({probability:.2f})")
    fallback = (content or found or [""])[0]
    return PriorText(cased_like_start(fallback, source, direction.target), f"{fallback} (no entry)")


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
        # Names in a foreign script (PayPal in Chinese text) are no words of the language.
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


def cut_words(text: str, code: str, k: int) -> str:
    """Return the text up to and including its k-th word (with what stands before and between)."""
    end = 0
    for word in words(text, code)[:k]:
        end = text.index(word, end) + len(word)
    return text[:end]


def build_priors(
    items: Sequence[Item],
    systems: Sequence[System],
    direction: Direction,
    prompt: Prompt,
    tokenizer: PreTrainedTokenizerFast,
    lexicon: Lexicon,
    train_targets: Sequence[str],
    seed: int,
) -> list[Prior]:
    """Build the priors of all systems for all items.

    Args:
        items: Test items; the reference is used by ``oracle`` alone.
        systems: The systems wanted.
        direction: The items' direction.
        prompt: The prompt that the priors follow; ids are those that the text has after it.
        tokenizer: The foundation's.
        lexicon: Source to target dictionary.
        train_targets: Target sentences of the training split, for the frequencies of random words.
        seed: Seed of the random words; each item and draw has its own stream, so items are independent.

    Returns:
        A prior per item and system, in the order of items, then systems.
    """
    join = prompt.join(direction)
    # Token counts at an answer's start do not depend on the source sentence.
    stem = prompt.fill("A", direction)
    random_words = RandomWords(
        train_targets, direction.target, lambda word: len(answer_ids(tokenizer, stem, join, word))
    )
    priors = []
    for item in items:
        filled = prompt.fill(item.source, direction)
        pseudo = pseudo_word(item.source, direction, lexicon)
        texts: dict[tuple[str, str], PriorText] = {}
        for system in systems:
            key = (system.kind, system.variant)
            if key not in texts:
                if system.kind == "none":
                    texts[key] = PriorText("", "")
                elif system.kind == "pseudo":
                    texts[key] = pseudo
                elif system.kind == "oracle":
                    texts[key] = PriorText(item.target, "reference")
                else:
                    rng = random.Random(f"{seed} {item.id} {direction} {system.kind} {system.variant}")
                    drawn = random_words.draw(pseudo.text, system.kind == "random-function", rng)
                    texts[key] = PriorText(drawn, f"drawn to match {pseudo.text}")
            text = texts[key].text
            if system.k_unit == "word":
                text = cut_words(text, direction.target, system.k)
            ids = answer_ids(tokenizer, filled, join, text) if text else []
            if system.k_unit == "token":
                ids = ids[: system.k]
            priors.append(Prior(item=item.id, **asdict(system), text=text, ids=ids, origin=texts[key].origin))
    return priors
