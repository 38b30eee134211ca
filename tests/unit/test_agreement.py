import numpy as np
import pytest
import torch

import tiny
from prefixyarn.analysis.agreement import TEACHER_FORCED, Step
from prefixyarn.analysis.agreement.measure import Read, compare, reads, steps
from prefixyarn.analysis.agreement.table import agreement_markdown, agreement_rows
from prefixyarn.decode.backend import Request
from prefixyarn.models.foundation import Foundation
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, System

tok = tiny.tokenizer()


def test_divergences_by_hand() -> None:
    sft = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.7, 0.1]]).log()
    foundation = torch.tensor([[0.25, 0.5, 0.25], [0.3, 0.5, 0.2]]).log()
    found = compare(foundation, sft)
    assert found["agree"].tolist() == [False, True]
    assert found["rank"].tolist() == [2, 1], "of tokens as likely as the SFT model's, none is before it"
    kl = 0.5 * np.log(2) + 0.25 * np.log(0.5)
    assert float(found["kl"][0]) == pytest.approx(kl, abs=1e-6)
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.5, 0.25])
    m = (p + q) / 2
    js = ((p * np.log(p / m)).sum() + (q * np.log(q / m)).sum()) / 2
    assert float(found["js"][0]) == pytest.approx(js, abs=1e-6)
    assert float(found["entropy_sft"][0]) == pytest.approx(1.5 * np.log(2), abs=1e-6)
    same = compare(sft, sft)
    assert same["agree"].all() and float(same["kl"].abs().max()) < 1e-6 and float(same["js"].abs().max()) < 1e-6


class Twice:
    """An SFT model that is a second model."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model

    def on(self):  # type: ignore[no-untyped-def]
        from contextlib import nullcontext

        return nullcontext(self.model)


def test_steps_are_positions_after_the_given_tokens() -> None:
    one, two = tiny.gemma(len(tok), seed=1), tiny.gemma(len(tok), seed=2)
    reads = [Read("a", TEACHER_FORCED, Request((2, 50, 60), (70, 80, 90))), Read("b", 1, Request((2, 50), (70, 80)))]
    found = steps(reads, Foundation("tiny", one, tok), Twice(two))  # type: ignore[arg-type]
    assert [(s.item, s.k, s.t) for s in found] == [("a", -1, 0), ("a", -1, 1), ("a", -1, 2), ("b", 1, 1)]
    with torch.inference_mode():
        ours = one(torch.tensor([[2, 50, 60, 70]])).logits[0, -1].log_softmax(-1)
        theirs = two(torch.tensor([[2, 50, 60, 70]])).logits[0, -1].log_softmax(-1)
    best = int(theirs.argmax())
    assert found[1].rank == int((ours > ours[best]).sum()) + 1 and found[1].agree == (int(ours.argmax()) == best)
    itself = steps(reads, Foundation("tiny", one, tok), Twice(one))  # type: ignore[arg-type]
    assert all(s.agree and s.rank == 1 and abs(s.kl) < 1e-5 for s in itself)


def test_agreement_is_tabulated_by_position_and_direction() -> None:
    def step(item: str, t: int, rank: int) -> Step:
        return Step(item, -1, t, rank == 1, rank, kl=1.0, js=0.1, entropy_foundation=2.0, entropy_sft=1.0)

    ranks = {"en-de": [1, 1, 3], "en-fr": [2, 1, 60]}
    rows = agreement_rows(
        {subset: [step(i, t, rank) for i in ("a", "b") for t, rank in enumerate(own)] for subset, own in ranks.items()},
        "m",
        1000,
        1,
    )
    (whole,) = [row for row in rows if row.whole]
    assert whole.n == 12 and whole.top_1.score == 50 and whole.top_5.score == pytest.approx(1000 / 12)
    assert whole.rest_5 == pytest.approx(200 / 3)
    found = {(row.subset, row.start, row.end): row for row in rows}
    assert found["", 0, 1].top_1.score == 50 and found["en-de", 0, None].top_1.score == pytest.approx(200 / 3)
    assert whole.top_1.low == whole.top_1.high == 50, "both items are alike"
    assert whole.narrowing.score == 1 and whole.top[5] == whole.top_5 and whole.rest[5] == whole.rest_5
    text = agreement_markdown(rows)
    assert "SFT model's answer" in text and "| t = 0 " in text and "| all " in text


def test_what_a_foundation_wrote_alone_is_also_read_from_where_a_prior_ends() -> None:
    own = [Step("a", k, t, True, 1, 0.0, 0.0, 1.0, 1.0) for k in (-1, 0, 2) for t in range(max(k, 0), 6)]
    rows = [row for row in agreement_rows({"en-de": own}, "m", 100, 1) if not row.subset]
    assert [(row.k, row.n) for row in rows if (row.start, row.end) == (2, None)] == [(0, 4)]
    assert [(row.k, row.n) for row in rows if row.whole] == [(-1, 6), (0, 6), (2, 4)]
    assert "| t ≥ 2 " in agreement_markdown(rows)


def test_what_is_read_are_the_sft_models_answers_and_the_foundations_own() -> None:
    def output(item: str, system: System, prior: list[int], new: list[int]) -> Output:
        own = (system.kind, system.variant, system.k, system.unit, system.model, system.prompt)
        return Output(item, *own, prior, new, "", "", "", "eos", len(new))

    none, given = System("none"), System("sft", "", 2, "token")
    free = [output(i, none, [], [5]) for i in ("b", "a")] + [output("a", given, [7, 8], [9])]
    free += [
        output("a", System("oracle", "", 2, "token"), [6], [6]),
        output("a", System("sft", "", 4, "token"), [6], [6]),
    ]
    own = [output(i, System("none", model="sft"), [], [7, 8]) for i in ("c", "b", "a")]
    found = reads(
        tok, Prompt("x", "{source}\n"), "en-de", [Item("a", "One", "Eins"), Item("b", "Two", "Zwei")], own, free, [2]
    )
    assert [(read.item, read.k, read.request.prior) for read in found] == [
        ("a", TEACHER_FORCED, (7, 8)),
        ("a", 0, (5,)),
        ("a", 2, (7, 8, 9)),
        ("b", TEACHER_FORCED, (7, 8)),
        ("b", 0, (5,)),
    ]
    assert found[0].request.prompt == found[2].request.prompt != found[3].request.prompt
