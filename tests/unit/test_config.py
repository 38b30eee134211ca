import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs import DEFAULT, ROOT, SCHEMA, merged
from prefixyarn.config import files
from prefixyarn.config.subsets import all_subsets, left_out, main_subsets
from prefixyarn.config.validate import checked_config, problems
from prefixyarn.errors import InputError

CONTROLS = ["random-function", "random-content", "shuffled", "language-tag", "fixed"]
SMOKE = ["none", "pseudo", "refined", "sft", "oracle", *CONTROLS]
LITTLE = ["none", "pseudo", "refined", "sft", "oracle", "random-content"]
ALL = ["none", "own", "pseudo", "refined", "sft", "oracle", *CONTROLS]
FULL = ["none", "own", "pseudo", "refined", "refined-matched", "sft", "oracle", *CONTROLS]
TAGS = ["none", "refined", "sft", "oracle", "random", "shuffled"]
NOT_MATCHED = [kind for kind in FULL if kind != "refined-matched"]
FULL_TAGS = ["none", "refined", "refined-matched", "sft", "oracle", "random", "shuffled"]
SHOTS = ["none", "pseudo", "refined", "sft", "oracle"]
# By task of each run beside the default one: kinds, k, draws of random kinds, examples and draws of them, kinds of the
# SFT model and of few-shot prompts, how often dev is scored. What the default run drops stands in the others.
EFFECTIVE: dict[tuple[str, str], tuple[Any, ...]] = {
    ("smoke", "translation"): (SMOKE, {"token": [2]}, 1, [], 1, ["pseudo", "oracle"], ["none", "pseudo"], 1),
    ("smoke", "summarization"): (LITTLE, {"token": [2]}, 1, [], 1, ["oracle"], ["none", "pseudo"], 1),
    ("smoke", "tagging"): (TAGS, {"tag": [2]}, 1, [1], 1, ["oracle"], ["none", "refined"], 1),
    ("flores", "translation"): (ALL, {"token": [2]}, 1, [1, 2], 2, ["pseudo", "oracle"], SHOTS, 4),
    ("flores", "tagging"): (TAGS, {"tag": [2]}, 1, [1, 2], 1, ["oracle"], ["none", "refined", "oracle"], 4),
    ("paper", "translation"): (ALL, {"token": [1, 2]}, 3, [1, 2, 4], 2, ["pseudo", "oracle"], SHOTS, 4),
    ("paper", "summarization"): (ALL, {"token": [2]}, 1, [1], 2, ["pseudo", "oracle"], SHOTS, 4),
    ("paper", "tagging"): (TAGS, {"tag": [2]}, 1, [1, 2, 4], 1, ["oracle"], ["none", "refined"], 4),
    ("scale", "translation"): (ALL, {"token": [1, 2]}, 3, [1, 2, 4], 2, ["pseudo", "oracle"], SHOTS, 4),
    ("full", "translation"): (FULL, {"token": [2]}, 2, [1, 2, 4], 2, ["pseudo", "oracle"], SHOTS, 4),
    ("full", "summarization"): (NOT_MATCHED, {"token": [2]}, 1, [1], 2, ["pseudo", "oracle"], SHOTS, 3),
    ("full", "tagging"): (
        FULL_TAGS,
        {"tag": [2]},
        1,
        [1, 2, 4],
        1,
        ["oracle"],
        ["none", "refined", "sft", "oracle"],
        3,
    ),
}
MIXES = {"pretraining": yaml.safe_load((ROOT / "config/mixes.yaml").read_text())["pretraining"]}
SIZE = MIXES["pretraining"]["sizes"]["xs"]
PRETRAINED = {"kind": "pretrained", "cell": "0", "size": "xs", "seed": 1}


