from pathlib import Path

import pytest
import yaml

from prefixyarn.plan import Work, converting_mb, gpus, memory_mb, minutes, work

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())
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


def test_memory_is_the_weights_and_what_is_beside_them() -> None:
    assert memory_mb(GEMMA, "decode") == int(2.7e8 * 4 / 2**20) + 2000
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


def test_more_items_and_larger_models_ask_for_more_time() -> None:
    paper = {**DEFAULT, "foundations": [{**GEMMA, "parameters": 7e9}]}
    assert minutes(DEFAULT, "decode", GEMMA["name"], "tagging") >= 30
    assert (
        minutes(paper, "decode", GEMMA["name"], "tagging")
        > 10 * minutes(DEFAULT, "decode", GEMMA["name"], "tagging") / 2
    )


def test_untrained_tasks_have_no_training_jobs() -> None:
    rules = {own.rule for own in work(DEFAULT)}
    assert {"train_sft", "decode_crossed", "analyse_agreement", "measure_forgetting"} <= rules
    plain = {**DEFAULT, "tasks": ["translation"], "analysis": {**DEFAULT["analysis"], "items": 0}}
    plain["translation"] = {
        **DEFAULT["translation"],
        "sft": {"method": "none"},
        "few_shot": {"examples": [], "draws": 1},
    }
    assert {own.rule for own in work(plain)} == {"verify_foundation", "decode_prompts", "build_priors", "decode"}
