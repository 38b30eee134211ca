from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

import tiny
from prefixyarn.analysis.mechanism import OTHERS, SHORTEST, SKIPPED, TailScore
from prefixyarn.analysis.mechanism.measure import Read, measure, others, piece, reads, sequences
from prefixyarn.analysis.mechanism.table import (
    CONTENT,
    LANGUAGE,
    MechanismRow,
    SplitRow,
    mechanism_markdown,
    mechanism_rows,
    split_rows,
    tails,
)
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.session import Session
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.sft.adapter import SftModel
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, System
from prefixyarn.systems import NONE, SFT
from prefixyarn.tables.rows import ALL, read_rows, write_rows

tok = tiny.tokenizer()
EN_DE, PROMPT = Direction("en", "de"), Prompt("labels", "{source_language}: {source}\n{target_language}:")
TEST = [Item(f"{n:02}", english, german) for n, (english, german, _) in enumerate(tiny.parallel(5, 12))]
ORACLE, SHUFFLED, REFINED = (System(kind, "", 2, "token") for kind in ("oracle", "shuffled", "refined"))


def prior(item: Item, system: System, ids: Sequence[int]) -> Prior:
    return Prior(item.id, **asdict(system), text="", ids=list(ids), origin="", covers=False)


def reference(item: Item) -> list[int]:
    return answer_ids(tok, PROMPT.fill(item.source, EN_DE), " ", item.target)


def adapted(folder: Path) -> Path:
    """Save an adapter for the tiny Gemma that changes much."""
    model = get_peft_model(tiny.gemma(len(tok)), LoraConfig(r=2, target_modules=["q_proj", "down_proj"]))
    torch.manual_seed(7)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(str(folder))
    (folder / "manifest.json").write_text(json.dumps({"base": "base", "config": {"method": "lora"}}))
    return folder


def loss(
    model: PreTrainedModel | PeftModel, prompt: Sequence[int], given: Sequence[int], judged: Sequence[int]
) -> float:
    """Return the sum of transformers' teacher-forced loss over the judged tokens."""
    ids = [*prompt, *given, *judged]
    labels = [*[-100] * (len(prompt) + len(given)), *judged]
    with torch.no_grad():
        mean = model(torch.tensor([ids]), labels=torch.tensor([labels])).loss.item()
    return float(mean) * len(judged)


@pytest.mark.parametrize("max_rows", [1, 3, 256])
def test_likelihoods_are_transformers_teacher_forced_losses(tmp_path: Path, max_rows: int) -> None:
    folder = adapted(tmp_path)
    foundation = Foundation("tiny", tiny.gemma(len(tok)), tok)
    sft = SftModel(foundation, "base", folder)
    session = Session(Builtin(foundation, "base", Limits(4000, max_rows), sft), 0)
    items = TEST[:2]
    priors = [p for item in items for p in (prior(item, NONE, ()), prior(item, ORACLE, reference(item)[:2]))]
    priors += [prior(item, SFT, ()) for item in items]
    wanted, counted = reads(tok, PROMPT, EN_DE, items, TEST, priors), list[int]()
    assert len(wanted) == 2 * 3 * (1 + OTHERS) == sequences(wanted)
    found = measure(session, wanted, counted.append)
    assert sum(counted) == len(wanted)
    alone = {"foundation": tiny.gemma(len(tok)), "sft": PeftModel.from_pretrained(tiny.gemma(len(tok)), folder).eval()}
    by_id = {item.id: item for item in TEST}
    for score in found:
        item = by_id[score.item]
        prompt = prompt_ids(tok, PROMPT.fill(by_id[score.other or score.item].source, EN_DE))
        given, (first, *rest) = reference(item)[: score.system.k], reference(item)[SKIPPED:]
        model = alone[score.system.model]
        assert score.tokens == len(rest)
        assert score.ll / len(rest) == pytest.approx(-loss(model, prompt, [*given, first], rest) / len(rest), abs=1e-4)
        assert score.ll_first == pytest.approx(-loss(model, prompt, given, [first]), abs=1e-4)
    assert len({round(score.ll, 3) for score in found}) == len(found), "adapter, prior and source each matter"


@pytest.mark.parametrize(("tokens", "tail"), [(SHORTEST - 1, None), (SHORTEST, [4, 5]), (SHORTEST + 2, [4, 5, 6, 7])])
def test_the_tail_is_what_follows_the_fourth_token(tokens: int, tail: list[int] | None) -> None:
    begun = [replace(TEST[0], target=TEST[0].target[:n]) for n in range(1, len(TEST[0].target))]
    item = next(item for item in begun if len(reference(item)) == tokens)
    ids = reference(item)
    found = reads(tok, PROMPT, EN_DE, [item], [item], [prior(item, NONE, ()), prior(item, REFINED, (50, 60))])
    if tail is None:
        assert found == []
        return
    judged = [ids[n] for n in tail]
    assert [list(read.request.prior) for read in found] == [judged, [50, 60, *judged]]
    assert [read.request.unscored for read in found] == [0, 2] and not any(read.other for read in found)