def test_other_runs_do_not_shrink_with_the_default_one() -> None:
    found = {}
    for name in ("smoke", "flores", "paper", "scale", "full"):
        config = merged(DEFAULT, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
        for task in config["tasks"]:
            priors, shots = config[task]["priors"], config[task]["few_shot"]
            found[name, task] = (
                *(priors["kinds"], priors["k"], priors["random_draws"], shots["examples"], shots["draws"]),
                *(priors["sft_kinds"], priors["few_shot_kinds"], config[task]["sft"]["dev_points"]),
            )
        if config["analysis"]["items"]:
            analysis = config["analysis"]
            assert analysis["kinds"] == ["agreement", "mechanism", "prior_quality", "forgetting"], name
            assert (analysis["k"], analysis["free_k"], analysis["corrupt_words"]) == (
                [1, 2, 3, 4, 6, 8],
                [1, 2, 4],
                [1, 2, 4, 8] if name == "full" else [4, 8],
            )
    assert found == EFFECTIVE


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_configuration_is_valid(path: Path) -> None:
    assert problems(merged(DEFAULT, yaml.safe_load(path.read_text())), SCHEMA, DEFAULT) == []


def test_what_needs_whole_distributions_needs_the_built_in_engine() -> None:
    foundation = {**DEFAULT["foundations"][0], "engine": "vllm"}
    overlay: dict[str, Any] = {"run": "mine", "foundations": [foundation]}
    (line,) = problems(merged(DEFAULT, overlay), SCHEMA, DEFAULT)
    assert line.startswith("foundations.0.engine: the analysis 'agreement' needs") and "analysis.kinds" in line
    overlay["analysis"] = {"kinds": ["mechanism", "prior_quality", "forgetting"]}
    assert problems(merged(DEFAULT, overlay), SCHEMA, DEFAULT) == []
    overlay["analysis"] = {"items": 0}
    assert problems(merged(DEFAULT, overlay), SCHEMA, DEFAULT) == []
    foundation["engine"] = "vlm"
    (line,) = problems(merged(DEFAULT, overlay), SCHEMA, DEFAULT)
    assert line == "foundations.0.engine: 'vlm' is not one of ['builtin', 'vllm']"


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        ({"languges": []}, "languges: unknown key; did you mean 'languages'?"),
        ({"translation": {"item": 3}}, "translation.item: unknown key; did you mean 'items'?"),
        ({"translation": {"zzz": 3}}, "translation.zzz: unknown key; known keys: source, directions, other_directions"),
        ({"seed": "one"}, "seed: 'one' is not of type 'integer'"),
        ({"languages": ["en", "cn"]}, "languages: unknown language code 'cn'"),
        ({"languages": ["EN", "de"]}, "languages: write 'EN' as 'en'"),
        ({"translation": {"directions": ["en-DE"]}}, "translation.directions: write 'en-DE' as 'en-de'"),
        (
            {"translation": {"items": {"test": 3.0}}},
            "translation.items.test: 3.0 has a point, and a whole number is expected; write 3",
        ),
        ({"translation": {"items": {"test": 3.5}}}, "translation.items.test: 3.5 is not of type 'integer'"),
        ({"translation": {"sft": {"steps": True}}}, "translation.sft.steps: True is not of type 'integer'"),
        (
            {"translation": {"lexicon": {"source": "folder", "folder": "my {words}"}}},
            "translation.lexicon.folder: 'my {words}' has braces",
        ),
        (
            {"translation": {"directions": ["en-de", "en-xx"]}},
            "translation.directions: unknown language code 'xx'",
        ),
        (
            {"translation": {"directions": ["en-sw"]}},
            "translation.directions: en-sw needs 'sw', which is not in languages",
        ),
        ({"translation": {"directions": ["ende"]}}, "expected two different language codes, as in 'en-de'"),
        (
            {"translation": {"held_out": "gimp"}},
            "translation.held_out: 'gimp' is not one of the catalogues (django",
        ),
        (
            {"translation": {"held_out": "", "items": {"out_of_domain": 4}}},
            "translation.held_out: name a package, or set translation.items.out_of_domain to 0",
        ),
        ({"translation": {"priors": {"kinds": ["pseudo"]}}}, "translation.priors.kinds: 'none' is missing"),
        (
            {"translation": {"priors": {"kinds": ["none", "psuedo"]}}},
            "translation.priors.kinds: 'psuedo' cannot be used in this task; choose from none, own, pseudo",
        ),
        (
            {"tasks": ["translation"], "tagging": {"priors": {"kinds": ["none", "psuedo"]}}},
            "tagging.priors.kinds: 'psuedo' cannot be used in this task; choose from none",
        ),
        (
            {"translation": {"priors": {"k": {"token": [1, 99]}}}},
            "a prior of 99 tokens leaves no room in an answer of at most 64",
        ),
        ({"translation": {"lexicon": {"source": "folder"}}}, "translation.lexicon.folder: give the folder"),
        ({"translation": {"priors": {"k": {"token": [], "word": []}}}}, "translation.priors.k: no numbers"),
        ({"translation": {"priors": {"k": {"tokens": [1]}}}}, "k.tokens: unknown key; did you mean 'token'?"),
        (
            {"translation": {"sft": {"method": "none"}}},
            "translation.priors.kinds: 'sft' needs a model; translation.sft.me",
        ),
        ({"translation": {"refined": {"kind": "none"}}}, "translation.priors.kinds: 'refined' needs a model"),
        ({"translation": {"refined": {"kind": "seq2seq"}}}, "translation.refined.seq2seq: missing"),
        ({"translation": {"refined": {"kind": "liner"}}}, "translation.refined.kind: 'liner' is not one of"),
        ({"translation": {"other_directions": ["en-de"]}}, "other_directions: en-de is in directions already"),
        ({"translation": {"other_directions": ["de-sw"]}}, "other_directions: de-sw needs 'sw'"),
        ({"translation": {"items": {"trial": 99}}}, "translation.items.trial: these are taken from dev"),
        ({"translation": {"priors": {"kinds": ["none"]}}}, "translation.priors.sft_kinds: 'oracle' is not in kinds"),
        (
            {"foundations": [{"name": "a", "label": "A", "source": {"kind": "local"}}]},
            "foundations.0.source: 'path' is a required property",
        ),
        (
            {"foundations": [{"name": "a", "label": "A", "source": {"kind": "hub", "id": "x/y", "revison": "z"}}]},
            "foundations.0.source.revison: unknown key; did you mean 'revision'?",
        ),
        (
            {"foundations": [{"name": "a", "label": "A", "source": {"kind": "locl", "path": "x"}}]},
            "foundations.0.source.kind: unknown kind, see config/README.md: {'kind': 'locl'",
        ),
        ({"foundations": DEFAULT["foundations"] * 2}, "foundations: 'gemma-3-270m' is listed twice"),
        (
            {"foundations": [{**DEFAULT["foundations"][0], "name": name} for name in "ab"]},
            f"foundations.label: {DEFAULT['foundations'][0]['label']!r} is listed twice",
        ),
        (
            {"foundations": [{"name": "a", "label": "A", "source": {**PRETRAINED, "cell": "50-P"}}]},
            "foundations: a is to be pre-trained, but there is no block pretraining",
        ),
        (
            {"foundations": [{"name": "a", "label": "A", "source": {**PRETRAINED, "cell": "5"}}], **MIXES},
            "foundations: a: no cell '5' in pretraining.cells (0, 10-P, ",
        ),
        (
            {"foundations": [{"name": "a", "label": "A", "source": {**PRETRAINED, "size": "xl"}}], **MIXES},
            "foundations: a: no size 'xl' in pretraining.sizes (xs, long, untrained, s, m)",
        ),
        ({**MIXES, "languages": ["en", "zh"]}, "languages: text to pre-train on in 'zh' is not read: no spaces divide"),
        ({**MIXES, "languages": ["en", "ar"]}, "pretraining.sources: no descriptions in 'ar'; take them out"),
        (
            {**MIXES, "languages": ["de", "en", "ru"]},
            "languages: text to pre-train on is aligned with English; put 'en'",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "beside": ["README.md"]}},
            "pretraining.beside: 'README.md' is no table of the analysis mechanism",
        ),
        ({"pretraining": {**MIXES["pretraining"], "beside": ["x.csv"]}}, "pretraining.beside: 'x.csv' is not there"),
        (
            {"pretraining": {**MIXES["pretraining"], "unseen": MIXES["pretraining"]["formats"][1]}},
            "pretraining.unseen: its template or its name is among the formats",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "formats": [MIXES["pretraining"]["formats"][1]] * 2}},
            "pretraining.formats: a template is listed twice",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "formats": [MIXES["pretraining"]["formats"][1]]}},
            "translation.prompts: 'labels' is not one of pretraining.formats",
        ),
        (MIXES, "pretraining: no foundation is of the kind 'pretrained'"),
        (
            {**MIXES, "analysis": {"items": 0}},
            "pretraining: the models are trained to ask what a prior does in them; put 'mechanism' into",
        ),
        (
            {"foundations": [{"name": n, "label": n, "source": PRETRAINED} for n in ("a", "b")], **MIXES},
            "foundations: two are of the same cell, size and seed",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "cells": {"0": {"share": 0, "arrangement": "P"}}}},
            "pretraining.cells.0: without text that is not English there are no pairs",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "sizes": {"xs": {**SIZE, "tokens": 100}}}},
            "pretraining.sizes.xs.tokens: 100 are less than one update of batch",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "formats": [{"name": "x", "text": "no source"}]}},
            "pretraining.formats: prompt 'x': the placeholder {source} is missing",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "sizes": {"xs": {**SIZE, "heads": 5}}}},
            "pretraining.sizes.xs: hidden must be an even multiple of heads",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "cells": {"a b": MIXES["pretraining"]["cells"]["0"]}}},
            "pretraining.cells: 'a b' does not match: Short name",
        ),
        (
            {"pretraining": {**MIXES["pretraining"], "sizes": {"x/s": SIZE}}},
            "pretraining.sizes: 'x/s' does not match: Short name",
        ),
        ({"tasks": ["translaton"]}, "tasks.0: 'translaton' is not one of"),
        ({"translation": {"directions": ["de"]}}, "translation.directions: 'de' is one language, expected two"),
        ({"summarization": {"directions": ["en-ar"]}}, "summarization.directions: en-ar needs 'ar', which debian does"),
        (
            {"summarization": {"source": {"kind": "crosssum", "folder": "x"}, "directions": ["en-de"]}},
            "en-de needs 'de', which crosssum does not have (en, fr, zh, pt, uk, ru, ar)",
        ),
        (
            {"summarization": {"source": {"kind": "crosssum", "folder": "x"}, "directions": ["en-fr"]}},
            "summarization.lexicon.source: CrossSum has no short parallel texts",
        ),
        ({"tagging": {"languages": ["ar"]}}, "tagging.languages: no packaged tagger for 'ar', only for de"),
        ({"tagging": {"languages": ["xx"]}}, "tagging.languages: unknown language code 'xx'"),
        (
            {"tagging": {"languages": ["fr"]}, "translation": {"directions": ["en-de"], "other_directions": []}},
            "tagging.languages: 'fr' is in no direction of translation",
        ),
        (
            {"tagging": {"priors": {"free_kinds": ["oracle"], "kinds": ["none", "sft"]}}},
            "tagging.priors.free_kinds: 'oracle' is not in kinds",
        ),
        ({"tagging": {"refined": {"kind": "token-classifier"}}}, "tagging.refined.token-classifier: missing"),
        (
            {"tagging": {"priors": {"kinds": ["none", "pseudo"]}}},
            "tagging.priors.kinds: 'pseudo' cannot be used in this task",
        ),
        (
            {"tagging": {"priors": {"k": {"token": [1]}}}},
            "tagging.priors.k: 'token' cannot be used in this task; choose from tag",
        ),
        ({"translation": {"priors": {"k": {"tag": [2]}}}}, "translation.priors.k: 'tag' cannot be used in this task"),
        (
            {"translation": {"priors": {"kinds": ["none", "random"]}}},
            "translation.priors.kinds: 'random' cannot be used",
        ),
        (
            {"summarization": {"refined": {"kind": "linear-tagger"}}},
            "summarization.refined.kind: 'linear-tagger' cannot be used",
        ),
        ({"analysis": {"free_k": [1, 5]}}, "analysis.free_k: 5 not in analysis.k"),
        ({"run": "a/b"}, "run: 'a/b' does not match"),
        ({"run": ".."}, "run: '..' does not match"),
        ({"seed": 2}, "run: still 'default', but other keys differ"),
        ({1: 2}, "1: unknown key"),
        (
            {"translation": {"prompts": [{"name": "x", "text": "no place"}]}},
            "translation.prompts.0.text: prompt 'x': the placeholder {source} is missing",
        ),
        (
            {"foundations": [{"name": "a", "label": "A", "source": {"kind": "local", "path": "/m/{x}"}}]},
            "foundations.0.source.path: '/m/{x}' has braces or line breaks in it",
        ),
        ({"translation": {"lexicon": {"folder": "a\nb"}}}, "translation.lexicon.folder: 'a\\nb' has braces or line"),
        (
            {"analysis": {"kinds": ["prior_quality"], "corrupt_words": []}},
            "analysis.corrupt_words: no numbers; list some",
        ),
        (
            {"translation": {"items": {"test": 30.0}}},
            "translation.items.test: 30.0 has a point, and a whole number is expected; write 30",
        ),
        ({"seed": 10**30}, "seed: 1000000000000000000000000000000 is greater than the maximum of 4294967295"),
        (
            {"translation": {"items": {"test": 10**12}}},
            "translation.items.test: 1000000000000 is greater than the maxi",
        ),
        ({"run": "DEFAULT", "seed": 9}, "run: still 'DEFAULT', but other keys differ"),
        ({"translation": {"other_sft": ["../x"]}}, "translation.other_sft.0: '../x' does not match: Short name"),
        (
            {"foundations": [{**DEFAULT["foundations"][0], "name": name, "label": name} for name in "aA"]},
            "foundations: 'A' and 'a' differ by upper and lower case alone",
        ),
        (
            {"tagging": {"prompts": [{"name": name, "text": "{source}:"} for name in ("x", "X")]}},
            "tagging.prompts: 'X' and 'x' differ by upper and lower case alone",
        ),
        (
            {"translation": {"prompts": [{"name": "x", "text": "{source}:"}, {"name": "y", "text": "{source!r}:"}]}},
            "translation.prompts.1.text: prompt 'y': unknown placeholder {source!r}; known are {source}",
        ),
        (
            {"tasks": ["translation"], "tagging": {"prompts": [{"name": "x", "text": "{}"}]}},
            "tagging.prompts.0.text: prompt 'x': unknown placeholder {}",
        ),
        (
            {"foundations": [{**DEFAULT["foundations"][0], "max_bits_per_character": {"cn": 5}}]},
            "max_bits_per_character: unknown language code 'cn'",
        ),
        ({"translation": {"priors": {"single_kinds": ["fixed"]}}}, "priors.single_kinds: 'fixed' is not in kinds"),
        ({"translation": {"sft": {"seeds": [2, 1]}}}, "translation.sft.seeds: 1 is the run's own seed; list others"),
        ({"tagging": {"sft": {"dev_points": 21}}}, "tagging.sft.dev_points: 21 are more than the 20 steps"),
        ({"data": {"mirror": "/no/such"}}, "data.mirror: '/no/such' is not a folder; leave it empty to download"),
        (
            {"foundations": [{**DEFAULT["foundations"][0], "source": {"kind": "local", "path": "/nowhere"}}]},
            "foundations.0.source.path: '/nowhere' is not a folder; give the folder of a model",
        ),
        (
            {"foundations": [{**DEFAULT["foundations"][0], "source": {"kind": "local", "path": "/"}}]},
            "foundations.0.name: 'gemma-3-270m' is the default run's foundation",
        ),
        (
            {"foundations": [{**DEFAULT["foundations"][0], "source": {"kind": "local", "path": "$HOME/m"}}]},
            "foundations.0.source.path: '$HOME/m': variables are not filled in",
        ),
        (
            {"foundations": [{"source": {"kind": "hub", "id": "ftp://host/o/n", "revision": "main"}}]},
            "foundations.0.source.id: 'ftp://host/o/n' does not match: Id of a repository on the hub, owner/name",
        ),
        (
            {"translation": {"lexicon": {"source": "folder", "folder": "/nowhere"}}},
            "translation.lexicon.folder: '/nowhere' is not a folder",
        ),
        (
            {"translation": {"priors": {"k": {"token": [64]}}, "max_answer_tokens": 64}},
            "translation.priors.k: a prior of 64 tokens leaves no room in an answer of at most 64",
        ),
        (
            {"translation": {"prompts": [{"name": "x", "text": "{source}\\nGerman:"}]}},
            "translation.prompts.0.text: prompt 'x': a backslash and an n are no line break; in YAML put",
        ),
        (
            {"translation": {"directions": "en-de"}},
            "translation.directions: expected a list, such as [en-de], got 'en-de'",
        ),
        ({"translation": {"directions": None}}, "translation.directions: empty; a list is expected"),
        ({"translation": {"items": ["x"]}}, "translation.items: expected keys with values of their own, got ['x']"),
        (
            {"translation": {"source": "flores", "items": {"out_of_domain": 4}}},
            "items.out_of_domain: FLORES has one kind of text; set it to 0",
        ),
        (
            {
                "languages": ["en", "de", "sw"],
                "translation": {"directions": ["en-de", "en-sw"], "lexicon": {"source": "muse"}},
            },
            "translation.lexicon.source: MUSE has no 'sw'; name its directions in translation.lexicon.without",
        ),
        (
            {"translation": {"lexicon": {"source": "muse", "without": ["en-sw"]}}},
            "translation.lexicon.without: 'en-sw' is not one of the directions",
        ),
        (
            {"translation": {"directions": ["en-de", "en-fr"], "lexicon": {"without": ["en-fr"]}}},
            "translation.lexicon.without: en-fr would have no pseudo and random rows, but the other translation.directions would",
        ),
    ],
)
def test_problems_are_named(overlay: dict[Any, Any], line: str) -> None:
    found = problems(merged(DEFAULT, overlay), SCHEMA, DEFAULT)
    assert any(line in problem for problem in found), found


