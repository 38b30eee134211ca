import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny
from prefixyarn.analysis.agreement import CONTROLS, OWN, REFERENCE, SFT_ANSWER, WITHOUT_SOURCE, Step
from prefixyarn.analysis.agreement.measure import Reading, compare, entropy, rank, readings, steps, token_text
from prefixyarn.analysis.agreement.table import (
    AgreementRow,
    agreement_markdown,
    agreement_row,
    agreement_rows,
    positions,
)
from prefixyarn.decode.backend import Request
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, System
from prefixyarn.tables.rows import read_rows, write_rows

tok = tiny.tokenizer()


def test_ranks_and_divergences_by_hand() -> None:
    sft = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.7, 0.1]]).log()
    foundation = torch.tensor([[0.25, 0.5, 0.25], [0.3, 0.5, 0.2]]).log()
    assert rank(foundation, torch.tensor([0, 1])).tolist() == [2, 1]
    assert rank(foundation, torch.tensor([2, 2])).tolist() == [2, 3], "of tokens as likely, none is before the other"
    found = compare(foundation, sft)
    kl = 0.5 * np.log(2) + 0.25 * np.log(0.5)
    assert float(found["kl"][0]) == pytest.approx(kl, abs=1e-6)
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.5, 0.25])
    m = (p + q) / 2
    js = ((p * np.log(p / m)).sum() + (q * np.log(q / m)).sum()) / 2
    assert float(found["js"][0]) == pytest.approx(js, abs=1e-6)
    assert float(found["entropy_sft"][0]) == pytest.approx(1.5 * np.log(2), abs=1e-6)
    assert float(entropy(foundation)[0]) == pytest.approx(1.5 * np.log(2), abs=1e-6)
    same = compare(sft, sft)
    assert float(same["kl"].abs().max()) < 1e-6 and float(same["js"].abs().max()) < 1e-6


class Twice:
    """An SFT model that is a second model; it counts how often it is asked."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model, self.asked = model, 0

    def on(self):  # type: ignore[no-untyped-def]
        from contextlib import nullcontext

        self.asked += 1
        return nullcontext(self.model)


def expected(model: Any, ids: list[int]) -> torch.Tensor:
    """What transformers expect after some tokens: log-probabilities."""
    with torch.inference_mode():
        return torch.as_tensor(model(torch.tensor([ids])).logits[0, -1].log_softmax(-1))


def place(distribution: torch.Tensor, token: int) -> int:
    """A token's rank in a distribution, sorted."""
    return distribution.argsort(descending=True).tolist().index(token) + 1


def test_steps_are_positions_after_the_given_tokens() -> None:
    one, two = tiny.gemma(len(tok), seed=1), tiny.gemma(len(tok), seed=2)
    read = [
        Reading("a", SFT_ANSWER, 0, None, Request((2, 50, 60), (70, 80, 90))),
        Reading("b", OWN, 1, True, Request((2, 50), (70, 80))),
        Reading("c", OWN, 2, None, Request((2, 50), (70,))),
    ]
    found = steps(read, Foundation("tiny", one, tok), Twice(two))  # type: ignore[arg-type]
    assert [(s.item, s.read, s.k, s.on_target, s.t) for s in found] == [
        ("a", SFT_ANSWER, 0, None, 0),
        ("a", SFT_ANSWER, 0, None, 1),
        ("a", SFT_ANSWER, 0, None, 2),
        ("b", OWN, 1, True, 1),
    ]
    ours, theirs = expected(one, [2, 50, 60, 70]), expected(two, [2, 50, 60, 70])
    assert found[1].rank == place(ours, 80), "the token that is read is judged"
    assert found[1].entropy_foundation == pytest.approx(-float((ours.exp() * ours).sum()), abs=1e-4)
    assert found[1].kl == pytest.approx(float((theirs.exp() * (theirs - ours)).sum()), abs=1e-4)
    best = int(expected(two, [2, 50, 70]).argmax())
    assert found[3].rank == place(expected(one, [2, 50, 70]), best), (
        "in own answers the SFT model's likeliest is judged"
    )
    itself = steps(read[1:2], Foundation("tiny", one, tok), Twice(one))  # type: ignore[arg-type]
    assert all(s.rank == 1 and s.kl is not None and abs(s.kl) < 1e-5 for s in itself)