def test_others_are_the_nearest_in_length_with_another_source() -> None:
    items = [Item(name, f"source {name}", "") for name in "abcdefghijkl"]
    items.append(Item("same", items[4].source, ""))
    lengths = dict(zip("abcdefghijkl", [9, 1, 7, 8, 6, 6, 5, 7, 30, 2, 6, 8], strict=True)) | {"same": 6}
    prompts = {name: tuple(range(n)) for name, n in lengths.items()}
    assert others(items[4], items, prompts) == ["f", "k", "c", "g", "h", "d", "l", "a"]
    assert others(items[4], items[::-1], prompts) == others(items[4], items, prompts)
    assert others(items[0], items[:3], prompts) == ["c", "b"], "all there are"


def test_copied_tokens_are_those_of_the_source_whatever_their_case() -> None:
    def ids(text: str) -> list[int]:
        return list(tok(text, add_special_tokens=False).input_ids)

    assert {piece(tok, token) for token in ids("The file")} == {piece(tok, token) for token in ids(" the FILE".lower())}
    item = Item("a", "Please check the list of names.", "Die Datei, bitte: the list of names.")
    (read,) = reads(tok, PROMPT, EN_DE, [item], [item], [prior(item, NONE, ())])
    tail = reference(item)[SKIPPED + 1 :]
    held = {tok.decode([token]).strip().casefold() for token in ids(item.source)}
    assert list(read.new) == [tok.decode([token]).strip().casefold() not in held for token in tail]
    assert True in read.new and False in read.new and not read.new[-1]


