import tiny
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.trials import choose
from prefixyarn.records import Item, System
from prefixyarn.tables.prompts import prompt_markdown, prompt_rows
from prefixyarn.tables.rows import ALL
from scored import output


def test_the_best_prompt_on_dev_is_chosen_and_shown() -> None:
    items = [Item(str(n), e, g) for n, (e, g, _) in enumerate(tiny.parallel(6, 4))]
    prompts = [{"name": name, "text": "{source}"} for name in ("bad", "good", "good-too")]
    outputs = [
        output(i, System("none"), i.target if p["name"] != "bad" else i.source, p["name"])
        for p in prompts
        for i in items
    ]
    choice = choose(CHRF, prompts, {"en-de": (items, outputs)})
    assert choice["chosen"] == "good" and choice["prompt"] == prompts[1] and choice["n"] == 4
    assert choice["scores"]["good"]["mean"] == 100 > choice["scores"]["bad"]["mean"]
    rows = prompt_rows({"m": choice})
    assert [row.chosen for row in rows if row.subset == ALL] == [False, True, False]
    assert {row.subset for row in rows} == {ALL, "en-de"}
    shown = [[cell.strip() for cell in line.split("|")[1:-1]] for line in prompt_markdown(rows).splitlines()]
    assert shown[0] == ["foundation", "prompt", "chosen", "en-de", "mean", "n"]
    assert shown[3] == ["m", "good", "yes", "100.0", "100.0", "4"]


def test_of_one_candidate_nothing_need_be_decoded() -> None:
    only = {"name": "few-shot-2 draw-1", "examples": 2, "draw": 1}
    assert choose(CHRF, [only], {}) == {"chosen": only["name"], "prompt": only, "scores": {}, "n": 0}
    assert prompt_rows({"m": choose(CHRF, [only], {})}) == []