@pytest.mark.parametrize(
    "name", ["a/b", "..", "../a", "-a", "a b", "{a}", "", "a\n", "a\t", "ä", "a" * 65, ".a", "a:b"]
)
def test_names_that_no_path_can_have_are_refused(name: str) -> None:
    config = merged(DEFAULT, {"run": name, "foundations": [{**DEFAULT["foundations"][0], "name": name}]})
    config["translation"]["prompts"][0]["name"] = name
    found = problems(config, SCHEMA, DEFAULT)
    keys = ["foundations.0.name", "run", "translation.prompts.0.name"]
    assert [line.partition(":")[0] for line in found] == keys
    assert all("does not match: Short name" in line and "\n" not in line for line in found)


@pytest.mark.parametrize("label", ["", " ", "a\nb", "a\n", "a\u2028b", "a\0", "a" * 81])
def test_a_label_is_one_line_of_text(label: str) -> None:
    config = merged(DEFAULT, {"run": "x", "foundations": [{**DEFAULT["foundations"][0], "label": label}]})
    (line,) = problems(config, SCHEMA, DEFAULT)
    assert line.startswith("foundations.0.label: ") and line.endswith("one line of at most 80 characters.")


def test_a_long_value_is_shortened_where_it_is_named() -> None:
    (line,) = problems(merged(DEFAULT, {"run": "x", "languages": "x" * 500}), SCHEMA, DEFAULT)
    assert line.startswith("languages: expected a list, such as [a, b], got 'xxx") and len(line) < 250


