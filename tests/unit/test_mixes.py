"""Mixes to pre-train on: equal in size, the same sentences in other arrangements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from made_corpus import CODES, encode, tokenizer, works
from prefixyarn import figures
from prefixyarn.analysis.corpus_audit.count import content_pairs, holds_two_languages, meetings, unique_share
from prefixyarn.analysis.corpus_audit.table import audit_markdown, corpus_rows, mix_rows
from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.analysis.mixes.table import in_scripts, mixes_markdown, training_rows
from prefixyarn.analysis.mixes.table import mix_rows as mix_rows_of
from prefixyarn.data.corpus.mixes import Mix, Recipe, cells, held_out, read_mix, write_mix
from prefixyarn.errors import InputError
from prefixyarn.figures import save
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.models.bpe import DOCUMENT
from prefixyarn.prompts import Prompt
from prefixyarn.records import Output, System
from prefixyarn.tables.rows import ScoreRow

FORMATS = [
    Prompt("labels", "{source_language}: {source}\n{target_language}:"),
    Prompt("heading", "{source}\n{target_heading}:"),
]
WANTED: dict[str, dict[str, Any]] = {
    "0": {"share": 0, "arrangement": "U"},
    "50-P": {"share": 0.5, "arrangement": "P"},
    "50-U": {"share": 0.5, "arrangement": "U"},
    "50-M": {"share": 0.5, "arrangement": "M"},
    "90-P": {"share": 0.9, "arrangement": "P"},
}
UNIQUE = 4000


def made(seed: int = 1, unique: int = UNIQUE, parallel: float = 0.1) -> dict[str, Mix]:
    return dict(cells(works(), WANTED, Recipe(CODES, unique, parallel, FORMATS, seed), encode()))


def texts(mix: Mix) -> list[str]:
    return tokenizer().decode_batch([ids.tolist() for ids in mix.ids])


def halves(mix: Mix) -> set[str]:
    """Return the sentences of pairs' documents, in all languages, formats left out."""
    found = set()
    for text in texts(mix):
        for line in text.split("\n"):
            found |= {line.rpartition(": ")[2].strip()}
    return found


def test_cells_have_equal_tokens_and_their_share_of_other_languages() -> None:
    found = made()
    assert {name: mix.tokens for name, mix in found.items()} == dict.fromkeys(WANTED, UNIQUE)
    for name, mix in found.items():
        letters = "".join(texts(mix))
        cyrillic = sum("а" <= c <= "я" for c in letters)
        assert (cyrillic > 0) == (name != "0")
        other = sum(len(ids) for ids, kind in zip(mix.ids, mix.kinds, strict=True) if kind != "en")
        assert abs(other / UNIQUE - WANTED[name]["share"]) < 0.12, "pairs have their English halves in them"
        assert all(ids[0] == 0 for ids in mix.ids) and tokenizer().id_to_token(0) == DOCUMENT


def test_the_same_sentences_stand_in_three_arrangements() -> None:
    found = made()
    pairs = {name: [t for t, k in zip(texts(m), m.kinds, strict=True) if " " in k] for name, m in found.items()}
    assert pairs["50-P"] == pairs["90-P"] and not pairs["50-U"] and not pairs["0"]
    assert len(pairs["50-P"]) == len(pairs["50-M"]) and not {*pairs["50-P"]} & {*pairs["50-M"]}
    rows = {s["en"]: s for work in works() for s in work.segments}
    for name, right in (("50-P", True), ("50-M", False)):
        for text in pairs[name]:
            first, _, second = text.partition("\n")
            english, other = first.removeprefix("English: ").strip(), second.rpartition(": ")[2]
            assert (other in rows[english].values()) == right, text
    said = {name: halves(found[name]) for name in ("50-P", "50-M")}
    for name in ("50-M", "50-U"):
        in_pairs = {line for text in pairs["50-P"] for line in (text.split("\n")[0].removeprefix("English: "),)}
        assert in_pairs <= halves(found[name])
    assert said["50-P"] == said["50-M"]
    # And in no other document.
    alone = [t for t, k in zip(texts(found["50-P"]), found["50-P"].kinds, strict=True) if " " not in k]
    assert not any(text.split("\n")[0].removeprefix("English: ") in "\n".join(alone) for text in pairs["50-P"])


