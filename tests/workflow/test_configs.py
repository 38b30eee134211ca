"""Every configuration that is shipped can be planned, without a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from prefixyarn.new_config import new_config

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted(path.name for path in (ROOT / "config").glob("*.yaml"))
# Rules that a plan must have, beside those of every run.
HAS = {
    "flores.yaml": {"fetch_flores", "fetch_muse", "fetch_treebanks"},
    "paper.yaml": {"fetch_crosssum", "fetch_flores", "fetch_muse", "fetch_refined", "fetch_treebanks"},
    "config.yaml": {"fetch_catalogue", "fetch_descriptions", "decode_analysis"},
    "full.yaml": {"decode_analysis", "decode_sft_again", "measure_forgetting", "train_sft_again"},
    "low_resource.yaml": {"fetch_catalogue", "build_priors", "choose_examples"},
    "mixes.yaml": {"fetch_descriptions", "fetch_packages", "pretrain_foundation", "measure_mechanism", "audit_corpus"},
    "mixes_smoke.yaml": {"fetch_packages", "pretrain_foundation", "convert_foundation", "audit_corpus"},
    "scale.yaml": {"decode_analysis"},
    "smoke.yaml": {"fetch_catalogue", "fetch_descriptions"},
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configs")
    for name in ("workflow", "scripts", "src", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    beside = Path("results/default/tables/mechanism.csv")  # which the mixes' configurations name
    (folder / beside).parent.mkdir(parents=True)
    shutil.copy(ROOT / beside, folder / beside)
    return folder


def plan(folder: Path, *options: str) -> str:
    return python(folder, "-m", "snakemake", "-n", *options)


def python(folder: Path, *options: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE")}
    environment |= {
        "PYTHONPATH": str(folder / "src"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    result = subprocess.run([sys.executable, *options], cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.parametrize("name", CONFIGS)
def test_a_shipped_configuration_is_planned(copy: Path, name: str) -> None:
    output = plan(copy, "--configfile", f"config/{name}")
    run = yaml.safe_load((copy / "config" / name).read_text())["run"]
    assert f"results/{run}/report.html" in output and f"results/{run}/explorer.html" in output
    assert f"results/{run}/tables/findings.md" in output
    planned = {line.split()[0] for line in output.splitlines() if line.strip()}
    assert HAS[name] <= planned, name


def test_a_new_configuration_is_planned(copy: Path, tmp_path: Path) -> None:
    model = tiny.save_model(tmp_path / "model")
    path = new_config("mine", str(model), ["en", "de", "zh"], ["translation", "summarization", "tagging"], copy)
    output = plan(copy, "--configfile", "config/mine.yaml")
    path.unlink()
    planned = {line.split()[0] for line in output.splitlines() if line.strip()}
    assert {"fetch_catalogue", "fetch_descriptions", "fetch_foundation", "train_sft", "decode"} <= planned
    assert "results/mine/decode/tagging/zh/model.jsonl" in output and "results/mine/report.html" in output


def test_one_name_is_one_model_in_all_configurations() -> None:
    sources: dict[str, Any] = {}
    for name in CONFIGS:
        for own in yaml.safe_load((ROOT / "config" / name).read_text()).get("foundations", []):
            assert sources.setdefault(own["name"], own["source"]) == own["source"], f"{own['name']} of {name}"


def test_the_ladder_of_sizes_is_made_as_the_papers_models_are() -> None:
    paper, scale = (yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("paper", "scale"))
    assert scale["translation"] == paper["translation"] and scale["analysis"] == paper["analysis"]


def without_messages(folder: Path, tmp_path: Path) -> Path:
    """Return a copy whose rules have no message: of a rule that has one, Snakemake tells nothing else."""
    told = shutil.copytree(folder, tmp_path / "copy")
    for rules in (told / "workflow/rules").glob("*.smk"):
        rules.write_text(re.sub(r"^( +)message:\n(?:\1 +.*\n)+", "", rules.read_text(), flags=re.M))
    return told


# Rules that run a foundation, and those that may run a large refined model.
ON_GPUS = {
    *("verify_foundation", "choose_prompt", "choose_examples", "train_sft", "decode_sft", "build_priors", "decode"),
    *("decode_analysis", "measure_agreement", "measure_mechanism", "measure_forgetting", "decode_cross_task"),
    *("build_mechanism_priors", "train_refined"),
}


@pytest.mark.parametrize(("name", "cards"), [("config.yaml", {0}), ("paper.yaml", {0, 1}), ("scale.yaml", {0, 1, 3})])
def test_jobs_that_run_a_model_ask_for_gpus_memory_and_time(
    copy: Path, tmp_path: Path, name: str, cards: set[int]
) -> None:
    told = without_messages(copy, tmp_path)
    # The profile of a cluster: the one for this machine gives a job its GPUs, however many it asks for.
    output = plan(told, "--workflow-profile", "workflow/profiles/slurm", "--configfile", f"config/{name}")
    asked: dict[str, list[dict[str, int]]] = {}
    for rule, block in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", output, re.M):
        found = re.search(r"^    resources: (.*)$", block, re.M)
        asked.setdefault(rule, []).append({k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", found[1] if found else "")})
    gpus = {rule: {own.get("gpu", 0) for own in jobs} for rule, jobs in asked.items()}
    assert set().union(*gpus.values()) == cards
    # Priors of tagging need no model.
    assert all(0 not in gpus[rule] for rule in (ON_GPUS - {"build_priors"}) & gpus.keys()) or name == "config.yaml"
    assert all(own == {0} for rule, own in gpus.items() if rule not in ON_GPUS)
    for rule in ON_GPUS & asked.keys():
        assert all(own["runtime"] >= 30 and own["mem_mb"] >= 1500 and own["nodes"] == 1 for own in asked[rule]), rule
    memory = {own["mem_mb"] for own in asked["decode"]}
    assert len(memory) == {"config.yaml": 1, "paper.yaml": 2, "scale.yaml": 6}[name], "by the size of the model"


def paper_with(folder: Path, engine: str) -> Path:
    """Write an overlay over the paper's configuration, without what needs the built-in engine."""
    paper = yaml.safe_load((folder / "config/paper.yaml").read_text())
    paper["foundations"][0]["engine"] = engine
    paper["analysis"]["kinds"].remove("agreement")
    path = folder / f"config/{engine}.yaml"
    path.write_text(yaml.safe_dump({key: paper[key] for key in ("foundations", "analysis")}))
    return path


