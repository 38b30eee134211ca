from dataclasses import replace
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU as SacreBleu
from sacrebleu.metrics import CHRF as SacreChrf

from prefixyarn.errors import InputError
from prefixyarn.metrics.subsets import DOMAINS, read_scores, write_scores
from scored import RESAMPLES, SYSTEMS, directions, scored


def test_every_score_equals_sacrebleu_on_the_outputs() -> None:
    for name, made in directions().items():
        bleu = SacreBleu(tokenize="zh" if name == "en-zh" else "13a")
        for own in made.scores.systems:
            texts = {o.item: o.text for o in made.outputs if o.system == own.system}
            for domain, items in made.items.items():
                chrf = SacreChrf(word_order=0 if name == "en-zh" else 2)
                for metric, scorer in (("chrf", chrf), ("bleu", bleu)):
                    expected = scorer.corpus_score([texts[i.id] for i in items], [[i.target for i in items]]).score
                    found = own.of_domain(domain).metrics[metric]
                    assert found.score == pytest.approx(expected)
                    assert found.low <= found.score + 1e-9
                assert own.of_domain(domain).n == {"test": 8, "out_of_domain": 4}[domain]


def test_order_tests_errors_and_tokens() -> None:
    smallest = 1 / (RESAMPLES + 1)
    for own in scored().values():
        assert [entry.system for entry in own.systems] == list(SYSTEMS.values())
        none, oracle, pseudo, sft, words = own.systems
        assert none.test.metrics["chrf"].p_none is sft.test.metrics["chrf"].p_sft is None
        assert oracle.test.metrics["chrf"].p_none == oracle.test.metrics["chrf"].p_sft == smallest
        assert none.test.error_types["off_target"] == none.test.error_types["copied"] == 1
        assert oracle.test.error_types["off_target"] == oracle.test.error_types["copied"] == 0
        assert pseudo.test.error_types["empty"] == 1 and pseudo.test.error_types["off_target"] is None
        assert pseudo.test.item_error_types["off_target"] == [None] * 8
        assert oracle.test.covered == 1 / 8 and oracle.test.prior_tokens == 2
        assert words.continuation(1, "word", "chrf").score == pytest.approx(100)
        assert own.detector_error is not None and set(own.domains) == set(DOMAINS)


def test_a_file_of_scores_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, again = tmp_path / "scores.json", tmp_path / "again.json"
    write_scores(path, scored())
    read = read_scores(path)
    assert read == scored()
    write_scores(again, read)
    assert again.read_bytes() == path.read_bytes()
    path.write_text('{"en-de": {"systems": []}}')
    with pytest.raises(InputError, match=r"scores.json: not the scores of subsets \(en-de.*Remove the file"):
        read_scores(path)
    with pytest.raises(InputError, match=r"again.json: no scores of fr-ru"):
        read_scores(again, ["en-de", "fr-ru"])


def test_scores_of_too_few_items_are_named(tmp_path: Path) -> None:
    made = scored()
    subset, own = next(iter(made.items()))
    write_scores(tmp_path / "s.json", {subset: replace(own, domains=own.domains | {"test": own.domains["test"][1:]})})
    with pytest.raises(InputError, match=rf"s\.json: {subset}, foundation .* none: expected a score of each of the"):
        read_scores(tmp_path / "s.json")
