import numpy as np
import pytest
from rouge_score import rouge_scorer

from prefixyarn.metrics.rouge import ROUGE1, ROUGE2, ROUGE_L, ROUGE_L_CUT, AnyScript, at_length

PAIRS = [
    ("The file was saved on the disk.", "The file was stored on disk"),
    ("a tool for editing text files, version 2", "text editor"),
    ("", "nothing at all"),
    ("identical words", "identical words"),
]


@pytest.mark.parametrize("metric", [ROUGE1, ROUGE2, ROUGE_L])
def test_english_equals_rouge_score(metric) -> None:  # type: ignore[no-untyped-def]
    kind = {"rouge1": "rouge1", "rouge2": "rouge2", "rougel": "rougeL"}[metric.name]
    scorer = rouge_scorer.RougeScorer([kind])
    expected = [scorer.score(reference, output)[kind].fmeasure for output, reference in PAIRS]
    outputs, references = zip(*PAIRS, strict=True)
    assert metric.corpus(outputs, references, "en") == pytest.approx(100 * sum(expected) / len(expected))
    assert "rouge-score 0.1.2" in metric.items(outputs, references, "en").signature


@pytest.mark.parametrize(
    ("output", "reference", "rouge1", "rouge2", "rougel"),
    [
        # 3 words against 4, 2 shared: P 2/3, R 2/4. One bigram of 2 and 3. In order: 2.
        ("быстрый редактор текста", "простой редактор текста программ", 4 / 7, 2 / 5, 4 / 7),
        # 4 characters against 5, 3 shared (文 本 器): bigrams 文本 of 3 and 4. Longest common: 3.
        ("文本工器", "文本编辑器", 2 * 3 / 9, 2 * 1 / 7, 2 * 3 / 9),
        # 2 words against 3, 2 shared, their order turned round: no bigram, longest common 1.
        ("ملف نص", "نص ملف جديد", 4 / 5, 0, 2 / 5),
    ],
)
def test_other_scripts_by_hand(output: str, reference: str, rouge1: float, rouge2: float, rougel: float) -> None:
    for metric, expected in ((ROUGE1, rouge1), (ROUGE2, rouge2), (ROUGE_L, rougel)):
        assert metric.corpus([output], [reference], "xx") == pytest.approx(100 * expected)
        # What rouge-score's own tokenizer makes of it: nothing is left to compare.
        kind = "rougeL" if metric is ROUGE_L else metric.name
        assert rouge_scorer.RougeScorer([kind]).score(reference, reference)[kind].fmeasure == 0


def test_tokens() -> None:
    tokens = AnyScript().tokenize
    assert tokens("GNU的grep-2.0 工具") == ["gnu", "的", "grep", "2", "0", "工", "具"]
    assert tokens("Éditeur d'images") == ["éditeur", "d", "images"]
    assert tokens("مُحَرِّر") == ["مُحَرِّر"]  # vowel marks belong to their letters


@pytest.mark.parametrize(
    ("output", "reference", "first"),
    [
        ("A text editor. A text editor. A text", "Text editor, new", "a text editor"),
        ("文本编辑器，文本编辑器", "编辑GNU文本", "文 本 编 辑 器"),  # four characters and a word
        ("short", "three words here", "short"),
        ("", "words", ""),
        ("words", "...", ""),
    ],
)
def test_answers_are_cut_to_their_references_tokens(output: str, reference: str, first: str) -> None:
    assert at_length(output, reference) == first
    assert ROUGE_L_CUT.corpus([output], [reference], "xx") == ROUGE_L.corpus([first], [reference], "xx")


def test_what_runs_on_loses_nothing_at_the_references_length() -> None:
    reference, other = "редактор текста для программистов", "просмотр картинок"
    once, on = [reference, other], [f"{reference} {other} {reference}", f"{other} {reference}"]
    references = [reference, other]
    assert ROUGE_L_CUT.corpus(on, references, "ru") == pytest.approx(100) == ROUGE_L.corpus(once, references, "ru")
    assert ROUGE_L.corpus(on, references, "ru") < 70
    found = ROUGE_L_CUT.items(on, references, "ru")
    assert found.signature.endswith(", answers cut to as many words as the reference has")
    # Statistics are summed as those of all metrics: a resample with the first item three times, and the second once.
    drawn = ROUGE_L_CUT.score(np.array([[3, 1]]) @ ROUGE_L_CUT.items([on[0], ""], references, "ru").statistics)
    assert drawn == pytest.approx([75])
