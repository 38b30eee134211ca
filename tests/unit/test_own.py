"""The foundation's own opening in the target language: which of its first tokens is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import torch

import tiny
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.session import Session
from prefixyarn.decode.stops import Stops
from prefixyarn.metrics.error_types import LanguageDetector
from prefixyarn.models.foundation import Foundation
from prefixyarn.priors import own_openings

TOKENIZER = tiny.tokenizer()


def opened(limit: int = 16, journal: Path | None = None) -> Session:
    model = tiny.gemma(len(TOKENIZER))
    return Session(Builtin(Foundation("tiny", model, TOKENIZER), "base", Limits(4000)), limit, journal)


def test_first_tokens_are_those_of_the_models_own_distribution() -> None:
    session = opened()
    prompts = [(2, 11, 12, 13), (2, 20), (2, 11, 12, 14, 15, 16)]
    model = cast(Builtin, session.backend).foundation.model
    for prompt, found in zip(prompts, session.first_tokens(prompts, 7), strict=True):
        with torch.no_grad():
            logits = model(torch.tensor([prompt])).logits[0, -1]
        assert found == logits.topk(7).indices.tolist()


def test_continuations_are_greedy_and_end_by_the_stop_rule() -> None:
    session = opened()
    prompt = (2, 11, 12, 13)
    going_on = [token for token in range(300, 400) if token not in session.stops.newline_ids]
    for first in going_on[:8]:
        whole = session.continued([(prompt, (first,))], 6)[0]
        assert 1 <= len(whole) <= 6
        assert list(whole) == greedily(session, (*prompt, first), len(whole))
    assert session.continued([], 6) == []


def test_openings_that_were_tried_are_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed job goes on from its journal, where the openings' limit is the session's."""
    begun = [((2, 11, 12, 13), (token,)) for token in (300, 301, 302)]
    with opened(own_openings.LONGEST, tmp_path / "journal") as session:
        before = session.continued(begun[:2], own_openings.CONTINUED)
        session.continued(begun[:1], 3)  # another limit: not kept
    with opened(own_openings.LONGEST, tmp_path / "journal") as session:
        engine = cast(Builtin, session.backend)
        answers, known = engine.answers, []  # type: ignore[var-annotated]

        def spied(*given: Any) -> Any:
            known.extend(given[4](request) for request in given[1])
            return answers(*given)

        monkeypatch.setattr(engine, "answers", spied)
        after = session.continued(begun, own_openings.CONTINUED)
    assert after[:2] == before and [own is not None for own in known] == [True, True, False]


def greedily(session: Session, ids: Sequence[int], n: int) -> list[int]:
    model, found = cast(Builtin, session.backend).foundation.model, list(ids)
    for _ in range(n):
        with torch.no_grad():
            found.append(int(model(torch.tensor([found])).logits[0, -1].argmax()))
    return found[len(ids) :]


class Fake:
    """A session whose first tokens are 0, 1, 2, … and whose openings read as their first token says."""

    def __init__(self, texts: dict[int, str]) -> None:
        self.texts, self.asked = texts, 0
        self.stops = cast(Stops, FakeStops(texts))

    def first_tokens(self, prompts: Sequence[Any], n: int) -> list[list[int]]:
        return [list(range(n)) for _ in prompts]

    def continued(self, begun: Sequence[Any], tokens: int, done: Callable[[int], None] = print) -> list[Any]:
        self.asked += len(begun)
        return [(100 + first,) for _, (first,) in begun]


class FakeStops:
    eos_ids = frozenset({3})

    def __init__(self, texts: dict[int, str]) -> None:
        self.texts = texts

    def text(self, ids: Sequence[int]) -> str:
        return self.texts.get(ids[0], "?")

    def reason(self, ids: Sequence[int]) -> str | None:
        return "newline" if ids[-1] == 101 else "length"


class Detector:
    def detect(self, text: str) -> str | None:
        return {"d": "de", "e": "en"}.get(text[:1])


def openings(texts: dict[int, str], prompts: int = 1) -> tuple[Any, int, list[int]]:
    session, told = Fake(texts), []  # type: ignore[var-annotated]
    found = own_openings.openings(
        cast(Session, session),
        {f"i{n}": (n,) for n in range(prompts)},
        "de",
        cast(LanguageDetector, Detector()),
        told.append,
    )
    return found, session.asked, told


def test_the_likeliest_opening_in_the_language_is_taken() -> None:
    found, asked, _ = openings({0: "e", 1: "d one", 2: "d two"})
    assert (found["i0"].text, found["i0"].ids) == ("d one", (1,)), "its line break is no part of it"
    assert asked == own_openings.AT_ONCE, "the rest is not looked at"


def test_the_name_of_the_language_is_no_opening() -> None:
    found, _, _ = openings({0: "deutsch", 1: "d (German)", 2: "d two"})
    assert found["i0"].text == "d two"


def test_what_ends_the_sequence_is_no_opening() -> None:
    found, _, _ = openings({3: "d", 5: "d five"})
    assert found["i0"].ids == (5, 105)


def test_all_first_tokens_are_tried_before_giving_up() -> None:
    found, asked, told = openings({40: "d forty"})
    assert found["i0"].ids == (40, 140) and asked == own_openings.FIRST - 1 and sum(told) == 1
    found, _, _ = openings({0: "e zero"})
    assert found["i0"].ids == (0, 100) and "none of 64" in found["i0"].origin, "the foundation's own answer"


def test_every_item_has_an_opening() -> None:
    found, _, told = openings({0: "d"}, prompts=3)
    assert list(found) == ["i0", "i1", "i2"] and sum(told) == 3