def test_every_key_is_described() -> None:
    def leaves(schema: dict[str, Any], path: str) -> list[str]:
        if "$ref" in schema:
            return leaves(SCHEMA["$defs"][schema["$ref"].split("/")[-1]], path)
        bare = [] if schema.get("description") else [path]
        for key, value in schema.get("properties", {}).items():
            bare += leaves(value, f"{path}.{key}")
        for value in schema.get("oneOf", []):
            bare += leaves(value, path)
        if schema.get("properties") is not None and schema.get("additionalProperties") is not False:
            bare.append(f"{path}: additionalProperties")
        items = schema.get("items", {})
        return bare + (leaves(items, f"{path}[]") if "properties" in items else [])

    assert [p for p in leaves(SCHEMA, "config") if not p.endswith("[]")] == []


def test_every_key_is_explained_in_the_config_readme() -> None:
    text = (ROOT / "config/README.md").read_text()

    def keys(schema: dict[str, Any]) -> set[str]:
        if "$ref" in schema:
            schema = SCHEMA["$defs"][schema["$ref"].split("/")[-1]]
        found = set(schema.get("properties", {}))
        for value in [*schema.get("properties", {}).values(), *schema.get("oneOf", []), schema.get("items")]:
            found |= keys(value) if value else set()
        return found

    explained = {word for span in re.findall(r"`([^`]+)`", text) for word in re.split(r"[^\w-]+", span)}
    assert keys(SCHEMA) - explained == set()