def test_steps_of_the_sft_answer_carry_texts() -> None:
    one, two = tiny.gemma(len(tok), seed=1), tiny.gemma(len(tok), seed=2)
    answer = answer_ids(tok, "German:", " ", "Die Datei.\n")
    prompt = tuple(prompt_ids(tok, "German:"))
    read = [
        Reading("a", SFT_ANSWER, 0, None, Request(prompt, tuple(answer))),
        Reading("a", OWN, 0, None, Request(prompt, tuple(answer))),
    ]
    found = steps(read, Foundation("tiny", one, tok), Twice(two))  # type: ignore[arg-type]
    own, other = found[: len(answer)], found[len(answer) :]
    assert "".join(json.loads(step.token) for step in own) == " Die Datei.\n", "with the spaces before words"
    assert {(step.token, step.likeliest) for step in other} == {("", "")}, "of the SFT model's answer alone"
    for t, step in enumerate(own):
        ours = expected(one, [*prompt, *answer[:t]])
        likeliest = json.loads(step.likeliest)
        best = ours.topk(5)
        assert [p for _, p in likeliest] == pytest.approx(best.values.exp().tolist(), abs=1e-4)
        names = [token_text(tok, token, prompt[-1]) for token in best.indices.tolist()]
        assert [text for text, _ in likeliest] == names
        assert (step.rank <= 5) == (answer[t] in best.indices.tolist()), "ranks and the likeliest agree"


def test_texts_survive_the_file(tmp_path: Path) -> None:
    written = [
        replace(step("a", 0, 1), token=json.dumps(text), likeliest=json.dumps([[text, 0.5]]))
        for text in ("\n", '"', "\r")
    ]
    write_rows(tmp_path / "steps.csv", written, Step)
    assert read_rows(tmp_path / "steps.csv", Step) == written


def output(item: str, system: System, prior: list[int], new: list[int], continuation: str = "") -> Output:
    own = (system.kind, system.variant, system.k, system.unit, system.model, system.prompt)
    return Output(item, *own, prior, new, "", continuation, continuation, "eos", len(new))


class Detector:
    """Finds every text German that has a German article."""

    def detect(self, text: str) -> str:
        return "de" if "Die " in text else "en"


PROMPT = Prompt("x", "English: {source}\nGerman:")
ITEMS = [Item("a", "The file was saved.", "Die Datei."), Item("b", "Please check the list.", "Die Liste.")]


def read_all(own: list[Output]) -> list[Reading]:
    tuned = [output(i, System("none", model="sft"), [], [7, 8]) for i in ("c", "b", "a")]
    return readings(tok, PROMPT, "en-de", ITEMS, tuned, own, [2], Detector())  # type: ignore[arg-type]


def test_what_is_read() -> None:
    none, given = System("none"), System("sft", "", 2, "token")
    own = [output("b", none, [], [5], "The file"), output("a", none, [], [5], "Die Datei"), output("c", none, [], [5])]
    own += [output("a", given, [7, 8], [9], "?")]
    own += [
        output("a", System("oracle", "", 2, "token"), [6], [6]),
        output("a", System("sft", "", 4, "token"), [6], [6]),
    ]
    found = read_all(own)
    assert [(read.item, read.read, read.k, read.on_target) for read in found] == [
        ("a", SFT_ANSWER, 0, None),
        ("a", REFERENCE, 0, None),
        ("a", OWN, 0, True),
        ("a", OWN, 2, None),  # no letters: nothing to detect
        ("b", SFT_ANSWER, 0, None),
        ("b", REFERENCE, 0, None),
        ("b", OWN, 0, False),
        ("a", WITHOUT_SOURCE, 0, None),
        ("b", WITHOUT_SOURCE, 0, None),
    ]
    answers = [read.request.prior for read in found if read.read not in CONTROLS]
    assert answers == [(7, 8), (5,), (7, 8, 9), (7, 8), (5,)]
    assert found[0].request.prompt == found[3].request.prompt != found[4].request.prompt


def test_controls_are_the_reference_and_a_prompt_without_the_source() -> None:
    one = tiny.gemma(len(tok), seed=1)
    sft = Twice(tiny.gemma(len(tok), seed=2))
    read = [own for own in read_all([]) if own.read in CONTROLS]
    filled = "English: The file was saved.\nGerman:"
    reference = answer_ids(tok, filled, " ", "Die Datei.\n")
    assert read[0].request == Request(tuple(prompt_ids(tok, filled)), tuple(reference))
    assert tok.decode(reference) == " Die Datei.\n", (
        "with the line break that ends an answer, as the SFT model's has it"
    )
    without = {own.request.prompt for own in read if own.read == WITHOUT_SOURCE}
    assert [tok.decode(own) for own in without] == ["<bos>English: \nGerman:"]
    found = steps(read, Foundation("tiny", one, tok), sft)  # type: ignore[arg-type]
    assert sft.asked == 1, "the SFT model reads no control"
    assert all((step.kl, step.js, step.entropy_sft) == (None, None, None) for step in found)
    ids = prompt_ids(tok, filled)
    wanted = [place(expected(one, [*ids, *reference[:t]]), token) for t, token in enumerate(reference)]
    assert [step.rank for step in found if (step.item, step.read) == ("a", REFERENCE)] == wanted
    (blind,) = without
    wanted = [place(expected(one, [*blind, *(7, 8)[:t]]), token) for t, token in enumerate((7, 8))]
    assert [step.rank for step in found if (step.item, step.read) == ("b", WITHOUT_SOURCE)] == wanted


