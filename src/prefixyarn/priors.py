"""Priors: what is given to a model as the start of its answer (paper section 3, controls section 5.2).

Kinds:
    none: Nothing; the model alone.
    pseudo: A dictionary's translation of one source word; the paper's "pseudo prior". Variants: ``first``, the
        dictionary's own first choice for one word (`pseudo_word`: in translation the first content word, in
        summarisation the most telling one, `telling_words`), and ``likeliest``, of all translations of all source words
        the one that the foundation finds likeliest as the answer's start (`pseudo_candidates`).
    refined: The start of what a refined model, a small task model, predicts.
    sft: The start of the SFT model's own answer, the same token ids.
    oracle: The start of the reference: an upper bound, not a method.
    random-function, random-content: A random word of the target language, as frequent as the item's pseudo
        prior in training text and as many tokens long, from the function or from the content words.
    shuffled: The start of another item's reference.
    language-tag: Something that only names (``native-name``) or marks (``code``) the target language; given whole
        and removed before scoring.
    fixed: The commonest opening of training targets in that language, the same for every item.

A prior is cut to its first k units. Units are tokens of the foundation's tokenizer (as in the paper) or words.
"""

from __future__ import annotations

import bisect
import functools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from transformers import PreTrainedTokenizerFast

from prefixyarn.data.lexicon import Lexicon
from prefixyarn.data.words import cased_like_start, cut_words, is_function_word, words
from prefixyarn.languages import Direction, language, mostly_in_script
from prefixyarn.models.tokenizer import answer_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, Prior, System

NEAREST = 10  # random words are drawn among this many nearest in frequency,
WINDOW = 100  # looked for among this many rarer and as many commoner words


@dataclass(frozen=True)
class PriorText:
    """A prior before it is cut: its text, where it came from, and its token ids where it has ids of its own."""

    text: str
    origin: str
    ids: tuple[int, ...] = ()


Ranking = Callable[[Sequence[str]], list[str]]  # puts a source's content words in the order of preference


def pseudo_word(source: str, direction: Direction, lexicon: Lexicon, rank: Ranking = list) -> PriorText:
    """Return the pseudo prior of a source text.

    The rule: take the first content word (no function word of the source language) that the dictionary has, in the
    order that ``rank`` gives, and give its likeliest translation. Where no content word is known, take the first
    known word of any kind; where no word is known at all, the first content word itself, untranslated (an unknown
    word is mostly a name); where there is none either, the first word. A text without words has an empty prior.
    """
    found = words(source, direction.source)
    content = rank([w for w in found if not is_function_word(w, direction.source)])
    for word in [*content, *found]:
        entries = lexicon.get(word.lower())
        if entries:
            text, probability = entries[0]
            return PriorText(cased_like_start(text, source, direction.target), f"{word} -> {text} ({probability:.2f})")
    fallback = (content or found or [""])[0]
    return PriorText(cased_like_start(fallback, source, direction.target), f"{fallback} (no entry)")


def telling_words(train_sources: Iterable[str], code: str) -> Ranking:
    """Return the ranking of summarisation: the most telling word first.

    A word tells the more, the more often it stands in the text and the fewer training texts have it: by its count
    times log((1 + N) / (1 + n)), tf-idf, where n of N training texts have it (Spärck Jones 1972). Of equals, the
    earlier first.
    """
    texts = list(train_sources)
    frequency = Counter(word for text in texts for word in {w.lower() for w in words(text, code)})

    def rank(found: Sequence[str]) -> list[str]:
        counts = Counter(word.lower() for word in found)
        telling = {w: n * math.log((1 + len(texts)) / (1 + frequency[w])) for w, n in counts.items()}
        return sorted(dict.fromkeys(found), key=lambda w: -telling[w.lower()])

    return rank


def pseudo_candidates(source: str, direction: Direction, lexicon: Lexicon) -> list[str]:
    """Return what a pseudo prior could be: every translation of every source word, cased as an answer starts.

    Content words come first, and of a word its likelier translations: the order decides between equals. Where
    no word is known the list holds the fall-back of `pseudo_word`, if that is not empty.
    """
    found = words(source, direction.source)
    content = [w for w in found if not is_function_word(w, direction.source)]
    texts = [text for word in [*content, *found] for text, _ in lexicon.get(word.lower(), [])]
    fallback = pseudo_word(source, direction, lexicon).text
    cased = [cased_like_start(text, source, direction.target) for text in texts] or [fallback]
    return [text for text in dict.fromkeys(cased) if text]


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


def tag(code: str, variant: str) -> str:
    """Return what names (``native-name``) or marks (``code``) a language at the start of an answer."""
    return f"{language(code).native}:" if variant == "native-name" else f"[{code}]"


