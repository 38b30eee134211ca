"""The kinds of priors: one entry a kind. Another kind is an entry here and the function that makes it.

A kind's function takes what priors are made of (`Material`), an item and the system wanted, and returns a `PriorText`.
`prefixyarn.priors.build` cuts it to its first k units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prefixyarn.errors import InputError
from prefixyarn.priors import controls, corrupt, dictionary, given, none, oracle, own, random_words, refined, sft

if TYPE_CHECKING:
    from prefixyarn.priors.material import Material, PriorText
    from prefixyarn.records import Item, System

    Make = Callable[[Material, Item, System], PriorText]


# What a kind needs beside the items: a dictionary, a refined model's or the SFT model's answers, a loaded foundation.
DICTIONARY, REFINED, SFT, FOUNDATION = "dictionary", "refined", "sft", "foundation"
TEXT, TAGS = "text", "tags"  # what a task's answers are


@dataclass(frozen=True)
class Kind:
    """A kind of priors.

    Attributes:
        name: Its name in the config, in records and tables.
        what: What it is, in a line.
        make: By what a task's answers are (`TEXT`, `TAGS`), the function that makes such a prior.
        variants: Its variants, in the order of tables; the first one is the headline's.
        random: Whether variants are draws, as many as the config says.
        needs: What it needs.
        whole: Whether it is given whole, whatever k is: such a kind has no k.
        cut: Whether it is cut to its first k units; if not, the function has done so.
        in_config: Whether it can be asked for as one of a task's ``priors.kinds``; the others are for analyses, or for
            one's own text.
    """

    name: str
    what: str
    make: Mapping[str, Make]
    variants: Sequence[str] = ("",)
    random: bool = False
    needs: frozenset[str] = field(default_factory=frozenset)
    whole: bool = False
    cut: bool = True
    in_config: bool = True

    def variants_of(self, draws: int) -> list[str]:
        """Return the kind's variants in a task with so many random draws."""
        return [f"draw-{n}" for n in range(1, draws + 1)] if self.random else list(self.variants)


def _needs(*names: str) -> frozenset[str]:
    return frozenset(names)


_KINDS = [
    Kind("none", "nothing: the model alone", {TEXT: none.nothing, TAGS: none.nothing}, whole=True),
    Kind(
        "own",
        "the likeliest of the foundation's own openings that lead into the target language",
        {TEXT: own.own},
        needs=_needs(FOUNDATION),
    ),
    Kind(
        "pseudo",
        "a dictionary's translation of a source word: its own first choice, or the foundation's",
        {TEXT: dictionary.pseudo},
        ("first", dictionary.LIKELIEST),
        needs=_needs(DICTIONARY, FOUNDATION),
    ),
    Kind(
        "refined",
        "the start of what the refined model, a small task model, predicts",
        {TEXT: refined.refined, TAGS: refined.refined},
        needs=_needs(REFINED),
    ),
    Kind(
        "refined-matched",
        "the same of a refined model trained on the SFT model's own training pairs alone",
        {TEXT: refined.matched, TAGS: refined.matched},
        needs=_needs(REFINED, SFT),
    ),
    Kind(
        "sft",
        "the start of the SFT model's own answer, the same token ids",
        {TEXT: sft.sft, TAGS: sft.sft_tags},
        needs=_needs(SFT),
    ),
    Kind(
        "oracle",
        "the start of the reference: a bound, not a method",
        {TEXT: oracle.oracle, TAGS: oracle.oracle},
    ),
    Kind(
        "random-function",
        "a random function word of the target language, as frequent and as long as the pseudo prior",
        {TEXT: random_words.random_word},
        random=True,
        needs=_needs(DICTIONARY),
    ),
    Kind(
        "random-content",
        "a random content word, matched in the same way",
        {TEXT: random_words.random_word},
        random=True,
        needs=_needs(DICTIONARY),
    ),
    Kind("random", "tags drawn by their frequency in training", {TAGS: random_words.random_tags}, random=True),
    Kind(
        "shuffled",
        "the start of another item's reference; in tagging the tags of another sentence",
        {TEXT: controls.shuffled, TAGS: controls.shuffled_tags},
    ),
    Kind(
        "language-tag",
        "what only names or marks the target language; given whole and removed before scoring",
        {TEXT: controls.language_tag},
        ("native-name", "code"),
        whole=True,
    ),
    Kind(
        "fixed",
        "the commonest opening of training targets, the same for every item",
        {TEXT: controls.fixed},
    ),
    Kind(
        "given",
        "a text that a user of `prefixyarn answer` gives, whole",
        {TEXT: given.given, TAGS: given.given},
        whole=True,
        in_config=False,
    ),
]

CORRUPTIONS = tuple(corrupt.CORRUPTIONS)
CORRUPT_LEVELS = corrupt.LEVELS
corrupt_levels = corrupt.levels_of


def corrupt_name(corruption: str, level: int) -> str:
    """Return the kind of the reference's first words, so many percent of them replaced in one way."""
    return f"corrupt-{corruption}-{level}"


_KINDS += [
    Kind(
        corrupt_name(way, level),
        f"the reference's first words, {level} % of them replaced: {how}",
        {TEXT: corrupt.maker(way, level)},
        cut=False,
        in_config=False,
    )
    for way, how in corrupt.CORRUPTIONS.items()
    for level in corrupt.LEVELS
]

KINDS = {kind.name: kind for kind in _KINDS}


def known(answers: str) -> list[str]:
    """Return the kinds that a task with such answers (`TEXT`, `TAGS`) can have."""
    return [kind.name for kind in _KINDS if kind.in_config and answers in kind.make]


def maker(kind: str, answers: str) -> Make:
    """Return the function that makes a kind's priors for such answers.

    Raises:
        InputError: There is no such kind for them.
    """
    if kind not in KINDS or answers not in KINDS[kind].make:
        raise InputError(
            f"no prior kind {kind!r} for answers that are {answers}; there are {', '.join(known(answers))}"
        )
    return KINDS[kind].make[answers]


def answers_of(task: str) -> str:
    """Return what a task's answers are: `TAGS` in tagging, else `TEXT`."""
    return TAGS if task == "tagging" else TEXT
