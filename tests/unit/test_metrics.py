import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

import tiny
from prefixyarn.languages import LANGUAGES
from prefixyarn.metrics.ngrams import chrf_note
from prefixyarn.tasks.scoring import scores

METRICS = {metric.name: metric for metric in scores("translation").metrics}

# sacrebleu's own tests (test/test_bleu.py and test/test_chrf.py): hypotheses, references, expected score.
BLEU_CASES = [
    (["aaaa"], ["aaaa"], 0.0),  # no 4-gram in one word
    (["dog bites man and runs away"], ["dog bites man and runs away"], 100.0),
]


def score(metric: str, outputs: list[str], references: list[str], target: str = "de") -> float:
    return METRICS[metric].corpus(outputs, references, target)


@pytest.mark.parametrize(("outputs", "references", "expected"), BLEU_CASES)
def test_bleu_known_numbers(outputs: list[str], references: list[str], expected: float) -> None:
    assert score("bleu", outputs, references) == pytest.approx(expected)


def test_bleu_by_hand() -> None:
    # Precisions 5/6, 3/5, 1/4 and no 4-gram of 3: smoothed to 1/2 of one, 1/6; no brevity penalty.
    outputs, references = ["the cat sat on the mat"], ["the cat is on the mat"]
    by_hand = 100 * (5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** 0.25
    assert score("bleu", outputs, references) == pytest.approx(by_hand)


def test_brevity_penalty_by_hand() -> None:
    # All n-grams match; 5 words against 6.
    assert score("bleu", ["a b c d e"], ["a b c d e f"]) == pytest.approx(100 * np.exp(1 - 6 / 5))


def test_chrf_by_hand() -> None:
    # "ab" against "ac": character 1-grams 1 of 2, 2-grams 0 of 1, the word 0 of 1; no longer orders. So precision
    # and recall are 1/6 over three orders, and so is F.
    assert score("chrf", ["ab"], ["ac"]) == pytest.approx(100 / 6)


def test_chinese_is_not_scored_with_13a() -> None:
    outputs, references = ["我喜欢吃红色的苹果。"], ["我喜欢吃绿色的苹果。"]
    right = score("bleu", outputs, references, "zh")
    assert right == pytest.approx(BLEU(tokenize="zh").corpus_score(outputs, [references]).score)
    # 13a sees one word, which is not the reference's.
    assert score("bleu", outputs, references, "de") == 0.0 and right > 40
    assert "tok:zh" in METRICS["bleu"].items(outputs, references, "zh").signature
    assert "tok:13a" in METRICS["bleu"].items(outputs, references, "ru").signature


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("target", ["de", "zh"])
def test_scores_equal_sacrebleu_on_many_corpora(metric: str, target: str) -> None:
    rng = np.random.default_rng(1)
    corpus = tiny.parallel(3, 40)
    references = [g if target == "de" else z for _, g, z in corpus]
    chinese = target == "zh"
    scorer = CHRF(word_order=0 if chinese else 2) if metric == "chrf" else BLEU(tokenize="zh" if chinese else "13a")
    compared = []
    for n in (1, 2, 5, 40):
        for _ in range(5):
            # Outputs from empty over short and shuffled to perfect.
            outputs = [
                r[: rng.integers(0, len(r) + 1)] if rng.random() < 0.7 else "".join(rng.permutation(list(r)))
                for r in references[:n]
            ]
            expected = scorer.corpus_score(outputs, [references[:n]]).score
            assert score(metric, outputs, references[:n], target) == pytest.approx(expected, abs=1e-9)
            compared.append(expected)
    assert min(compared) < 20 and max(compared) > 60


@pytest.mark.parametrize(("target", "nw", "tok"), [("de", 2, "13a"), ("zh", 0, "zh")])
def test_scores_of_resamples_equal_scores_of_resampled_corpora(target: str, nw: int, tok: str) -> None:
    references = [{"de": g, "zh": z}[target] for _, g, z in tiny.parallel(4, 6)]
    outputs = [r[5:] for r in references[:3]] + ["", "ganz etwas anderes", references[5]]
    counts = np.array([[2, 0, 1, 1, 0, 2], [0, 0, 0, 6, 0, 0], [1, 1, 1, 1, 1, 1]])
    for metric in METRICS:
        own = METRICS[metric]
        found = own.score(counts @ own.items(outputs, references, target).statistics)
        for row, value in zip(counts, found, strict=True):
            drawn = [i for i, n in enumerate(row) for _ in range(n)]
            scorer = CHRF(word_order=nw) if metric == "chrf" else BLEU(tokenize=tok)
            expected = scorer.corpus_score([outputs[i] for i in drawn], [[references[i] for i in drawn]]).score
            assert value == pytest.approx(expected, abs=1e-9)


def test_signatures_name_what_was_computed() -> None:
    assert (
        METRICS["chrf"]
        .items(["a"], ["a"], "de")
        .signature.startswith("sacrebleu nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no")
    )


def test_word_bigrams_count_where_spaces_divide_words() -> None:
    for code, own in LANGUAGES.items():
        found = METRICS["chrf"].items(["a b"], ["a c"], code)
        orders = 6 if own.segmenter else 8
        assert found.statistics.shape == (1, 3 * orders) and f"nw:{orders - 6}|" in found.signature, code
    # 2 of 3 characters, 1 of 2 bigrams, no trigram of 1. With word orders, no word of 1, as there is no space.
    assert score("chrf", ["红苹果"], ["绿苹果"], "zh") == pytest.approx(100 * (2 / 3 + 1 / 2) / 3)
    assert score("chrf", ["红苹果"], ["绿苹果"], "de") == pytest.approx(100 * (2 / 3 + 1 / 2) / 4)


def test_tables_say_where_chrf_has_no_words() -> None:
    assert chrf_note(["en-de", "zh-pt"]) == []
    (note,) = chrf_note(["en-de", "en-zh", "de-zh"])
    assert note.startswith("chrF++ in Chinese is chrF, of character 6-grams alone (nw:0")
    block = {"directions": ["en-de"], "other_directions": ["de-zh"]}
    assert scores("translation").notes(block) == [note]
    assert note not in scores("summarization").notes(block)
    assert note in scores("summarization").notes({"directions": ["en-zh"]})
