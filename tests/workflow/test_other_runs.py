"""Other runs beside the whole one on tiny data: with other keys, without trained models, again, and such that fail."""

from __future__ import annotations

from checkout import SCORING, Copy
from prefixyarn.records import Prior, read_subsets


def test_a_changed_key_reruns_exactly_what_depends_on_it(copy: Copy) -> None:
    copy.config["score"] = {"resamples": 2000}
    try:
        assert copy.planned() == SCORING, "all tables have intervals"
    finally:
        del copy.config["score"]
    copy.config["translation"]["max_answer_tokens"] = 11  # type: ignore[index]
    try:
        assert "decode" in copy.planned() and "prepare_translation" not in copy.planned()
    finally:
        copy.config["translation"]["max_answer_tokens"] = 12  # type: ignore[index]
    copy.config["translation"]["sft"]["steps"] = 5  # type: ignore[index]
    try:
        planned = copy.planned()
        others = {"tabulate_task_summarization", "tabulate_task_tagging"}
        assert {"train_sft", "decode_sft", "build_priors", "decode"} | SCORING - others < planned
        assert not planned & others
        assert not planned & {"train_refined", "induce_lexicon_translation", "choose_examples", "choose_prompt"}
    finally:
        copy.config["translation"]["sft"]["steps"] = 4  # type: ignore[index]
    assert copy.planned() == set()


def test_without_trained_models_and_examples_none_are_made(copy: Copy) -> None:
    whole = copy.config["translation"]
    analysis = copy.config["analysis"]
    copy.config |= {"run": "untrained", "tasks": ["translation"], "analysis": {"items": 0}}
    copy.config["translation"] = {
        **whole,  # type: ignore[dict-item]
        "other_directions": [],
        "few_shot": {"examples": []},
        "sft": {"method": "none"},
        "refined": {"kind": "none"},
        "priors": {
            "kinds": ["none", "pseudo"],
            "k": {"token": [1], "word": []},
            "single_kinds": [],
            "sft_kinds": [],
            "few_shot_kinds": ["none"],
        },
    }
    try:
        planned = copy.planned()
        assert not planned & {"train_sft", "decode_sft", "train_refined", "choose_examples"}
        result = copy.run()
    finally:
        copy.config |= {"run": "tiny", "translation": whole, "analysis": analysis}
        del copy.config["tasks"]
    assert "| pseudo likeliest | 1 token |" in result.stdout and "| 100.0" not in result.stdout
    assert not (copy.folder / "results/untrained/models").exists()


def test_results_are_the_same_again_and_in_another_run(copy: Copy) -> None:
    analysis = copy.config["analysis"]
    without = {**analysis, "items": 0}  # type: ignore[dict-item] # to save time
    copy.config |= {"run": "again", "tasks": ["translation", "tagging"], "analysis": without}
    try:
        copy.run()
    finally:
        copy.config |= {"run": "tiny", "analysis": analysis}
        del copy.config["tasks"]
    sft = "models/sft/translation/tiny/adapter_model.safetensors"
    for name in (
        *("tables/translation.csv", "tables/translation.tex", "tables/by_direction.csv", sft),
        *(
            "figures/sft_loss_translation_tiny.svg",
            "decode/translation/de-zh/tiny.jsonl",
            "decode/tagging/de/tiny.jsonl",
        ),
        *(
            f"{stage}/{task}/tiny.jsonl"
            for stage in ("prompts", "examples", "sft")
            for task in ("translation", "tagging")
        ),
        *("priors/tagging/tiny.jsonl", "tables/tagging.csv", "lexicon/translation/de-zh.tsv"),
    ):
        first, again = (copy.folder / "results" / run / name for run in ("tiny", "again"))
        assert first.read_bytes() == again.read_bytes(), name
    # The refined model predicts more words for the analyses, which this run does not have; its priors are the same tokens.
    ids = [
        [(p.item, p.system, p.ids) for own in read_subsets(path, Prior, ["en-de", "de-zh"]).values() for p in own]
        for path in (copy.folder / f"results/{run}/priors/translation/tiny.jsonl" for run in ("tiny", "again"))
    ]
    assert ids[0] == ids[1] and len(ids[0]) > 100
    assert copy.planned() == set(), "another run leaves this one alone"


def test_a_failing_rule_says_why_and_leaves_nothing(copy: Copy) -> None:
    copy.config["run"] = "broken"
    copy.config["translation"]["items"]["test"] = 999  # type: ignore[index]
    try:
        result = copy.run(check=False)
    finally:
        copy.config["run"] = "tiny"
        copy.config["translation"]["items"]["test"] = 3  # type: ignore[index]
    assert result.returncode != 0
    # The rule's own line stands last, with the place of its log.
    said, where = (result.stdout + result.stderr).rstrip().split("\n")[-2:]
    assert said.startswith("error: translation.items.test: 999 texts wanted"), (said, where)
    assert where == "  (logs/broken/prepare_translation.log)"
    assert "Traceback" not in result.stdout + result.stderr
    assert not list((copy.folder / "results/broken/data/translation").rglob("*.jsonl"))


def test_an_altered_download_stops_the_run(copy: Copy) -> None:
    catalogue = copy.config["translation"]["catalogues"][0]  # type: ignore[index]
    good, catalogue["sha256"] = catalogue["sha256"], "0" * 64
    try:
        result = copy.run("resources/catalogues/one.whl", check=False)
    finally:
        catalogue["sha256"] = good
    assert result.returncode != 0 and "truncated or was altered" in result.stdout + result.stderr