def step(item: str, t: int, rank: int, read: str = SFT_ANSWER, **more: Any) -> Step:
    compared = {} if read in CONTROLS else {"entropy_sft": 1.0, "kl": 1.0, "js": 0.1}
    given = {"k": 0, "on_target": None, "entropy_foundation": 2.0, **compared, **more}
    return Step(item, read, t=t, rank=rank, **given)


def row(rows: list[AgreementRow], read: str, **where: Any) -> AgreementRow:
    found = agreement_row(rows, read, **where)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rank_", "shares"),  # unshifted, marginal, shifted (URIAL), top 10
    [(1, (100, 0, 0, 100)), (2, (0, 100, 0, 100)), (3, (0, 100, 0, 100)), (4, (0, 0, 100, 100)), (11, (0, 0, 100, 0))],
)
def test_urials_classes(rank_: int, shares: tuple[int, ...]) -> None:
    (found, *_) = agreement_rows({"en-de": [step("a", 0, rank_)]}, "m", 1000, 1)
    assert (found.unshifted.score, found.marginal.score, found.shifted.score, found.top_10.score) == shares


def test_agreement_is_tabulated_by_position_and_direction() -> None:
    ranks = {"en-de": [1, 1, 3], "en-fr": [2, 1, 60]}
    rows = agreement_rows(
        {subset: [step(i, t, rank) for i in ("a", "b") for t, rank in enumerate(own)] for subset, own in ranks.items()},
        "m",
        1000,
        1,
    )
    (whole,) = [row for row in rows if row.whole]
    assert (whole.n, whole.answers, whole.top_1.score) == (12, 4, 50)
    assert whole.top_5.score == pytest.approx(1000 / 12) and whole.top[5] == whole.top_5
    assert row(rows, SFT_ANSWER, end=1).top_1.score == 50
    assert (row(rows, SFT_ANSWER, start=1).n, row(rows, SFT_ANSWER, start=1).place) == (8, "≥ 1")
    assert row(rows, SFT_ANSWER, subset="en-de").top_1.score == pytest.approx(200 / 3)
    assert whole.top_1.low == whole.top_1.high == 50, "both items are alike"
    assert whole.narrowing is not None and whole.narrowing.score == 1
    assert [own.place for own in positions(rows, SFT_ANSWER)] == ["0", "1", "2"]
    assert agreement_row(rows, OWN) is None


def test_the_silent_majority_proper_is_what_is_not_the_likeliest() -> None:
    ranks = {"a": [1, 1], "b": [4, 40], "c": [1, 10]}
    (whole, *others) = agreement_rows(
        {"en-de": [step(item, t, rank) for item, own in ranks.items() for t, rank in enumerate(own)]}, "m", 1000, 1
    )
    assert [whole.rest_2, whole.rest_5, whole.rest_10, whole.rest_50] != [None] * 4
    assert [own and round(own.score) for own in (whole.rest_2, whole.rest_5, whole.rest_10, whole.rest_50)] == [
        0,
        33,
        67,
        100,
    ]
    # Resamples of item a alone have no such position and are left out; b alone gives 50, c alone 100.
    assert whole.rest_10 is not None and (whole.rest_10.low, whole.rest_10.high) == (50, 100)
    (same, *_) = agreement_rows({"en-de": [step("a", 0, 1)]}, "m", 1000, 1)
    assert same.rest_10 is None


def own_steps(item: str, k: int, ranks: list[int], on_target: bool | None, nats: float) -> list[Step]:
    return [
        step(item, k + n, rank, OWN, k=k, on_target=on_target, entropy_foundation=nats) for n, rank in enumerate(ranks)
    ]


