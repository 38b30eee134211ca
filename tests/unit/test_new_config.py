"""A configuration for one's own model: what is written, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from configs import DEFAULT, SCHEMA
from prefixyarn.config.files import read_config
from prefixyarn.config.validate import problems
from prefixyarn.errors import InputError
from prefixyarn.models.weights import parameters
from prefixyarn.new_config import expected, new_config
from prefixyarn.plan import work

ROOT = Path(__file__).resolve().parents[2]
ALL = ["translation", "summarization", "tagging"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/Snakefile").touch()
    shutil.copytree(ROOT / "config", tmp_path / "config")
    tiny.save_model(tmp_path / "Tiny Model")
    return tmp_path


def test_a_local_models_configuration(checkout: Path) -> None:
    path = new_config("mine", str(checkout / "Tiny Model"), ["de", "en", "zh", "de", "ar"], ALL, checkout)
    assert path == checkout / "config/mine.yaml"
    written = yaml.safe_load(path.read_text())
    (foundation,) = written.pop("foundations")
    size = parameters(checkout / "Tiny Model")
    assert size <= foundation.pop("parameters") < 1.02 * size
    assert foundation == {
        "name": "tiny-model",
        "label": "Tiny Model",
        "licence": "not named",
        "dtype": "float32",
        "source": {"kind": "local", "path": str(checkout / "Tiny Model")},
    }
    directions = ["en-de", "en-zh", "en-ar"]
    assert written["languages"] == ["en", "de", "zh", "ar"] and written["tasks"] == ALL and written["run"] == "mine"
    assert written["translation"]["directions"] == written["summarization"]["directions"] == directions
    assert written["tagging"]["languages"] == ["de", "zh", "ar"]
    config = read_config(path, root=checkout)
    assert not problems(config, SCHEMA, DEFAULT)
    said = expected(path, checkout)
    assert f"prefixyarn check '{checkout / 'Tiny Model'}' --languages en,de,zh,ar\n" in said
    assert said.startswith(f"config/mine.yaml: {sum(own.jobs for own in work(config))} jobs with a model, ")
    assert "left out of summarization: en-ar needs 'ar'" in said and "left out of tagging: no packaged tagger" in said
    assert "prefixyarn check" in said and said.endswith("run it: make results CONFIG=config/mine.yaml")
    assert "'zh'" not in said, "the default run has it from the catalogues"


def test_the_default_model_without_english(checkout: Path) -> None:
    path = new_config("mine", "default", ["fr", "pt", "sw"], ["summarization"], checkout)
    config = read_config(path, root=checkout)
    assert config["translation"]["directions"] == ["fr-pt", "fr-sw"] == config["summarization"]["directions"]
    assert config["foundations"] == DEFAULT["foundations"] and "foundations" not in yaml.safe_load(path.read_text())
    path.unlink()  # which has Swahili
    tagging = new_config("tags", "default", ["de", "sw"], ["tagging"], checkout)
    said = expected(tagging, checkout)
    assert "'sw' is in no other configuration" in said and "prefixyarn check default --languages de,sw" in said
    (checkout / "resources/catalogues").mkdir(parents=True)
    for own in config["translation"]["catalogues"]:
        shutil.copy(tiny.wheel(checkout, own["package"], "1.0", {"x/locale/de/LC_MESSAGES/x.mo": b""})[0],
                    checkout / f"resources/catalogues/{own['package']}.whl")  # fmt: skip
    assert "'sw' is in none of the catalogues" in expected(tagging, checkout)


def test_another_models_name_is_not_taken(checkout: Path) -> None:
    shutil.copytree(checkout / "Tiny Model", checkout / "gemma-3-270m")
    path = new_config("mine", str(checkout / "gemma-3-270m"), ["en", "de"], ALL[:1], checkout)
    assert read_config(path, root=checkout)["foundations"][0]["name"] == "mine-gemma-3-270m"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "a/b"}, "'a/b': expected a name of letters"),
        ({"name": "config"}, "'config' is the default run's"),
        ({"name": "default"}, "'default' is the default run's"),
        ({"name": "smoke"}, "smoke.yaml: there is such a configuration.* --force"),
        ({"languages": ["en", "dee"]}, "unknown language code 'dee'.* Did you mean 'de'"),
        ({"languages": ["en", "en"]}, "expected two or more different codes"),
        ({"tasks": ["translaton"]}, "unknown task 'translaton'.* Did you mean 'translation'"),
        ({"tasks": []}, "--tasks: name one or more of translation"),
        ({"languages": ["en", "ar"], "tasks": ["tagging"]}, "was not written: tagging.languages: no packaged tagger"),
        ({"model": "nowhere"}, "nowhere: no such folder"),
        ({"model": "workflow"}, r"workflow: no \*.safetensors file"),
    ],
)
def test_what_is_refused(checkout: Path, changed: dict[str, Any], message: str) -> None:
    given = {"name": "mine", "model": "default", "languages": ["en", "de"], "tasks": ALL, "root": checkout}
    before = {path: path.read_bytes() for path in (checkout / "config").iterdir()}
    with pytest.raises(InputError, match=message):
        new_config(**{**given, **changed})
    assert {path: path.read_bytes() for path in (checkout / "config").iterdir()} == before


def test_a_run_of_another_file_is_not_mixed_with(checkout: Path) -> None:
    (checkout / "config/other.yaml").write_text("run: mine\n")
    with pytest.raises(InputError, match="'mine' is the run of config/other.yaml"):
        new_config("mine", "default", ["en", "de"], ALL, checkout)


def test_force_writes_over_a_file(checkout: Path) -> None:
    for languages in (["en", "de"], ["en", "fr"]):
        path = new_config("mine", "default", languages, ALL[:1], checkout, force=True)
        assert read_config(path, root=checkout)["languages"] == languages


def test_outside_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path} is no checkout of prefixyarn"):
        new_config("mine", "default", ["en", "de"], ALL, tmp_path)


def test_models_of_the_hub(checkout: Path) -> None:
    """In a process of its own: the hub's address is read when its library is imported."""
    text = "import json, sys\nfrom prefixyarn.errors import InputError\nfrom prefixyarn.new_config import new_config\n"
    text += "for name, model, size in json.loads(sys.argv[1]):\n try:\n"
    text += "  new_config(name, model, ['en', 'de'], ['translation'], parameters=size)\n"
    text += " except InputError as error: print(name, error)"
    asked = [("a", "me/tiny", None), ("b", "me/tiny", 7e9), ("c", "me/none", 7e9), ("d", "me/gated", None)]
    with tiny.hub("c" * 40, {"me/tiny": {"model.safetensors": b""}, "me/gated": None}) as hub:
        own = {"HF_ENDPOINT": hub.address, "HF_HOME": str(checkout / "hf"), "PYTHONPATH": str(ROOT / "src")}
        command = [sys.executable, "-c", text, json.dumps(asked)]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        result = subprocess.run(command, cwd=checkout, env=inherited | own, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    said = dict(re.findall(r"^(\w) (.*)$", result.stdout, re.M))
    assert {name for name in "abcd" if (checkout / f"config/{name}.yaml").exists()} == {"b"}
    assert "me/tiny: how many parameters it has is not known here. Say so: --parameters" in said["a"]
    assert "the hub did not give 'me/none'" in said["c"] and "--parameters" in said["d"]
    (foundation,) = read_config(checkout / "config/b.yaml", root=checkout)["foundations"]
    assert foundation["dtype"] == "bfloat16" and foundation["parameters"] == pytest.approx(7e9, rel=0.02)
    assert foundation["source"] == {"kind": "hub", "id": "me/tiny", "revision": "c" * 40}
