"""Two directions of translation with made-up answers, scored: what tests of scores and of tables start from."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, replace

import tiny
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.metrics.subsets import SubsetScores, score_subset
from prefixyarn.records import Item, Output, System
from prefixyarn.tasks.scoring import scores

TRANSLATION = scores("translation")
DIRECTIONS = {"en-de": 1, "en-zh": 2}  # and where the tiny corpus has their references
RESAMPLES = 10_000
TOKENIZER = tiny.tokenizer()
SYSTEMS = {
    "none": System("none"),
    "oracle": System("oracle", "", 2, "token"),
    "pseudo": System("pseudo", "first", 1, "token"),
    "sft": System("none", model="sft"),
    "words": System("oracle", "", 1, "word"),
}


@dataclass(frozen=True)
class Made:
    """One direction: its items by domain, the outputs, and their scores."""

    items: dict[str, list[Item]]
    outputs: list[Output]
    scores: SubsetScores


def output(item: Item, system: System, text: str, prompt: str = "zero-shot") -> Output:
    """Return an answer whose first k tokens are the prior."""
    ids = TOKENIZER(" " + text, add_special_tokens=False).input_ids
    return Output(
        item.id,
        **asdict(replace(system, prompt=prompt)),
        prior_ids=ids[: system.k],
        new_ids=ids[system.k :],
        raw=text,
        text=text,
        continuation=text,
        stop="newline",
        new_tokens=len(ids[system.k :]),
    )


@functools.cache
def directions() -> dict[str, Made]:
    """Return both directions, eight items in-domain and four out of it."""
    found = {}
    for name, column in DIRECTIONS.items():
        items = [Item(str(n), s[0], s[column]) for n, s in enumerate(tiny.parallel(5, 12))]
        domains = {"test": items[:8], "out_of_domain": items[8:]}
        outputs = []
        for item in items:
            texts = {
                "none": item.source,
                "oracle": item.target[: len(item.target) // 2],
                "pseudo": "",
                "sft": item.target,
                "words": item.target,
            }
            outputs += [output(item, SYSTEMS[system], text) for system, text in texts.items()]
        direction = Direction.parse(name)
        scored = score_subset(
            task=TRANSLATION,
            items=domains,
            outputs=outputs,
            covers={(items[0].id, SYSTEMS["oracle"]): True},
            target=direction.target,
            detector=LanguageDetector(["en", "de", "zh"]),
            stripper=PrefixStripper(TOKENIZER.backend_tokenizer, direction),
            cuts=[(1, "token"), (2, "token"), (1, "word")],
            resamples=RESAMPLES,
            seed=1,
            shortened=0.25,
        )
        found[name] = Made(domains, outputs, scored)
    return found


def scored() -> dict[str, SubsetScores]:
    """Return the scores by direction."""
    return {name: made.scores for name, made in directions().items()}


def without(kind: str = "", model: str = "") -> dict[str, SubsetScores]:
    """Return the scores by direction without the systems of a prior kind or of a model."""
    return {
        name: replace(own, systems=[e for e in own.systems if e.system.kind != kind and e.system.model != model])
        for name, own in scored().items()
    }