def test_own_answers_are_compared_on_the_items_that_are_on_target_both_alone_and_after_a_prior() -> None:
    given = {
        "en-de": [
            *own_steps("a", 0, [9, 9, 1, 2], True, 3.0),
            *own_steps("a", 2, [1, 1], True, 2.0),
            *own_steps("b", 0, [1, 1, 1, 1], False, 0.5),  # a copy of the source: easy to go on with
            *own_steps("b", 2, [1, 2], True, 2.5),
        ],
        # The same item is on target in one direction and, alone, not in another.
        "en-fr": [*own_steps("a", 0, [1, 1, 1, 1], None, 0.5), *own_steps("a", 2, [2, 2], True, 2.5)],
    }
    rows = agreement_rows(given, "m", 1000, 1)
    alone, after = row(rows, OWN, start=2), row(rows, OWN, k=2)
    assert (alone.n, alone.answers, after.n, after.answers) == (6, 3, 6, 3)
    assert after.top_1_gain is not None and after.top_1_gain.score == pytest.approx(100 * (3 / 6 - 5 / 6))
    alone, after = row(rows, OWN, start=2, on_target=True), row(rows, OWN, k=2, on_target=True)
    assert (alone.n, alone.answers, after.n, after.answers) == (2, 1, 2, 1)
    assert after.top_1_gain is not None and after.entropy_drop is not None and alone.top_1_gain is None
    assert (alone.top_1.score, after.top_1.score, after.top_1_gain.score, after.entropy_drop.score) == (50, 100, 50, 1)
    assert [own for own in rows if own.whole and own.read == OWN and own.k == 2] == [row(rows, OWN, k=2)]
    text = agreement_markdown(rows)
    shown = [[cell.strip() for cell in line.split("|")[2:5]] for line in text.splitlines() if line.startswith("|")]
    assert [cells for cells in shown if cells[0] in ("all", "on target") and " alone, " in cells[2]] == [
        ["all", "3", "6 alone, 6 after"],
        ["on target", "1", "2 alone, 2 after"],
    ]
    assert "control: reference" not in text
    nowhere = {"en-de": own_steps("b", 0, [1, 1, 1], False, 1.0) + own_steps("b", 2, [1], True, 1.0)}
    assert not [own for own in agreement_rows(nowhere, "m", 1000, 1) if own.on_target]


def test_what_a_foundation_wrote_alone_is_also_read_from_where_a_prior_ends() -> None:
    own = [step("a", t, 1, OWN, k=k) for k in (0, 2) for t in range(k, 6)] + [step("a", t, 1) for t in range(6)]
    rows = [row for row in agreement_rows({"en-de": own}, "m", 1000, 1) if not row.subset]
    assert [(row.read, row.k, row.n) for row in rows if (row.start, row.end) == (2, None)] == [(OWN, 0, 4)]
    assert [(row.read, row.k, row.n) for row in rows if row.whole] == [(SFT_ANSWER, 0, 6), (OWN, 0, 6), (OWN, 2, 4)]
    assert row(rows, OWN, k=2, start=2, end=3).n == 1 and row(rows, OWN, k=2, start=3).n == 3


def test_the_table_for_readers(tmp_path: Any) -> None:
    given = {
        "en-de": [
            *(step("a", t, rank) for t, rank in enumerate((4, 1, 2))),
            *(step("a", t, rank, REFERENCE) for t, rank in enumerate((90, 5))),
            *(step("a", t, rank, WITHOUT_SOURCE) for t, rank in enumerate((3, 7, 70))),
            *own_steps("a", 0, [1, 1], True, 1.0),
            *own_steps("a", 1, [1], True, 1.0),
        ]
    }
    rows = agreement_rows(given, "m", 1000, 1)
    assert [row.read for row in rows if row.whole] == [SFT_ANSWER, REFERENCE, WITHOUT_SOURCE, OWN, OWN]
    write_rows(tmp_path / "rows.csv", rows, AgreementRow)
    again = read_rows(tmp_path / "rows.csv", AgreementRow)
    assert [(row.read, row.start, row.end, row.n, row.on_target) for row in again] == [
        (row.read, row.start, row.end, row.n, row.on_target) for row in rows
    ]
    assert row(again, REFERENCE).kl is None and row(again, SFT_ANSWER).kl == 1.0
    text = agreement_markdown(rows)
    tables = {part.split("\n")[0]: part for part in text.split("### ")[1:]}
    likely = [
        [cell.strip() for cell in line.split("|")[1:4]]
        for line in tables["What the foundation finds likely"].splitlines()
    ]
    assert [cells for cells in likely if cells and cells[0].startswith("control: SFT")] == [
        ["control: SFT model's answer, without source", positions, "1"]
        for positions in ("all", "first", "after the first")
    ]
    assert ["foundation's own, after 1 SFT token", "first", "1"] in likely
    first = next(
        line for line in tables["By position in the SFT model's answer"].splitlines() if line.startswith("| 0 ")
    )
    cells = [cell.strip() for cell in first.split("|")[2:8]]
    assert cells == ["1", *("0.0 (0.0–0.0)",) * 2, *("100.0 (100.0–100.0)",) * 2, "0.0 (0.0–0.0)"]
    assert "| en-de " in tables["By direction"]
    for told in ("90.8 %", "2312.01552", "not* the likeliest", "paired differences", "Without source"):
        assert told in text or told.lower() in text.lower(), told
