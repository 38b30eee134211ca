import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs import DEFAULT, ROOT, merged
from prefixyarn.plan import RATES, SLACK, Work, asked, converting_mb, gpus, memory_mb, minutes, plan_markdown, work

GEMMA = DEFAULT["foundations"][0]


@pytest.mark.parametrize(
    ("parameters", "dtype", "gpu_gb", "expected"),
    [
        (2.7e8, "float32", 80, 0),  # decoded on the CPU
        (6.8e9, "bfloat16", 80, 1),
        (6.8e9, "bfloat16", 24, 1),  # 15.2 GB of weights and a fifth, and 8 GB
        (1.31e10, "bfloat16", 24, 2),
        (6.9e10, "bfloat16", 80, 3),  # 154 GB and 8
        (6.9e10, "float16", 40, 5),
    ],
)
def test_models_get_as_many_gpus_as_hold_them(parameters: float, dtype: str, gpu_gb: float, expected: int) -> None:
    assert gpus({"parameters": parameters, "dtype": dtype}, gpu_gb) == expected


@pytest.mark.parametrize(
    ("parameters", "dtype", "gpu_gb", "expected"),
    [
        (2.7e8, "float32", 80, 0),
        (6.8e9, "bfloat16", 80, 1),
        (6.9e10, "bfloat16", 80, 2),  # 64 GB of weights on each, and 8 GB for keys and values
        (6.9e10, "bfloat16", 48, 4),
        (6.9e10, "bfloat16", 40, 8),  # a quarter leaves 4 GB on none
    ],
)
def test_vllm_divides_models_over_a_power_of_two_gpus(
    parameters: float, dtype: str, gpu_gb: float, expected: int
) -> None:
    own = {"parameters": parameters, "dtype": dtype, "engine": "vllm"}
    assert gpus(own, gpu_gb) == gpus(own, gpu_gb, "build_priors") == gpus(own, gpu_gb, "decode_sft_again") == expected
    builtin = {"parameters": parameters, "dtype": dtype}
    for rule in ("train_sft", "train_sft_again", "verify_foundation", "measure_forgetting"):
        assert gpus(own, gpu_gb, rule) == gpus(builtin, gpu_gb, rule), "the built-in engine does these"
        assert memory_mb({**GEMMA, "engine": "vllm"}, rule) == memory_mb(GEMMA, rule)
    assert memory_mb({**GEMMA, "engine": "vllm"}, "decode") > 1000 + memory_mb(GEMMA, "decode"), "a second process"


def test_memory_is_the_weights_and_what_is_beside_them() -> None:
    assert memory_mb(GEMMA, "decode") == int(2.7e8 * 4 / 2**20) + 2750
    half = {**GEMMA, "dtype": "bfloat16"}
    assert memory_mb(GEMMA, "decode") - memory_mb(half, "decode") == pytest.approx(2.7e8 * 2 / 2**20, abs=1)
    linked = {**GEMMA, "source": {"kind": "hub"}}
    assert converting_mb(GEMMA) > 2 * 2.7e8 * 4 / 2**20 > converting_mb(linked)


def test_time_follows_from_size_and_tokens() -> None:
    small = Work("decode", "translation", "x", 1, 1e6, 1e6)
    large = Work("decode", "translation", "x", 1, 2e6, 2e6)
    start = Work("decode", "translation", "x", 1, 0, 0)

    def own(work: Work, times: float = 1) -> float:
        return work.seconds({"parameters": times * 1e9, "dtype": "float32"}) - start.seconds(
            {"parameters": times * 1e9, "dtype": "float32"}
        )

    assert own(large) == pytest.approx(2 * own(small)) and own(small, 7) == pytest.approx(7 * own(small))
    half = small.seconds({"parameters": 1e9, "dtype": "bfloat16"})
    assert half < small.seconds({"parameters": 1e9, "dtype": "float32"})