def score(item: str, system: System, other: str, first: float, rest: float, new: float, tokens: int = 4) -> TailScore:
    return TailScore(item, system, other, first, tokens, rest, tokens // 2, new)


def scores(weight: float = 1.0) -> list[TailScore]:
    """Return two items, of four and of eight tokens, with two others each."""
    made = []
    for item, tokens in (("a", 4), ("b", 8)):
        for system, own, other in (
            (NONE, -2.0, -2.5),
            (SHUFFLED, -1.5, -2.0),
            (ORACLE, -1.0, -2.0),
            (REFINED, -1.25, -2.0),
            (SFT, -0.5, -2.5),
        ):
            for name, value in (("", own), ("x", other - 0.25), ("y", other + 0.25)):
                value *= weight
                made.append(score(item, system, name, 3 * value, tokens * value, tokens * value, tokens))
    return made


def test_the_tables_by_hand() -> None:
    measured = tails(
        {"en-de": scores(), "en-zh": scores(2.0)}, {"en-de": ["a", "short", "b"], "en-zh": ["a", "b"]}, 500, 1
    )
    rows = mechanism_rows(measured, "m")
    found = {(row.subset, row.system): row for row in rows}
    assert [row.subset for row in rows] == [*[ALL] * 5, *["en-de"] * 5, *["en-zh"] * 5]
    one, two, mean = (found[subset, REFINED] for subset in ("en-de", "en-zh", ALL))
    assert (one.items, one.left_out, one.tokens) == (2, 1, 12) and (mean.items, mean.left_out, mean.tokens) == (
        4,
        1,
        24,
    )
    assert one.ll.score == pytest.approx(-1.25) and two.ll.score == pytest.approx(-2.5)
    assert mean.ll.score == pytest.approx(-1.875)

    def value(own: Interval | None) -> float:
        assert own is not None and own.low <= own.score <= own.high
        return own.score

    assert value(one.source_use) == pytest.approx(0.75) and value(mean.source_use) == pytest.approx(1.125)
    assert value(one.source_use_new) == pytest.approx(1.5), "as many nats of half as many tokens"
    assert value(one.source_use_first) == pytest.approx(2.25)
    assert value(one.rise) == pytest.approx(0.25) and found["en-de", NONE].rise is None
    assert value(one.share_of_sft) == pytest.approx(37.5) and value(mean.share_of_sft) == pytest.approx(37.5)
    assert value(found[ALL, SFT].share_of_sft) == 100
    split = {(row.subset, row.k, row.part): row for row in split_rows(measured, "m")}
    assert [*split] == [(subset, 2, part) for subset in (ALL, "en-de", "en-zh") for part in (LANGUAGE, CONTENT)]
    assert split["en-de", 2, LANGUAGE].value.score == pytest.approx(0.5)
    assert split["en-de", 2, CONTENT].value.score == pytest.approx(0.5)
    assert split[ALL, 2, LANGUAGE].value_first.score == pytest.approx(2.25) and split[ALL, 2, LANGUAGE].n == 4
    assert rows == mechanism_rows(
        tails({"en-de": scores(), "en-zh": scores(2.0)}, {"en-de": ["a", "short", "b"], "en-zh": ["a", "b"]}, 500, 1),
        "m",
    )


def test_longer_tails_weigh_more_and_intervals_are_over_items() -> None:
    made = [score("a", NONE, "", 0, -4, -2), score("a", NONE, "x", 0, -8, -2)]
    made += [score("b", NONE, "", 0, -24, -2, 8), score("b", NONE, "x", 0, -24, -2, 8)]
    (mean, own) = mechanism_rows(tails({"en-de": made}, {"en-de": ["a", "b"]}, 1000, 1), "m")
    assert own.ll == mean.ll and own.ll.score == pytest.approx(-28 / 12)
    assert (own.ll.low, own.ll.high) == (-3, -1)
    assert own.source_use is not None and own.source_use.score == pytest.approx(4 / 12)
    assert (own.source_use.low, own.source_use.high) == (0, 1) and own.share_of_sft is None


def test_resamples_and_items_without_tokens_do_no_harm() -> None:
    copied = [replace(own, tokens_new=0, ll_new=0.0) if own.item == "a" else own for own in scores()]
    measured = tails({"en-de": copied}, {"en-de": ["a", "b"]}, 200, 1)
    row = next(row for row in mechanism_rows(measured, "m") if row.system == REFINED)
    assert row.source_use_new is not None and np.isfinite([*asdict(row.source_use_new).values()]).all()
    nothing = [replace(own, tokens_new=0, ll_new=0.0) for own in scores()]
    alone = [own for own in nothing if not own.other]
    for made in (nothing, alone):
        rows = mechanism_rows(tails({"en-de": made}, {"en-de": ["a", "b"]}, 200, 1), "m")
        assert {row.source_use_new for row in rows} == {None}
    assert (
        {row.source_use for row in rows} == {row.rise for row in rows} == {row.share_of_sft for row in rows} == {None}
    )
    assert mechanism_rows(tails({"en-de": []}, {"en-de": ["a"]}, 200, 1), "m") == []


def test_a_share_needs_an_sft_model_that_uses_the_source() -> None:
    blind = [replace(own, ll=-2.0 * own.tokens) if own.system == SFT else own for own in scores()]
    rows = mechanism_rows(tails({"en-de": blind}, {"en-de": ["a", "b"]}, 200, 1), "m")
    assert {row.share_of_sft for row in rows} == {None}


def test_tables_are_read_as_written_and_have_notes(tmp_path: Path) -> None:
    write_rows(tmp_path / "scores.csv", scores(), TailScore)
    assert read_rows(tmp_path / "scores.csv", TailScore) == scores()
    items = {"en-de": ["a", "b"], "en-zh": ["a", "b", "short"]}
    measured = tails({subset: scores() for subset in items}, items, 200, 1)
    rows, splits = mechanism_rows(measured, "m"), split_rows(measured, "m")
    write_rows(tmp_path / "rows.csv", rows, MechanismRow)
    write_rows(tmp_path / "splits.csv", splits, SplitRow)
    assert len(read_rows(tmp_path / "rows.csv", MechanismRow)) == len(rows) == 15
    assert len(read_rows(tmp_path / "splits.csv", SplitRow)) == len(splits) == 6
    text = mechanism_markdown(rows, splits)
    for part in ("### What an opening does", "### What a prior does", "### By direction", "`shuffled`", "source use:"):
        assert part in text, part
    assert "Left out, as the reference has fewer than 6 tokens: en-zh 1." in text and "| en-zh" in text
    assert "n = " not in text and "nan" not in text
    assert "No reference has" in mechanism_markdown([], [])


def test_a_read_is_what_is_asked() -> None:
    found = reads(tok, PROMPT, EN_DE, TEST[:1], TEST, [prior(TEST[0], REFINED, (50, 60))])
    assert [type(read) for read in found] == [Read] * (1 + OTHERS) and found[0].other == ""
    prompts = [read.request.prompt for read in found]
    assert len({*prompts}) == 1 + OTHERS and len({read.request.prior for read in found}) == 1
    assert prompts[0] == tuple(prompt_ids(tok, PROMPT.fill(TEST[0].source, EN_DE)))
