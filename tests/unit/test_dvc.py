from pathlib import Path
from typing import Any

import yaml
from dvc.repo import Repo  # type: ignore[import-untyped]

from configs import DEFAULT as CONFIG
from configs import ROOT, merged
from prefixyarn.config.targets import final_figures
from prefixyarn.models.manifest import STAMPS

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def names(entries: list[Any]) -> list[str]:
    return [name for entry in entries for name in (entry if isinstance(entry, dict) else [entry])]


def params(stage: dict[str, Any]) -> list[str]:
    return [key for entry in stage["params"] for keys in entry.values() for key in keys]


def outs(stage: dict[str, Any]) -> list[str]:
    return names(stage["outs"] + stage.get("metrics", []))


def test_dvc_finds_the_stages_of_both_runs() -> None:
    """It does not look into folders that .gitignore names, by its own reading of the patterns."""
    with Repo(str(ROOT)) as repo:
        found = {stage.addressing for stage in repo.index.stages}
    full = yaml.safe_load((ROOT / "results/full/dvc.yaml").read_text())["stages"]
    assert {Path(name).name for name in found} == {*STAGES, *(f"dvc.yaml:{name}" for name in full)}


def test_what_one_machine_alone_knows_of_a_model_is_not_tracked() -> None:
    assert STAMPS in (ROOT / ".dvcignore").read_text().splitlines()


def test_params_are_keys_of_the_configuration() -> None:
    for stage in STAGES.values():
        for key in params(stage):
            value = CONFIG
            for part in key.split("."):
                assert part in value, key
                value = value[part]
    assert set(params(STAGES["tables"])) == set(CONFIG), "the report has all of it"


def test_every_output_is_of_one_stage_and_persists() -> None:
    found = [name for stage in STAGES.values() for name in outs(stage)]
    for name in found:
        assert not [other for other in found if other != name and other.startswith(f"{name}/")]
    for stage in STAGES.values():
        for entry in stage["outs"] + stage.get("metrics", []):
            assert all(options["persist"] for options in entry.values())


def test_each_stage_depends_on_what_those_before_it_made() -> None:
    made: list[str] = []
    for stage in STAGES.values():
        needed = [name for name in made if name.startswith("results/") and "timings" not in name]
        assert set(needed) <= set(stage["deps"]), stage["cmd"]
        assert set(stage["deps"]) - {"scripts", "src/prefixyarn", "workflow"} <= set(made)
        made += outs(stage)


def test_the_full_run_has_stages_of_its_own() -> None:
    """A plain `dvc repro` must not run them, and no file has two owners."""
    stages = yaml.safe_load((ROOT / "results/full/dvc.yaml").read_text())["stages"]
    found = [name for stage in (*STAGES.values(), *stages.values()) for name in outs(stage)]
    assert len(found) == len({*found}) and {stage["wdir"] for stage in stages.values()} == {"../.."}
    owned = {name for stage in STAGES.values() for name in outs(stage)}
    for stage in stages.values():
        assert stage["cmd"].endswith("CONFIG=config/full.yaml")
        assert {name for name in stage["deps"] if name.startswith("resources/")} <= owned
        assert names(stage["params"]) == [
            "src/prefixyarn/config/foundation.yaml",
            "config/config.yaml",
            "config/full.yaml",
        ]
    made = {name for name in outs(stages["answers"])}
    assert made <= set(stages["tables"]["deps"])


def test_what_dvc_plots_is_drawn() -> None:
    for name, path in (("config", "dvc.yaml"), ("full", "results/full/dvc.yaml")):
        config = merged(CONFIG, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
        drawn = {f"{figure}.png" for figure in final_figures(config)}
        plots = [plot for plot in yaml.safe_load((ROOT / path).read_text())["plots"] if isinstance(plot, str)]
        assert plots and {Path(plot).name for plot in plots} <= drawn


def test_models_are_trained_again_when_the_analyses_ask_for_longer_refined_priors() -> None:
    """The refined model predicts as many words as ``analysis.k`` asks: `refined_settings` of common.smk."""
    assert "analysis" in params(STAGES["models"])