def test_a_cell_may_have_pairs_of_another_share_and_the_others_stay_as_they_are() -> None:
    more = {**WANTED, "more": {"share": 0.5, "arrangement": "P", "parallel": 0.3}}
    found, plain = dict(cells(works(), more, Recipe(CODES, UNIQUE, 0.1, FORMATS, 1), encode())), made()
    assert {*found} == {*more} and found["more"].tokens == UNIQUE
    for name, mix in plain.items():
        assert all(np.array_equal(a, b) for a, b in zip(mix.ids, found[name].ids, strict=True))
    share = {
        name: sum(len(i) for i, k in zip(found[name].ids, found[name].kinds, strict=True) if " " in k) for name in found
    }
    assert share["more"] > 2.5 * share["50-P"]
    texts_more, texts_few = (
        [t for t, k in zip(texts(found[n]), found[n].kinds, strict=True) if " " in k] for n in ("more", "50-P")
    )
    assert {t.split("\n")[0].removeprefix("English: ") for t in texts_few} <= {
        t.split("\n")[0].removeprefix("English: ") for t in texts_more
    }


def test_mixes_are_deterministic_and_nested() -> None:
    one, again, other = made(), made(), made(seed=2)
    for name in WANTED:
        assert all(np.array_equal(a, b) for a, b in zip(one[name].ids, again[name].ids, strict=True))
    assert [ids.tolist() for ids in one["0"].ids] != [ids.tolist() for ids in other["0"].ids]
    english = {name: [t for t, k in zip(texts(m), m.kinds, strict=True) if k == "en"] for name, m in one.items()}
    assert {*english["90-P"][:-1]} <= {*english["50-P"]}, "but for the document that is cut"


def test_too_little_text_is_named() -> None:
    with pytest.raises(InputError, match="pretraining.unique_tokens: a cell wants .* tokens in 'en', but there are"):
        made(unique=40_000)
    with pytest.raises(
        InputError, match="pretraining.parallel: 10% of 900,000 tokens are wanted as pairs, but .*en-de"
    ):
        made(unique=900_000)
    with pytest.raises(InputError, match="pretraining.parallel: the pairs alone have more .* than the cell 90-P"):
        made(parallel=0.3)


def test_a_mix_comes_back_from_its_file(tmp_path: Path) -> None:
    mix = made()["50-P"]
    write_mix(tmp_path / "mix.npz", mix)
    back = read_mix(tmp_path / "mix.npz")
    assert back.kinds == mix.kinds and all(np.array_equal(a, b) for a, b in zip(back.ids, mix.ids, strict=True))
    assert back.ids[0].dtype == np.uint16
    (tmp_path / "mix.npz").write_bytes((tmp_path / "mix.npz").read_bytes()[:200])
    with pytest.raises(InputError, match="not a tokenised mix, or damaged"):
        read_mix(tmp_path / "mix.npz")


def test_held_out_documents_have_each_language() -> None:
    mix = held_out(works(40, seed=5), CODES, 300, 1, encode())
    counts = {code: sum(len(i) for i, k in zip(mix.ids, mix.kinds, strict=True) if k == code) for code in CODES}
    assert counts == dict.fromkeys(CODES, 300)


def test_the_audit_sees_which_cells_have_translations_side_by_side() -> None:
    lexicon = {"file": [("Datei", 1.0)], "the": [("die", 1.0)], "name": [("Name", 1.0)], "list": [("Liste", 0.9)]}
    pairs = {"de": content_pairs(lexicon, "de")}
    assert pairs["de"] == {"file": frozenset({"datei"}), "list": frozenset({"liste"})}, "name is the same word"
    rows = [row for name, mix in made().items() for row in mix_rows(name, mix, tokenizer(), CODES, pairs)]
    total = {name: sum(row.meetings for row in rows if row.mix == name) for name in WANTED}
    assert total["50-P"] > total["50-M"] >= 0 and total["0"] == total["50-U"] == 0
    aligned = {name: sum(row.aligned for row in rows if row.mix == name) for name in WANTED}
    assert aligned["50-P"] > 0 and aligned["50-M"] == aligned["50-U"] == 0
    assert all(sum(row.tokens for row in rows if row.mix == name) == UNIQUE for name in WANTED)
    corpus = corpus_rows(works(), tokenizer(), CODES, pairs)
    assert [row.kind for row in corpus] == ["en man", "de man", "ru man"]
    assert [row.aligned for row in corpus] == [0, 900, 900]
    table = audit_markdown([*corpus, *rows], {"de": {"no prose": 1_500_000}})
    assert "| 50-P | de heading |" in table.replace("  ", "").replace(" |", " |") or "de heading" in table
    assert "1.50" in table


