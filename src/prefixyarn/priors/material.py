"""What priors are made of, beside the items."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from prefixyarn.data.lexicon import Lexicon
from prefixyarn.data.words import TAGGED, cut_words
from prefixyarn.languages import Direction
from prefixyarn.priors.matched_words import RandomWords
from prefixyarn.records import Item, Output

Ids = tuple[int, ...]
Ranking = Callable[[Sequence[str]], list[str]]  # puts a source's content words in the order of preference


@dataclass(frozen=True)
class PriorText:
    """A prior before it is cut: its text, where it came from, and its token ids where it has ids of its own."""

    text: str
    origin: str
    ids: Ids = ()


@dataclass(frozen=True, eq=False)
class Material:
    """What priors of one subset are made of, beside the items.

    Attributes:
        direction: The items' direction, or language.
        train: Training items: for frequencies and common openings.
        seed: Seed of random words and of the shuffling; each item and draw has its own stream, so an item's
            priors do not depend on the other systems.
        encode: Returns the token ids of a text at the start of an answer.
        decode: Returns the text of token ids.
        word_tokens: Returns how many tokens a word has by itself.
        others: By item id, another item, every item once.
        lexicon: Source to target dictionary; empty without one.
        likeliest: By item id, the pseudo prior that the foundation finds likeliest.
        own: By item id, the foundation's own likeliest opening in the target language.
        refined: By item id, the refined model's text: the first words at least.
        matched: The same of the refined model that was trained on the SFT model's own training pairs.
        sft: By item id, the SFT model's output.
        given: By item id, the text that a user gives.
        rank: The order in which a source's content words are looked up.
    """

    direction: Direction
    train: Sequence[Item]
    seed: int
    encode: Callable[[str], Ids]
    decode: Callable[[Ids], str]
    word_tokens: Callable[[str], int]
    others: Mapping[str, Item]
    lexicon: Lexicon = field(default_factory=dict)
    likeliest: Mapping[str, PriorText] = field(default_factory=dict)
    own: Mapping[str, PriorText] = field(default_factory=dict)
    refined: Mapping[str, str] = field(default_factory=dict)
    matched: Mapping[str, str] = field(default_factory=dict)
    sft: Mapping[str, Output] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    rank: Ranking = list

    @functools.cached_property
    def random_words(self) -> RandomWords:
        """Random words of the target language, as long in tokens as they are at the start of an answer."""
        return RandomWords([i.target for i in self.train], self.direction.target, lambda word: len(self.encode(word)))

    @functools.cached_property
    def inner_words(self) -> RandomWords:
        """The same for words within a text, which no prompt stands before."""
        return RandomWords([i.target for i in self.train], self.direction.target, self.word_tokens)

    @functools.cached_property
    def tag_frequency(self) -> Counter[str]:
        """How often each tag name stands in training."""
        return Counter(name for item in self.train for _, name in TAGGED.findall(item.target))

    @functools.cache  # noqa: B019  # one material a subset, gone with it
    def opening(self, k: int, unit: str) -> PriorText:
        """Return the commonest first k units of training targets; of equals, the first in order."""
        origin = "commonest opening in training"
        if unit == "word":
            starts = Counter(cut_words(item.target, self.direction.target, k) for item in self.train)
            return PriorText(min(starts, key=lambda start: (-starts[start], start)), origin)
        firsts = Counter(self.encode(item.target)[:k] for item in self.train)
        ids = min(firsts, key=lambda ids: (-firsts[ids], ids))
        return PriorText(self.decode(ids).lstrip(), origin, ids)
