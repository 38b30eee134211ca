"""What each prior makes of one text, side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from prefixyarn.errors import InputError
from prefixyarn.languages import language
from prefixyarn.own_text.answer import Answer
from prefixyarn.own_text.arguments import text_of, texts_of
from prefixyarn.own_text.model import Model


@dataclass(frozen=True)
class Compared:
    """An answer among others to the same text.

    Attributes:
        target: Language that was asked for.
        prior: Name of the prior; ``SFT model`` for the run's SFT model, which has none.
        answer: The answer.
        seconds: How long it took, the making of the prior included.
    """

    target: str
    prior: str
    answer: Answer
    seconds: float


def compare(model: Model, text: str, *, source: str = "en", targets: str | Sequence[str], k: int = 2) -> list[Compared]:
    """Return the answers to a text with every prior that can be had, language by language.

    Args:
        model: The model; of a run that has an SFT model, that one answers, too.
        text: The text.
        source: ISO 639-1 code of its language.
        targets: Those of the answers, or one.
        k: How many tokens of a prior are given.

    Raises:
        InputError: The text is none; there is no target, or an unknown one.
    """
    found, text = [], text_of(text, "text 1")
    codes = [language(own).code for own in texts_of(targets, "target")]
    if not codes:
        raise InputError("targets: expected one or more codes of languages, such as ['de', 'fr']")
    for target in codes if model.task != "tagging" else codes[:1]:  # tags have no language
        subset = model.subset(source, target)
        asked = [(name, own, "foundation") for name, own in model.sources(subset).items()]
        if model.backend.sft:
            asked.append(("SFT model", model.source_of("none", subset), "sft"))
        for name, own, weights in asked:
            start = time.perf_counter()
            answer = model.answer(text, source=source, target=target, prior=own, k=k, model=weights)[0]
            found.append(Compared(target, name, answer, time.perf_counter() - start))
    return found