# Jobs that decode, or ask for likelihoods alone.
DECODING = {
    *("choose_prompt", "choose_examples", "decode_sft", "decode_cross_task", "build_priors", "decode"),
    *("decode_analysis", "build_analysis_priors", "build_mechanism_priors", "measure_mechanism"),
}


def test_jobs_of_a_foundation_with_vllm_are_planned_as_others(copy: Path, tmp_path: Path) -> None:
    told = without_messages(copy, tmp_path)
    asked = []
    for engine in ("builtin", "vllm"):
        files = ("--configfile", "config/paper.yaml", str(paper_with(told, engine)))
        output = plan(told, "--workflow-profile", "workflow/profiles/slurm", *files)
        jobs: Counter[tuple[str, str, int, int]] = Counter()
        for rule, block in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", output, re.M):
            found = re.search(r"^    wildcards: .*model=([\w.-]+)", block, re.M)
            own = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", block)}
            jobs[rule, found[1] if found else "", own.get("mem_mb", 0), own.get("gpu", 0)] += 1
        asked.append(jobs)
    builtin, vllm = asked
    assert builtin.total() == vllm.total()
    assert {(rule, model) for rule, model, _, _ in builtin - vllm} == {(rule, "llama-2-7b") for rule in DECODING}
    for rule, model, mb, cards in vllm - builtin:
        (other,) = {own for own in builtin if own[:2] == (rule, model) and own[3] == cards}
        assert mb > other[2], "a second process"


def test_jobs_that_decode_with_vllm_have_its_environment(copy: Path) -> None:
    program = """
import sys
from pathlib import Path
from snakemake.api import ConfigSettings, OutputSettings, ResourceSettings, SnakemakeApi
with SnakemakeApi(OutputSettings(dryrun=True)) as api:
    workflow = api.workflow(ResourceSettings(cores=1), ConfigSettings(configfiles=[Path(p) for p in sys.argv[1:]]))
    for rule in workflow._workflow.rules:
        if callable(rule.conda_env):
            for model in ("llama-2-7b", "mistral-7b"):
                print("env", rule.name, model, Path(rule.conda_env(type("Wildcards", (), {"model": model}))).name)
"""
    output = python(copy, "-c", program, "config/paper.yaml", str(paper_with(copy, "vllm")))
    found = {tuple(line.split()[1:]) for line in output.splitlines() if line.startswith("env ")}
    rules = DECODING | {"decode_other_sft", "decode_sft_again"}
    own = {"llama-2-7b": "vllm-cuda.yaml", "mistral-7b": "cuda.yaml"}
    assert found == {(rule, model, name) for rule in rules for model, name in own.items()}
    assert all((copy / "workflow/envs" / name).exists() for name in own.values())