def test_a_misspelt_key_ends_snakemake_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(json.dumps({"sede": 1}))
    command = [sys.executable, "-m", "snakemake", "-n", "--configfile", str(tmp_path / "bad.yaml")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    assert "Invalid configuration:\n  sede: unknown key; did you mean 'seed'?" in result.stderr
    assert "Traceback" not in result.stderr


def test_languages_without_data_are_left_out_with_a_reason() -> None:
    overlay = {"summarization": {"directions": ["en-de", "en-ar"]}, "tagging": {"languages": ["de", "ar"]}}
    config = merged(DEFAULT, {"run": "mine", **overlay})
    assert not problems(config, SCHEMA, DEFAULT)
    found = left_out(config)
    assert list(found["summarization"]) == ["en-ar"] and "which debian does not have" in found["summarization"]["en-ar"]
    assert found["tagging"]["ar"].startswith("no packaged tagger for 'ar'") and not found["translation"]
    gold = merged(config, {"tagging": {"source": {"kind": "treebanks"}, "languages": ["de", "ar", "sw"]}})
    assert list(left_out(gold)["tagging"]) == ["sw"]


def test_files_are_merged_as_snakemake_merges_them() -> None:
    overlay = yaml.safe_load((ROOT / "config/full.yaml").read_text())
    assert files.merged(DEFAULT, overlay) == merged(DEFAULT, overlay) != DEFAULT


# What users write, and what they are told.
TRAPS = {
    "run: x\nseed: 7\nseed: 3\n": "line 3: the key seed stands in line 2 already",
    "run: x\ntranslation:\n  items: {dev: 1}\n  held_out: a\n  items: {test: 2}\n": "line 5: the key translation.items stands in line 3",
    "translation: {catalogues: [{package: django, version: 5.10, sha256: "
    + "ab" * 32
    + "}]}\n": 'catalogues.0.version: YAML reads 5.10 as a number: 5.1. Put it into quotes: "5.10"',
    "run: x\nlanguages: [en, no]\n": 'languages.1: YAML reads no as true or false: False. Put it into quotes: "no"',
    "run: 5\n": 'run: YAML reads 5 as a number: 5. Put it into quotes: "5" (',
    "run: 2026-10-05\n": 'Put it into quotes: "2026-10-05"',
    "run:\n": "run: empty; text is expected",
    "run: x\nseed: 010\n": "line 2: seed: YAML reads 010 as 8. Write 8",
    "run: x\nseed: 1:30\n": "line 2: seed: YAML reads 1:30 as 90",
    "run: x\ntranslation: {sft: {rate: 1e-3}}\n": "translation.sft.rate: YAML reads 1e-3 as text, and a number is expected; write 0.001",
    "run: x\ntranslation: {sft: {rate: .nan}}\n": "line 2: translation.sft.rate: .nan is no plain number",
    "run: x\n\tseed: 3\n": "line 2: not YAML (found character '\\t' that cannot start any token). Indent with spaces",
    "run: a: b\n": "line 1: not YAML (mapping values are not allowed here)",
    "- run\n": "line 1: expected keys with values, as in 'run: mine', got a list",
    "run: x\n? [a, b]\n: 3\n": "line 2: a key is expected",
    'run: "\\ud800"\n': "line 1: run: half of a surrogate pair",
    "run: &a [*a]\n": "not YAML that can be used",
    "run: !!python/object:os.system x\n": "line 1: run: the tag !!python/object:os.system is not read",
    "run: x\nseed: !!str 3\n": "line 2: seed: the tag !!str is not read",
    "run: x\nseed: !!timestamp x\n": "line 2: seed: the tag !!timestamp is not read",
    "run: x\nlanguages: !!set {en, de}\n": "line 2: languages: the tag !!set is not read",
    "run: x\nseed: !include mine.yaml\n": "line 2: seed: the tag !include is not read",
    "run: x\nno: 3\n": "line 2: YAML reads the key no as true or false",
    "run: x\n3: 3\n": "line 2: YAML reads the key 3 as a number",
    "run: x\n~: 3\n": "line 2: YAML reads the key ~ as nothing",
    "run: x\n2024-01-01: 3\n": "line 2: YAML reads the key 2024-01-01 as a date",
    "run: x\nseed: 2024-01-01\n": 'line 2: seed: YAML reads 2024-01-01 as a date. Put it into quotes: "2024-01-01"',
    "run: x\nseed: 2024-13-45\n": "line 2: seed: YAML reads 2024-13-45 as a date",
    "run: x\nseed: \0\n": "line 2: the character U+0000 cannot stand there",
    "run: x\ntranslation: {items: {<<: 3}}\n": "line 2: not YAML (expected a mapping",
    "".join(
        f"k{n}: &k{n} [{', '.join(9 * [f'*k{n - 1}' if n else 'x'])}]\n" for n in range(9)
    ): "100,000 values or more",
    "run: x\nsede: 3\n": "sede: unknown key; did you mean 'seed'? (",
}


@pytest.mark.parametrize("text", TRAPS)
def test_what_yaml_hides_is_named_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError) as found:
        checked_config(tmp_path / "mine.yaml")
    lines = str(found.value).removeprefix("invalid configuration:\n").splitlines()
    assert len(lines) == 1 and TRAPS[text] in lines[0] and "mine.yaml" in lines[0]