def test_counts() -> None:
    a = np.arange(10, dtype=np.uint16)
    assert unique_share([a]) == 1 and unique_share([a, a]) == 0.5 and unique_share([a[:3]]) == 1
    english, german = "The file is not on this machine here.", "Die Datei ist nicht auf diesem Rechner."
    assert holds_two_languages(f"{english} {german}", CODES) and not holds_two_languages(english * 2, CODES)
    assert meetings("the file " + "x " * 30 + "Datei", "de", {"file": frozenset({"datei"})}) == 0
    assert meetings("the file " + "x " * 20 + "Datei", "de", {"file": frozenset({"datei"})}) == 1


def test_the_table_of_mixes_has_a_line_a_foundation(tmp_path: Path) -> None:
    sources = {"a": {"cell": "50-P", "size": "xs", "seed": 1}, "b": {"cell": "0", "size": "xs", "seed": 1}}
    trained = {
        name: {"parameters": 3000, "passes": 1.5, "curve": [{"tokens": 900}], "held_out": {"en": bits, "de": 2.0}}
        for name, bits in (("a", 1.25), ("b", 1.5))
    }
    training = training_rows(sources, WANTED, trained)
    assert [(row.foundation, row.language, row.share, row.bits) for row in training[:2]] == [
        ("a", "en", 0.5, 1.25),
        ("a", "de", 0.5, 2.0),
    ]
    use = [
        MechanismRow(name, subset, system, 8, 0, 90, Interval(-1, -2, 0), value, value, value, None, None, None)
        for name in ("a", "b", "other")
        for subset in ("", "en-de")
        for system, value in (
            (System("none"), Interval(0.1, 0.0, 0.2)),
            (System("oracle", "", 1, "token"), Interval(0.2, 0.1, 0.3)),
            (System("oracle", "", 2, "token"), Interval(0.4, 0.3, 0.5)),
            (System("none", model="sft"), Interval(0.6, 0.5, 0.7)),
        )
    ]
    metric, ends = "chrF++", Interval(12.5, 10.0, 15.0)
    scores = [ScoreRow("a", metric, System("none"), "test", "", 0, "", 8, ends, off_target=0.25)]
    scripts = {("a", "en-de"): {System("none"): 0.75}}
    rows = mix_rows_of(sources, WANTED, use, scores, scripts)
    assert len(rows) == 16 and {row.arrangement for row in rows if row.foundation == "a"} == {"P"}
    (alone,) = (r for r in rows if (r.foundation, r.subset, r.system) == ("a", "", System("none")))
    assert (alone.score, alone.off_target, alone.in_script) == (12.5, 0.25, None)
    labels = {"a": "XS, 50 % P", "b": "XS, 0"}
    beside = [row for row in use if row.foundation == "other"]
    text = mixes_markdown(training, rows, [], beside, labels)
    assert "oracle, k = 2" in text and "k = 1" not in text and "0.600 (0.500–0.700)" in text and "1.250" in text
    assert "other (another run)" in text and "25 %" in text and "75 %" in text and "unseen format" not in text
    assert "Source use" not in mixes_markdown(training, [], [], [], labels)
    save(figures.mixes(rows, beside, labels), tmp_path / "mixes.svg")
    save(figures.mixes_budget(training, rows), tmp_path / "budget.svg")
    drawn = (tmp_path / "mixes.svg").read_text(encoding="utf-8")
    assert "other, another run" in drawn and "XS, 50 % P" in drawn
    assert "<!-- 50-P -->" in (tmp_path / "budget.svg").read_text(encoding="utf-8")


def test_scripts_are_told_where_they_differ() -> None:
    def output(kind: str, text: str) -> Output:
        return Output("1", kind, "", 0, "", "foundation", "zero-shot", [], [], text, text, text, "eos", 1)

    outputs = [output("none", "the file"), output("none", "файл"), output("oracle", "файл x")]
    tuned = replace(output("none", "это файл"), model="sft")
    found = in_scripts([*outputs, tuned], Direction("en", "ru"))
    assert found == {System("none"): 0.5, System("oracle"): 1.0, System("none", model="sft"): 1.0}
    assert in_scripts(outputs, Direction("en", "de")) == {}
