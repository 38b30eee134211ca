"""What follows right and wrong SFT priors, within items, over English sentences."""

from pathlib import Path

import numpy as np
import pytest

from prefixyarn.analysis.answered import Answered
from prefixyarn.analysis.prior_quality.sft_priors import SftPriorRow, sft_prior_rows
from prefixyarn.analysis.sentence_means import SentenceMeans
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.records import Item, System
from prefixyarn.systems import NONE
from prefixyarn.tables.rows import read_rows, write_rows
from scored import TOKENIZER, output

KS = (2, 3)  # the tiny tokenizer's first token can be a space alone
# By direction and item: the reference, and the answers after the SFT model's tokens, after the reference's, and alone.
TEXTS = {
    ("de", "a"): ("Die Datei wurde gelöscht.", "Die Datei ist weg.", "Die Datei ist weg.", "The file was deleted."),
    ("fr", "a"): ("Le fichier est là.", "Le fichier est ici.", "Le fichier est ici.", "The file is here."),
    ("de", "b"): ("Bitte alle Namen prüfen.", "Alle Namen prüfen.", "Bitte alle Namen prüfen.", "Please check names."),
    ("fr", "b"): ("Vérifiez tous les noms.", "Nom du fichier.", "Vérifiez tous les noms.", "Please check all names."),
    ("de", "c"): (".", "Ja", ".", "Yes"),  # nothing follows two tokens of this reference
    ("fr", "c"): ("Oui, tout est prêt.", "Oui, tout est bon.", "Oui, tout est bon.", "Yes."),
}


def answered(code: str) -> Answered:
    direction = Direction("en", code)
    items = [Item(name, name, texts[0]) for (own, name), texts in TEXTS.items() if own == code]
    systems = [*(System(kind, "", k, "token") for kind in ("sft", "oracle") for k in KS), NONE]
    place = {"sft": 1, "oracle": 2, "none": 3}
    outputs = {s: {i.id: output(i, s, TEXTS[code, i.id][place[s.kind]]) for i in items} for s in systems}
    return Answered(direction, items, outputs, PrefixStripper(TOKENIZER.backend_tokenizer, direction))


def rest(own: Answered, item: Item, system: System, k: int) -> float:
    """Return the score of what follows an answer's first k tokens."""
    text = own.stripper.of_output(own.outputs[system][item.id], k, "token")
    return CHRF.corpus([text], [own.stripper.of_text(item.target, k, "token")], own.direction.target)


def test_right_and_wrong_priors_are_compared_within_items() -> None:
    both = [answered("de"), answered("fr")]
    rows = {(row.k, row.right): row for row in sft_prior_rows(both, "m", 1000, 1, KS)}
    assert list(rows) == [(2, True), (2, False), (3, True), (3, False)]
    right, wrong = rows[2, True], rows[2, False]
    assert (right.n, wrong.n) == (3, 2), "a in both directions and c in one; b in both"
    sft, oracle = System("sft", "", 2, "token"), System("oracle", "", 2, "token")
    scored = [
        (rest(own, item, sft, 2), rest(own, item, oracle, 2), rest(own, item, NONE, 2))
        for own in both
        for item in own.items
        if item.id == "b"
    ]
    given, reference, alone = np.mean(scored, axis=0)
    assert wrong.rest.score == pytest.approx(given) and reference == pytest.approx(100)
    assert wrong.against_oracle and wrong.against_oracle.score == pytest.approx(given - 100)
    assert wrong.against_none.score == pytest.approx(given - alone)
    assert right.against_oracle is None and right.against_none.score > 0


def test_a_sentence_is_drawn_in_all_directions_at_once() -> None:
    both = [answered("de"), answered("fr")]
    means = SentenceMeans(both, 1000, 1)
    one = means.mean([("b", 1.0), ("b", 3.0)])  # whenever b is drawn, both of its answers are
    assert (one.score, one.low, one.high) == (2, 2, 2)
    two = means.mean([("a", 1.0), ("b", 3.0)])
    assert (two.score, two.low, two.high) == (2, 1, 3)
    (wrong,) = [row for row in sft_prior_rows(both, "m", 1000, 1, [2]) if not row.right]
    assert wrong.rest.low == pytest.approx(wrong.rest.score) == wrong.rest.high


def test_rows_are_written_and_read(tmp_path: Path) -> None:
    rows = sft_prior_rows([answered("de")], "m", 100, 1, KS)
    write_rows(tmp_path / "rows.csv", rows, SftPriorRow)
    read = read_rows(tmp_path / "rows.csv", SftPriorRow)
    assert [(row.k, row.right, row.n) for row in read] == [(row.k, row.right, row.n) for row in rows]
    assert [row.against_oracle is None for row in read] == [row.right for row in rows]


def test_without_such_systems_there_are_no_rows() -> None:
    own = answered("de")
    alone = Answered(own.direction, own.items, {NONE: own.outputs[NONE]}, own.stripper)
    assert sft_prior_rows([alone], "m", 100, 1) == []
