"""Scores of tagged answers, baselines, and what goes wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prefixyarn.data.words import tagged
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.records import Item, Output
from prefixyarn.tasks.scoring import ErrorType, Scores
from prefixyarn.tasks.tagging.metrics import METRICS
from prefixyarn.tasks.tagging.tags import pairs, read_tags

COMMONEST_TAG = "commonest-tag"


def tagging_error_types(item: Item, output: Output, target: str, detector: LanguageDetector) -> dict[str, ErrorType]:
    """Tell what is wrong with a tagged answer.

    Returns:
        unparsable: Share of the words without a tag that can be read.
        length_mismatch: The answer has not as many tagged words as there are words.
        truncated: The length limit ended it.
        empty: There is no answer.
    """
    words = item.source.split()
    found = read_tags(output.text, words)
    return {
        "unparsable": found.count(None) / len(words),
        "length_mismatch": len(pairs(output.text)) != len(words),
        "truncated": output.stop == "length",
        "empty": not output.text,
    }


def baselines(train: Sequence[Item], items: Sequence[Item]) -> list[Output]:
    """Return what takes no model: the commonest tag for every word, and each word's commonest tag in training.

    Words that training lacks have the commonest tag.
    """
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for item in train:
        for word, name in pairs(item.target):
            seen[word.lower()][name] += 1
    commonest = sum(seen.values(), Counter()).most_common(1)[0][0]
    rules: dict[str, Callable[[str], str]] = {
        COMMONEST_TAG: lambda word: commonest,
        "word's-tag": lambda word: max(seen.get(word.lower(), {commonest: 1}).items(), key=lambda e: (e[1], e[0]))[0],
    }
    outputs = []
    for name, rule in rules.items():
        for item in items:
            words = item.source.split()
            text = tagged(words, [rule(word) for word in words])
            outputs.append(Output.without_ids(item.id, text, name))
    return outputs


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return what a reader of the tagging table must know."""
    found = [
        "Answers are constrained unless a row says `free`: the words are given, and after each its tag is chosen among "
        "the 17. `free` is the paper's way: the model writes words and tags on its own, and what cannot be read counts "
        "as wrong (unparsable). Shares of `free` rows, too, are of the SFT model's constrained answers.",
        "A prior is the first k words with their tags. There are no pseudo priors, as in the paper: a dictionary says "
        "nothing of tags. `random` draws tags by their frequency in training; `shuffled` has another sentence's tags.",
        "`commonest-tag` gives every word the commonest tag in training, `word's-tag` each word its own commonest.",
        "uninformative: on the words that no prior hands over, the system's mean accuracy is not above that of "
        "`commonest-tag`, the best constant answer that training tells of (on the test words another tag may be a "
        "little commoner). Such a row says nothing of what a model knows of tags, nor does its distance from other "
        "such rows.",
    ]
    if config["source"]["kind"] == "silver":
        found.insert(
            0,
            "**The reference tags are silver**: made by packaged taggers, which agree with gold UD in 85 % or more of "
            "words (docs/data.md). The refined tagger is trained on such tags: it re-learns the silver tagger, and its "
            "row says how well it does that, not how well it tags.",
        )
    return found


SCORES = Scores(
    METRICS,
    tagging_error_types,
    ("unparsable", "length_mismatch", "truncated"),
    detects=False,
    baselines=baselines,
    constant=COMMONEST_TAG,
    notes=notes,
)