@dataclass(frozen=True)
class Material:
    """What priors are made of, beside the items.

    Attributes:
        lexicon: Source to target dictionary.
        train_targets: Target sentences of the training split, for frequencies and common openings.
        seed: Seed of random words and of the shuffling; each item and draw has its own stream, so an item's
            priors do not depend on the other systems.
        likeliest: By item id, the pseudo prior that the foundation finds likeliest.
        refined: By item id, the refined model's text: the first words at least.
        sft: By item id, the SFT model's output.
        rank: The order in which a source's content words are looked up.
    """

    lexicon: Lexicon
    train_targets: Sequence[str]
    seed: int
    likeliest: Mapping[str, PriorText] = field(default_factory=dict)
    refined: Mapping[str, str] = field(default_factory=dict)
    sft: Mapping[str, Output] = field(default_factory=dict)
    rank: Ranking = list


def build_priors(
    domains: Sequence[Sequence[Item]],
    systems: Sequence[System],
    direction: Direction,
    prompts: Mapping[str, Prompt],
    tokenizer: PreTrainedTokenizerFast,
    material: Material,
) -> list[Prior]:
    """Build the priors of all systems for all items.

    Args:
        domains: Items by domain (test, out of domain); the references are used by ``oracle`` and ``shuffled`` alone.
        systems: The systems wanted.
        direction: The items' direction.
        prompts: The prompt by the system's name for it (``zero-shot``, ``few-shot-N``); ids are those that the
            text has after it.
        tokenizer: The foundation's.
        material: What the priors are made of.

    Returns:
        A prior per item and system, in the order of items, then systems.
    """
    join = prompts["zero-shot"].join(direction)

    @functools.cache
    def encode(prompt: str, text: str) -> tuple[int, ...]:
        return tuple(answer_ids(tokenizer, prompt, join, text)) if text else ()

    # Token counts at an answer's start do not depend on the source sentence.
    stem = prompts["zero-shot"].fill("A", direction)
    code, seed = direction.target, material.seed
    random_words = RandomWords(material.train_targets, code, lambda word: len(encode(stem, word)))

    @functools.cache
    def opening(k: int, k_unit: str) -> PriorText:
        """Return the commonest first k units of training targets; of equals, the first in order."""
        origin = "commonest opening in training"
        if k_unit == "word":
            starts = Counter(cut_words(target, code, k) for target in material.train_targets)
            return PriorText(min(starts, key=lambda start: (-starts[start], start)), origin)
        firsts = Counter(encode(stem, target)[:k] for target in material.train_targets)
        ids = min(firsts, key=lambda ids: (-firsts[ids], ids))
        return PriorText(str(tokenizer.decode(ids)).lstrip(), origin, ids)

    def text_of(item: Item, other: Item, system: System) -> PriorText:
        if system.kind == "none":
            return PriorText("", "")
        if system.kind == "pseudo":
            likeliest = system.variant == "likeliest"
            return (
                material.likeliest[item.id]
                if likeliest
                else pseudo_word(item.source, direction, material.lexicon, material.rank)
            )
        if system.kind == "refined":
            return PriorText(material.refined[item.id], "refined model")
        if system.kind == "sft":
            own = material.sft[item.id]
            return PriorText(own.text, "SFT model", tuple(own.new_ids))
        if system.kind == "oracle":
            return PriorText(item.target, "reference")
        if system.kind == "shuffled":
            return PriorText(other.target, f"reference of {other.id}")
        if system.kind == "language-tag":
            return PriorText(tag(code, system.variant), "tag")
        if system.kind == "fixed":
            return opening(system.k, system.k_unit)
        rng = random.Random(f"{seed} {item.id} {direction} {system.kind} {system.variant}")
        like = pseudo_word(item.source, direction, material.lexicon, material.rank).text
        return PriorText(random_words.draw(like, system.kind == "random-function", rng), f"drawn to match {like}")

    priors = []
    for items in domains:
        others = another(items, seed)
        for item in items:
            reference = len(encode(prompts["zero-shot"].fill(item.source, direction), item.target))
            for system in systems:
                found = text_of(item, others[item.id], system)
                filled = prompts[system.prompt].fill(item.source, direction)
                text = cut_words(found.text, code, system.k) if system.k_unit == "word" else found.text
                ids = found.ids or encode(filled, text)
                if found.ids and system.k_unit == "word":
                    ids = _up_to(ids, text, tokenizer)
                if system.k_unit == "token":
                    ids = ids[: system.k]
                priors.append(
                    Prior(
                        item=item.id,
                        **asdict(system),
                        text=text,
                        ids=list(ids),
                        origin=found.origin,
                        covers=system.kind not in ("none", "language-tag") and len(ids) >= reference,
                    )
                )
    return priors


def another(items: Sequence[Item], seed: int) -> dict[str, Item]:
    """Return another item for each item, every item once."""
    order = sorted(items, key=lambda item: item.id)
    random.Random(f"{seed} shuffled").shuffle(order)
    return {item.id: other for item, other in zip(order, [*order[1:], *order[:1]], strict=True)}


def _up_to(ids: Sequence[int], text: str, tokenizer: PreTrainedTokenizerFast) -> tuple[int, ...]:
    """Return the first of the ids whose text holds ``text``."""
    for end in range(len(ids) + 1):
        if str(tokenizer.decode(ids[:end], skip_special_tokens=True)).strip().startswith(text):
            return tuple(ids[:end])
    return tuple(ids)