def test_tables_that_come_with_a_checkout_are_made_again(copy: Path) -> None:
    tables = copy / "results/default/tables"
    (tables / "tagging.md").touch()
    planned = {line.split()[0] for line in plan(copy, "first_table").splitlines() if line.strip()}
    assert {"decode", "score", "tabulate_task_tagging"} <= planned


def test_with_a_mirror_nothing_is_downloaded(copy: Path, tmp_path: Path) -> None:
    told = without_messages(copy, tmp_path)
    mirror = told / "mirror"
    names = ("eng", "deu", "fra", "zho_simpl", "por", "ukr", "rus", "ara", "swh", "yor")
    files = [f"flores101_dataset/dev/{name}.dev" for name in names]
    files += [f"muse/en-{code}.txt" for code in ("de", "fr", "zh", "pt", "uk", "ru", "ar")]
    files += ["muse/de-en.txt", "muse/zh-en.txt", "ud-treebanks-v2.5/UD_German-GSD/de_gsd-ud-dev.conllu"]
    for file in files:
        (mirror / file).parent.mkdir(parents=True, exist_ok=True)
        (mirror / file).touch()
    (told / "config/mirror.yaml").write_text("data:\n  mirror: mirror\n")
    output = plan(told, "--configfile", "config/flores.yaml", "config/mirror.yaml")
    stats = output.split("Job stats:")[1]
    assert "prepare_translation " in stats and not re.search("fetch_(flores|muse|treebanks) ", stats)
    assert " mirror/muse/de-en.txt" in output and " mirror/flores101_dataset/dev/eng.dev" in output


def test_the_sft_model_of_another_run_is_asked_with_that_runs_prompt(copy: Path, tmp_path: Path) -> None:
    told = without_messages(copy, tmp_path)
    files = [
        told / f"results/default/{file}"
        for file in ("models/sft/translation/gemma-3-270m/manifest.json", "prompts/translation/gemma-3-270m.json")
    ]
    options = ("--configfile", "config/flores.yaml")
    for file in files:
        output = plan(told, *options)
        assert "No rows of the SFT models of default" in output and "decode_other_sft" not in output
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    output = plan(told, *options)
    (job,) = re.findall(r"^rule decode_other_sft:\n((?:    .*\n)+)", output, re.M)
    assert "results/default/prompts/translation/gemma-3-270m.json" in job
    assert "results/default/models/sft/translation/gemma-3-270m/manifest.json" in job


@pytest.mark.mirror
def test_published_data_hold_what_flores_yaml_asks_for(copy: Path, mirror: Path) -> None:
    (copy / "config/real.yaml").write_text(yaml.safe_dump({"data": {"mirror": str(mirror)}}))
    notes = [f"results/flores/data/{task}/note.json" for task in ("translation", "tagging")]
    files = ["config/flores.yaml", "config/real.yaml"]
    python(copy, "-m", "snakemake", *notes, "--cores", "2", "--configfile", *files)
    tagging = yaml.safe_load((copy / files[0]).read_text())["tagging"]
    for language in tagging["languages"]:
        folder = copy / "results/flores/data/tagging" / language
        assert len((folder / "dev.jsonl").read_text().splitlines()) == tagging["items"]["dev"]
        assert len((folder / "test.jsonl").read_text().splitlines()) == tagging["items"]["test"]


@pytest.mark.parametrize("name", ["config.yaml", "flores.yaml", "mixes.yaml", "paper.yaml", "scale.yaml"])
def test_the_plan_counts_the_jobs_that_run_a_model(copy: Path, name: str) -> None:
    files = [f"config/{name}"]
    counted: Counter[str] = Counter()
    for rule, _, _, jobs in re.findall(
        r"^\| (\w+) +\| (\w*) *\| (\S+) +\| +(\d+) ", python(copy, "scripts/show_plan.py", *files), re.M
    ):
        counted[rule] += int(jobs)
    stats = plan(copy, "--configfile", *files).split("Job stats:")[1].split("\n\n")[0]
    planned = {
        line.split()[0]: int(line.split()[1]) for line in stats.splitlines() if re.match(r"[a-z]\w+ +\d+$", line)
    }
    if "tabulate_task_tagging" in planned:  # whose priors need no model
        planned["build_priors"] -= planned["verify_foundation"]
    assert counted == {rule: planned[rule] for rule in counted} and "decode" in counted and "train_sft" in counted
