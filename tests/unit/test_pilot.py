from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from configs import DEFAULT, ROOT, merged
from prefixyarn.config.files import SCHEMA, read_yaml
from prefixyarn.config.subsets import main_subsets
from prefixyarn.config.validate import problems
from prefixyarn.errors import InputError
from prefixyarn.pilot import ITEMS, pilot_config, pilot_markdown
from prefixyarn.plan import OF_TRANSLATION, Work, work
from prefixyarn.progress import GPU_MEMORY, log_gpu_memory

CONFIGS = sorted((ROOT / "config").glob("*.yaml"))


def whole(name: str) -> dict[str, Any]:
    config: dict[str, Any] = merged(DEFAULT, yaml.safe_load((ROOT / "config" / name).read_text()))
    return config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_configuration_has_a_pilot(path: Path) -> None:
    config = whole(path.name)
    pilot = merged(config, pilot_config(config))
    assert problems(pilot, read_yaml(SCHEMA), DEFAULT) == []
    assert pilot["run"] == f"{config['run']}-pilot" and len(pilot["foundations"]) == 1
    for task in pilot["tasks"]:
        subsets = main_subsets(pilot)[task]
        assert 1 <= len(subsets) <= 2
        assert all(pilot[task]["items"][split] <= ITEMS for split in ("dev", "trial", "test"))
        for key in ("prompts", "priors", "few_shot", "max_answer_tokens"):
            assert pilot[task][key] == config[task][key], "what a prompt asks for is the configuration's"
        assert pilot[task]["sft"]["batch"] == config[task]["sft"]["batch"]


def test_the_pilot_is_of_the_largest_foundation_or_of_one_that_is_named() -> None:
    config = whole("scale.yaml")
    (largest,) = pilot_config(config)["foundations"]
    assert largest["parameters"] == max(own["parameters"] for own in config["foundations"])
    (named,) = pilot_config(config, config["foundations"][0]["name"])["foundations"]
    assert named == config["foundations"][0]
    with pytest.raises(InputError, match="no foundation 'llama'; it has "):
        pilot_config(config, "llama")


START, SLOWER = 20.0, 3.0


def timed(folder: Path, pilot: dict[str, Any]) -> None:
    """Write benchmark files of a machine that starts in 20 s and computes at a third of the planned rate."""
    (model,) = pilot["foundations"]
    for own in work(pilot):
        nothing = Work(own.rule, own.task, own.foundation, 1, 0, 0, own.passes)
        s = START + SLOWER * (own.seconds(model) - nothing.seconds(model))
        if own.rule != "verify_foundation":  # has no benchmark file
            task = "" if own.rule in OF_TRANSLATION else own.task
            path = folder / "timings" / own.rule / task / f"{model['name']}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"s\tmax_rss\n{s}\t2048\n")


def test_the_whole_is_told_by_the_pilots_times(tmp_path: Path) -> None:
    config = whole("paper.yaml")
    pilot = merged(config, pilot_config(config))
    timed(tmp_path, pilot)
    (model,) = pilot["foundations"]
    log = tmp_path / "logs/decode/translation/de-en" / f"{model['name']}.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"loading\n{GPU_MEMORY} 61.5 GB\n")
    table = pilot_markdown(config, pilot, tmp_path, tmp_path / "logs")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")]
    own = {(row[0], row[1], row[2]): row for row in rows[2:]}
    assert len(own) == len({(w.rule, w.task, w.foundation) for w in work(config)})
    expected = 0.0
    for planned in work(config):
        foundation = next(f for f in config["foundations"] if f["name"] == planned.foundation)
        nothing = Work(planned.rule, planned.task, planned.foundation, 1, 0, 0, planned.passes)
        seconds = START + SLOWER * (planned.seconds(foundation) - nothing.seconds(foundation))
        row = own[planned.rule, planned.task, planned.foundation]
        if not row[5].endswith("*"):
            assert float(row[5]) == pytest.approx(seconds / 60, abs=0.06 + 0.02 * seconds / 60), row
            expected += planned.jobs * seconds / 3600
    decode = own["decode", "translation", model["name"]]
    assert decode[7:] == ["61.5", "2.0", decode[9]] and float(decode[9]) > 10, "measured on GPU and machine, asked for"
    assert own["verify_foundation", "", model["name"]][5].endswith("*") and "by the rates of make plan" in table
    other = next(f["name"] for f in config["foundations"] if f != model)
    assert own["decode", "translation", other][4] == "–" and float(own["decode", "translation", other][5]) > 0
    hours = re.search(r"jobs with a model, ([\d.]+) hours one after the other, ([\d.]+) GPU hours", table)
    assert hours and float(hours[1]) == pytest.approx(expected, rel=0.1) and hours[1] == hours[2]


def test_without_times_there_is_nothing_to_tell(tmp_path: Path) -> None:
    config = whole("smoke.yaml")
    with pytest.raises(InputError, match="no times of jobs that run .* Run the pilot first"):
        pilot_markdown(config, merged(config, pilot_config(config)), tmp_path, tmp_path)


def test_a_job_tells_of_its_memory_on_a_gpu(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    held = [3 * 2**30, 12 * 2**30]
    cuda = SimpleNamespace(
        is_initialized=lambda: True, device_count=lambda: 2, max_memory_reserved=lambda gpu: held[gpu]
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    with caplog.at_level(logging.INFO):
        log_gpu_memory()
        assert caplog.messages == [f"{GPU_MEMORY} 12.0 GB"]
        cuda.is_initialized = lambda: False
        log_gpu_memory()
        monkeypatch.delitem(sys.modules, "torch")
        log_gpu_memory()
    assert len(caplog.messages) == 1