def test_training_all_weights_takes_their_gradients_and_moments_too() -> None:
    weights = int(2.7e8 * 4 // 2**20)
    assert memory_mb(GEMMA, "train_sft", full=True) - memory_mb(GEMMA, "train_sft") == 4 * weights
    assert memory_mb(GEMMA, "decode", full=True) - memory_mb(GEMMA, "decode") == weights, "two models"
    large = {"parameters": 6.8e9, "dtype": "bfloat16"}
    assert (gpus(large, 80, "train_sft"), gpus(large, 80, "train_sft", full=True)) == (1, 2)


def test_training_keeps_activations_on_the_gpus() -> None:
    large, largest = ({"parameters": size, "dtype": "bfloat16"} for size in (6.8e9, 6.9e10))
    assert (gpus(large, 24), gpus(large, 24, "train_sft")) == (1, 2), "23 GB were measured: no card of 24"
    assert (gpus(largest, 60), gpus(largest, 60, "train_sft")) == (3, 4)


def test_an_adapter_is_trained_by_a_process_a_gpu() -> None:
    small, largest = ({"parameters": size, "dtype": "bfloat16"} for size in (6.8e9, 6.9e10))
    four: dict[str, Any] = {**DEFAULT, "cluster": {**DEFAULT["cluster"], "training_gpus": 4}}

    def has(config: dict[str, Any], foundation: dict[str, Any], rule: str) -> tuple[int, int]:
        own = asked(config, foundation, rule, "translation")
        return own.gpus, own.processes

    for rule in ("train_sft", "train_sft_again"):
        assert [has(DEFAULT, own, rule) for own in (small, largest, GEMMA)] == [(1, 1), (3, 3), (0, 1)]
        assert [has(four, own, rule) for own in (small, largest, GEMMA)] == [(4, 4), (4, 4), (0, 1)]
    assert has(four, largest, "decode") == (3, 1)
    four["translation"] = {**DEFAULT["translation"], "sft": {**DEFAULT["translation"]["sft"], "method": "full"}}
    assert has(four, small, "train_sft") == (2, 1), "all weights: by one process, over all GPUs"
    more = asked({**four, "translation": DEFAULT["translation"]}, small, "train_sft", "translation").memory_mb
    assert 0 < more - memory_mb(small, "train_sft") < 10_000, "the weights pass through the machine's memory once"


def test_the_plan_says_by_which_rates_it_counts(tmp_path: Path) -> None:
    assert "built-in engine on a CPU: 1.8e+11 operations a second" in plan_markdown(DEFAULT, tmp_path)
    large = {**DEFAULT, "foundations": [{**GEMMA, "dtype": "bfloat16", "engine": "vllm"}]}
    said = plan_markdown(large, tmp_path)
    assert "vLLM on a GPU" in said and "training on a GPU" in said and "built-in engine on a GPU" in said
    slow = {**DEFAULT, "foundations": [{**GEMMA, "engine": "vllm"}]}
    own, other = (next(w for w in work(config) if w.rule == "decode") for config in (slow, DEFAULT))
    assert own.seconds(slow["foundations"][0]) > 2 * other.seconds(GEMMA)
    told = "".join(path.read_text() for path in (ROOT / "benchmarks/measured").glob("*.csv"))
    assert all(number in told for number in (",3.3e14", "7.2e13; 7.6e13", "vLLM CPU 0.32,42.5,16,201,2.8,"))
    assert RATES["built-in engine", "GPU"].operations == 3.3e14 / 2


def test_docs_say_what_70b_asks_for() -> None:
    own = {"parameters": 6.9e10, "dtype": "bfloat16"}
    rows = re.findall(
        r"^\| (\d+)[^|]* \| (\d+) \| (\d+) \| (\d+), (\d+) \|$", (ROOT / "docs/cluster.md").read_text(), re.M
    )
    assert len(rows) == 4
    for gpu_gb, decoding, training, *memory in (map(int, row) for row in rows):
        assert (decoding, training) == (gpus(own, gpu_gb), gpus(own, gpu_gb, "train_sft"))
        found = memory_mb(own, "decode"), memory_mb(own, "train_sft", processes=training)
        assert memory == [round(mb / 1024) for mb in found]


def test_more_items_and_larger_models_ask_for_more_time() -> None:
    name = GEMMA["name"]
    large = {**DEFAULT, "foundations": [{**GEMMA, "parameters": 7e9}]}
    own = next(w for w in work(large) if (w.rule, w.task) == ("train_sft", "translation"))
    expected = SLACK * own.seconds(large["foundations"][0]) / 60
    assert minutes(large, "train_sft", name, "translation") == pytest.approx(expected, abs=1)
    assert minutes(DEFAULT, "verify_foundation", name) == 30
    more = {**large, "tagging": {**DEFAULT["tagging"], "items": {**DEFAULT["tagging"]["items"], "test": 24}}}
    twice = 2 * minutes(large, "decode", name, "tagging")
    assert minutes(more, "decode", name, "tagging") == pytest.approx(twice, rel=0.1)  # but for starting
    with pytest.raises(ValueError):
        minutes(DEFAULT, "no_such_rule", name)


def test_further_seeds_are_jobs_of_their_own() -> None:
    seeds = {**DEFAULT["translation"], "sft": {**DEFAULT["translation"]["sft"], "seeds": [2, 3]}}
    found = {(own.rule, own.jobs) for own in work({**DEFAULT, "translation": seeds}) if own.task == "translation"}
    assert {("train_sft", 1), ("train_sft_again", 2), ("decode_sft_again", 2)} <= found
    assert not [own for own in work(DEFAULT) if own.rule.endswith("_again")]


def test_the_plan_shows_what_was_measured(tmp_path: Path) -> None:
    for subset, seconds in (("en-de", 60), ("en-fr", 120)):
        file = tmp_path / f"decode/translation/{subset}/{GEMMA['name']}.tsv"
        file.parent.mkdir(parents=True)
        file.write_text(f"s\th:m:s\n{seconds}\t0\n")
    lines = plan_markdown(DEFAULT, tmp_path).splitlines()
    shown = {
        tuple(cell.strip() for cell in line.split("|")[1:3]): line.split("|")[-2].strip()
        for line in lines
        if line.startswith("|")
    }
    assert shown["decode", "translation"] == "1.5" and shown["decode", "tagging"] == "–"
    assert any("0.0 GPU hours" in line for line in lines)


def test_untrained_tasks_have_no_training_jobs() -> None:
    analyses = {
        "agreement": "measure_agreement",
        "mechanism": "measure_mechanism",
        "prior_quality": "decode_analysis",
        "forgetting": "measure_forgetting",
    }
    for kind, rule in analyses.items():
        rules = {own.rule for own in work({**DEFAULT, "analysis": {**DEFAULT["analysis"], "kinds": [kind]}})}
        assert {"train_sft", rule} <= rules and ("decode_cross_task" in rules) == (kind == "forgetting")
        assert not rules & ({*analyses.values()} - {rule, "decode_analysis"})
    unanalysed = {**DEFAULT, "analysis": {**DEFAULT["analysis"], "items": 0}}
    assert not {own.rule for own in work(unanalysed)} & {
        "decode_cross_task",
        *analyses.values(),
    }
    plain = {**DEFAULT, "tasks": ["translation"], "analysis": {**DEFAULT["analysis"], "items": 0}}
    plain["translation"] = {
        **DEFAULT["translation"],
        "sft": {"method": "none"},
        "few_shot": {"examples": [], "draws": 1},
    }
    assert {own.rule for own in work(plain)} == {"verify_foundation", "choose_prompt", "build_priors", "decode"}


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_configuration_has_a_plan(path: Path, tmp_path: Path) -> None:
    config = merged(DEFAULT, yaml.safe_load(path.read_text()))
    lines = plan_markdown(config, tmp_path).splitlines()
    assert "one after the other" in str(lines) and ("train_sft_again" in str(lines)) == (path.stem == "full")