def test_other_encodings_of_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"run: x\n# na\xefve\n")
    with pytest.raises(InputError, match=r"x\.yaml, line 2: not UTF-8"):
        files.read_yaml(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfrun: x\r\nseed: 3\r\n")
    assert files.read_yaml(tmp_path / "x.yaml") == {"run": "x", "seed": 3}
    (tmp_path / "x.yaml").write_bytes(b"")
    assert files.read_yaml(tmp_path / "x.yaml") == {}


def test_the_home_folder_stands_for_a_tilde_in_every_folder_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    overlay = {"data": {"mirror": "~/m"}, "summarization": {"source": {"kind": "crosssum", "folder": "~/c"}}}
    overlay |= {"foundations": [{"name": "~/n", "source": {"kind": "local", "path": "~/f"}}]}
    found = files.expanded(overlay)
    assert found["data"] == {"mirror": "/home/me/m"}
    assert found["summarization"]["source"]["folder"] == "/home/me/c"
    assert found["foundations"] == [{"name": "~/n", "source": {"kind": "local", "path": "/home/me/f"}}]

    def folders(schema: Any, key: str = "") -> set[str]:
        if isinstance(schema, dict):
            own = {key} if str(schema.get("description", "")).lower().startswith("folder") else set()
            return own.union(*(folders(value, name) for name, value in schema.items()))
        return set().union(*map(folders, schema)) if isinstance(schema, list) else set()

    assert {"folder", "path"} <= folders(SCHEMA) <= {*files.FOLDER_KEYS}


def test_blocks_of_tasks_that_do_not_run_may_have_other_languages() -> None:
    config = merged(DEFAULT, {"run": "mine", "languages": ["en", "es"], "tasks": ["translation"]})
    config = merged(config, {"translation": {"directions": ["en-es"], "other_directions": []}})
    assert problems(config, SCHEMA, DEFAULT) == []
    assert main_subsets(config) == {"translation": ["en-es"], "summarization": [], "tagging": []}
    config = merged(DEFAULT, {"run": "mine", "languages": ["en", "ru"], "tasks": ["summarization"]})
    config = merged(config, {"summarization": {"directions": ["en-ru"]}})
    assert problems(config, SCHEMA, DEFAULT) == []
    assert all_subsets(config)["translation"] == ["en-ru"]
    config["tasks"] = ["summarization", "translation"]
    assert any("translation.directions: en-de needs 'de'" in line for line in problems(config, SCHEMA, DEFAULT))


def test_a_checksum_in_upper_case_is_put_into_lower_case(tmp_path: Path) -> None:
    overlay = json.loads(json.dumps({"run": "mine", "foundations": DEFAULT["foundations"]}))
    overlay["foundations"][0]["source"]["sha256"] = overlay["foundations"][0]["source"]["sha256"].upper()
    (tmp_path / "mine.yaml").write_text(json.dumps(overlay))
    config = files.read_config(tmp_path / "mine.yaml", root=ROOT)
    assert config["foundations"] == DEFAULT["foundations"] and problems(config, SCHEMA, DEFAULT) == []


def test_a_folder_and_other_spaces_for_indentation_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path}: a folder, and a YAML file is expected"):
        files.read_yaml(tmp_path)
    (tmp_path / "x.yaml").write_text("run: x\ntranslation:\n\u00a0 seed: 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x.yaml, line 3: indented with another space \(U\+00A0\)"):
        files.read_yaml(tmp_path / "x.yaml")
