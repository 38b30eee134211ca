"""Whether a configuration is right: what the schema says of it, and what no schema can say."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from prefixyarn.config.files import DEFAULT, FOLDER_KEYS, FOUNDATION, SCHEMA, Origin, origins, read_config, read_yaml
from prefixyarn.config.sources import pretrained_foundations
from prefixyarn.config.subsets import SUBSET_KEYS, analyses, left_out
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, Direction, language
from prefixyarn.priors.registry import KINDS, REFINED, SFT, TAGS, TEXT, answers_of, known
from prefixyarn.prompts import Prompt
from prefixyarn.systems import cuts

# Units that priors are cut in, and refined models, by what a task's answers are.
UNITS_OF = {TEXT: ("token", "word"), TAGS: ("tag",)}
REFINED_KINDS = {TEXT: ("none", "linear", "seq2seq"), TAGS: ("none", "linear-tagger", "token-classifier")}


# What JSON Schema's types are called here.
_TYPES = {
    "array": "a list",
    "object": "keys with values of their own",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def _whole(checker: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# To JSON Schema 3.0 is a whole number; to Python it is none.
_Validator = validators.extend(
    Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _whole)
)


def problems(
    config: Mapping[str, Any],
    schema: Mapping[str, Any],
    default: Mapping[str, Any],
    written: Mapping[str, Origin] | None = None,
) -> list[str]:
    """Return what is wrong with a configuration, a line each; empty if nothing is.

    Args:
        config: The configuration, overlays merged.
        schema: The JSON Schema (2020-12) of `prefixyarn.config.files.SCHEMA`.
        default: The default configuration, whose run no other may overwrite.
        written: Where its keys stand, to be named; see `prefixyarn.config.files.origins`.
    """
    written = written or {}
    return [_located(line, written) for line in _problems(config, schema, default, written)]


def checked_config(*overlays: Path) -> dict[str, Any]:
    """Return the configuration of this checkout with overlays.

    Raises:
        InputError: Something is wrong with it.
    """
    config, default = read_config(*overlays), read_config()
    if found := problems(config, read_yaml(SCHEMA), default, origins(FOUNDATION, DEFAULT, *overlays)):
        raise InputError("invalid configuration:\n" + "\n".join(f"  {line}" for line in found))
    return config


def _located(line: str, written: Mapping[str, Origin]) -> str:
    origin = written.get(line.partition(": ")[0])
    return f"{line} ({origin.file}, line {origin.line})" if origin else line


def _problems(
    config: Mapping[str, Any], schema: Mapping[str, Any], default: Mapping[str, Any], written: Mapping[str, Origin]
) -> list[str]:
    errors = sorted(
        _Validator(schema).iter_errors(config),
        key=lambda e: [str(part) for part in e.absolute_path],
    )
    if errors:
        return list(dict.fromkeys(line for error in errors for line in _explain(error, written)))
    found = list(_inconsistencies(config))
    sources = {own["name"].casefold(): own["source"] for own in default["foundations"]}
    for n, own in enumerate(config["foundations"]):
        if own["source"] != sources.get(own["name"].casefold(), own["source"]):
            found.append(
                f"foundations.{n}.name: {own['name']!r} is the default run's foundation, whose files are kept under "
                "that name, and source is another one; give it a name of its own"
            )
    if config["run"].casefold() == default["run"].casefold() and config != default:
        found.append(
            f"run: still {config['run']!r}, but other keys differ from config/config.yaml; give the run a name of its "
            f"own, so that results/{default['run']}/ stays what it is"
        )
    return found


def _explain(error: ValidationError, written: Mapping[str, Origin]) -> list[str]:
    key = ".".join(str(part) for part in error.absolute_path)
    if (
        error.validator == "additionalProperties"
        and isinstance(error.instance, Mapping)
        and isinstance(error.schema, Mapping)
    ):
        known = list(error.schema["properties"])
        lines = []
        for name in sorted(set(map(str, error.instance)) - set(known)):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
            lines.append(f"{key + '.' if key else ''}{name}: unknown key; {hint}")
        return lines
    if error.validator == "oneOf" and error.context:
        # Of several alternatives, explain the one whose `kind` was given.
        other = {e.schema_path[0] for e in error.context if list(e.path) == ["kind"]}
        meant = [e for e in error.context if e.schema_path[0] not in other]
        if meant:
            return [line for e in meant for line in _explain(e, written)]
        return [f"{key}.kind: unknown kind, see config/README.md: {error.instance}"]
    if error.validator_value == "integer" and isinstance(error.instance, float) and error.instance.is_integer():
        return [f"{key}: {error.instance} has a point, and a whole number is expected; write {error.instance:.0f}"]
    if error.validator == "type" and isinstance(error.validator_value, str):
        wanted = _TYPES[error.validator_value]
        if error.instance is None:
            return [f"{key or 'top level'}: empty; {wanted} is expected"]
        if error.validator_value == "array" and isinstance(error.instance, str):
            example = error.instance if len(error.instance) <= 40 else "a, b"
            return [f"{key}: expected a list, such as [{example}], got {_short(repr(error.instance))}"]
        if error.validator_value in ("array", "object"):
            return [f"{key or 'top level'}: expected {wanted}, got {_short(repr(error.instance))}"]
    text = written[key].text if key in written else None
    if error.validator == "type" and text is not None:
        if error.validator_value == "string":
            read = {"bool": "true or false", "int": "a number", "float": "a number"}.get(type(error.instance).__name__)
            return [f'{key}: YAML reads {text} as {read or "no text"}: {error.instance}. Put it into quotes: "{text}"']
        if isinstance(error.instance, str) and re.fullmatch(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", text):
            return [f"{key}: YAML reads {text} as text, and a number is expected; write {float(text)}"]
    if error.validator == "pattern" and isinstance(error.schema, Mapping):
        return [f"{key}: {_short(repr(error.instance))} does not match: {error.schema['description']}"]
    return [f"{key or 'top level'}: {_short(error.message)}"]


def _short(text: str) -> str:
    """Return a text that a line can hold, its middle left out."""
    return text if len(text) <= 200 else f"{text[:100]} … {text[-80:]}"


def _inconsistencies(config: Mapping[str, Any]) -> list[str]:
    found = []
    translation = config["translation"]
    codes = {"languages": config["languages"], "tagging.languages": config["tagging"]["languages"]}
    for foundation in config["foundations"]:
        codes[f"foundations.{foundation['name']}.max_bits_per_character"] = list(
            foundation.get("max_bits_per_character", {})
        )
    for key, listed in codes.items():
        for code in listed:
            try:
                if (plain := language(code).code) != code:  # codes name files
                    found.append(f"{key}: write {code!r} as {plain!r}")
            except InputError as error:
                found.append(f"{key}: {error}")
    for task, key in (
        ("translation", "directions"),
        ("translation", "other_directions"),
        ("summarization", "directions"),
    ):
        for subset in config[task][key]:
            try:
                direction = Direction.parse(subset)
            except InputError as error:
                found.append(f"{task}.{key}: {error}")
                continue
            if "-" not in subset:
                found.append(f"{task}.{key}: {subset!r} is one language, expected two, as in 'en-{subset}'")
                continue
            if subset != f"{direction.source}-{direction.target}":  # it names files
                found.append(f"{task}.{key}: write {subset!r} as '{direction.source}-{direction.target}'")
            for code in (direction.source, direction.target):
                # Of a task that does not run, such a direction is left out; see `listed`.
                if task in config["tasks"] and code not in config["languages"]:
                    found.append(f"{task}.{key}: {subset} needs {code!r}, which is not in languages")
    both = sorted({*translation["directions"]} & {*translation["other_directions"]})
    if both:
        found.append(f"translation.other_directions: {', '.join(both)} is in directions already")
    packages = [catalogue["package"] for catalogue in translation["catalogues"]]
    if translation["source"] == "catalogues":
        if not translation["held_out"]:
            if translation["items"]["out_of_domain"]:
                found.append("translation.held_out: name a package, or set translation.items.out_of_domain to 0")
        elif translation["held_out"] not in packages:
            found.append(
                f"translation.held_out: {translation['held_out']!r} is not one of the catalogues "
                f"({', '.join(packages)})"
            )
        elif len(packages) < 2:
            found.append("translation.catalogues: at least two are needed, one of which is held out of training")
    elif translation["items"]["out_of_domain"]:
        found.append("translation.items.out_of_domain: FLORES has one kind of text; set it to 0")
    for key, folder in _folders(config):
        if "$" in folder:
            found.append(f"{key}: {folder!r}: variables are not filled in; write the folder out, or begin it with ~")
        elif set(folder) & set("{}\n\r\t"):
            found.append(f"{key}: {folder!r} has braces or line breaks in it, which no rule reads; rename or link it")
        elif key.rpartition(".")[2] == "path" and not Path(folder).is_dir():
            found.append(f"{key}: {folder!r} is not a folder; give the folder of a model")
    if config["data"]["mirror"] and not Path(config["data"]["mirror"]).is_dir():
        found.append(f"data.mirror: {config['data']['mirror']!r} is not a folder; leave it empty to download")
    names = {"foundations": [foundation["name"] for foundation in config["foundations"]]}
    names["foundations.label"] = [foundation["label"] for foundation in config["foundations"]]
    names["translation.catalogues"] = packages
    for task in SUBSET_KEYS:
        names[f"{task}.prompts"] = [prompt["name"] for prompt in config[task]["prompts"]]
        for n, prompt in enumerate(config[task]["prompts"]):
            try:
                Prompt(**prompt)
            except InputError as error:
                found.append(f"{task}.prompts.{n}.text: {error}")
    for key, own in names.items():
        found += [f"{key}: {name!r} is listed twice" for name in sorted({n for n in own if own.count(n) > 1})]
        for lower in sorted({name.casefold() for name in own}):
            if len(same := sorted({name for name in own if name.casefold() == lower})) > 1:
                found.append(
                    f"{key}: {' and '.join(map(repr, same))} differ by upper and lower case alone, and some file "
                    "systems take such names for one; rename one"
                )
    if translation["items"]["other"] > translation["items"]["test"]:
        found.append("translation.items.other: these are taken from test, which has fewer items")
    extra = sorted({*config["analysis"]["free_k"]} - {*config["analysis"]["k"]})
    if extra:
        found.append(f"analysis.free_k: {', '.join(map(str, extra))} not in analysis.k")
    for key in ("k", "corrupt_words"):
        if "prior_quality" in config["analysis"]["kinds"] and not config["analysis"][key]:
            found.append(f"analysis.{key}: no numbers; list some, or take 'prior_quality' out of analysis.kinds")
    for n, foundation in enumerate(config["foundations"]):
        if foundation.get("engine") == "vllm" and "agreement" in analyses(config):
            found.append(
                f"foundations.{n}.engine: the analysis 'agreement' needs whole distributions of next tokens, which the "
                "built-in engine alone gives; take it out of analysis.kinds, or set engine to builtin"
            )
    summarization = config["summarization"]
    if summarization["source"]["kind"] != "debian" and summarization["lexicon"]["source"] == "induced":
        found.append("summarization.lexicon.source: CrossSum has no short parallel texts; set it to 'muse' or 'folder'")
    found += _pretraining(config)
    for task, reasons in left_out(config).items():
        if task in config["tasks"] and len(reasons) == len(config[task][SUBSET_KEYS[task]]):
            found += [f"{task}.{SUBSET_KEYS[task]}: {reason}" for reason in reasons.values()]
    for task in SUBSET_KEYS:  # also of those that do not run: a misspelt kind would show only when they do
        found += _kinds(task, config[task])
    for task in config["tasks"]:
        found += _task(task, config[task])
        if config["seed"] in config[task]["sft"]["seeds"]:
            found.append(f"{task}.sft.seeds: {config['seed']} is the run's own seed; list others")
    return found


def _folders(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the folders that a configuration, or a part of it, names, with their keys."""
    if isinstance(value, str) and key.rpartition(".")[2] in FOLDER_KEYS:
        yield key, value
    elif isinstance(value, (list, Mapping)):
        for name, own in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _folders(own, f"{key}.{name}" if key else str(name))


def _pretraining(config: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with what foundations are pre-trained on."""
    found, block = [], config.get("pretraining")
    for name, own in pretrained_foundations(config).items():
        for key in ("cell", "size"):
            if block is None:
                found.append(f"foundations: {name} is to be pre-trained, but there is no block pretraining")
                break
            if (value := own["source"][key]) not in block[f"{key}s"]:
                listed = ", ".join(block[f"{key}s"])
                found.append(f"foundations: {name}: no {key} {value!r} in pretraining.{key}s ({listed})")
    if block is None:
        return found
    if config["languages"][0] != "en":
        found.append("languages: text to pre-train on is aligned with English; put 'en' first")
    for code in (code for code in config["languages"] if code in LANGUAGES):
        if LANGUAGES[code].segmenter:
            found.append(f"languages: text to pre-train on in {code!r} is not read: no spaces divide its words")
        elif "descriptions" in block["sources"] and not LANGUAGES[code].described:
            found.append(f"pretraining.sources: no descriptions in {code!r}; take them out, or the language")
    for key, prompt in (*(("formats", own) for own in block["formats"]), ("unseen", block["unseen"])):
        try:
            Prompt(**prompt)
        except InputError as error:
            found.append(f"pretraining.{key}: {error}")
    texts = {own["text"] for own in block["formats"]}
    if len(texts) < len(block["formats"]):
        found.append("pretraining.formats: a template is listed twice")
    if block["unseen"]["text"] in texts or block["unseen"]["name"] in {own["name"] for own in block["formats"]}:
        found.append("pretraining.unseen: its template or its name is among the formats; give one that no pair is in")
    found += [
        f"translation.prompts: {own['name']!r} is not one of pretraining.formats, of which one is to be the seen format"
        for own in config["translation"]["prompts"]
        if own["text"] not in texts
    ]
    found += [f"pretraining.beside: {problem}" for path in block["beside"] if (problem := _no_table(path))]
    if not pretrained_foundations(config):
        found.append("pretraining: no foundation is of the kind 'pretrained'; list some, or take the block out")
    sources = [tuple(own["source"].items()) for own in pretrained_foundations(config).values()]
    if len({*sources}) < len(sources):
        found.append("foundations: two are of the same cell, size and seed; give one another seed")
    found += [
        f"pretraining.cells.{name}: without text that is not English there are no pairs; arrangement U says so"
        for name, cell in block["cells"].items()
        if not cell["share"] and cell["arrangement"] != "U"
    ]
    found += [
        f"pretraining.sizes.{name}.tokens: {size['tokens']:,} are less than one update of batch · context = "
        f"{size['batch'] * size['context']:,}; give more, or 0 for random weights"
        for name, size in block["sizes"].items()
        if 0 < size["tokens"] < size["batch"] * size["context"]
    ]
    if "mechanism" not in analyses(config):
        found.append(
            "pretraining: the models are trained to ask what a prior does in them; put 'mechanism' into "
            "analysis.kinds, and let translation have an SFT model and analysis.items be more than 0"
        )
    found += [
        f"pretraining.sizes.{name}: hidden must be an even multiple of heads"
        for name, size in block["sizes"].items()
        if size["hidden"] % (2 * size["heads"])
    ]
    return found


def _no_table(path: str) -> str:
    """Return what speaks against a file being a table of the analysis mechanism; empty if nothing does."""
    if not Path(path).is_file():
        return f"{path!r} is not there; make that run, or take it out"
    with open(path, encoding="utf-8", errors="replace") as stream:
        header = stream.readline().rstrip("\n").split(",")
    known = {"foundation", "subset", "source_use"} <= {*header}
    return "" if known else f"{path!r} is no table of the analysis mechanism; give a run's tables/mechanism.csv"


def _kinds(task: str, block: Mapping[str, Any]) -> list[str]:
    """Return the kinds and units that a task does not have."""
    found, answers = [], answers_of(task)
    given: dict[str, tuple[list[str], Sequence[str]]] = {
        "priors.kinds": (block["priors"]["kinds"], known(answers)),
        "priors.k": ([*block["priors"]["k"]], UNITS_OF[answers]),
        "refined.kind": ([block["refined"]["kind"]], REFINED_KINDS[answers]),
    }
    for key, (values, choices) in given.items():
        unknown = ", ".join(repr(value) for value in values if value not in choices)
        if unknown:
            found.append(f"{task}.{key}: {unknown} cannot be used in this task; choose from {', '.join(choices)}")
    return found


def _task(task: str, block: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with what all tasks have."""
    found = []
    if block["items"]["trial"] > block["items"]["dev"]:
        found.append(f"{task}.items.trial: these are taken from dev, which has fewer items")
    lexicon = block.get("lexicon", {"source": "induced"})
    subsets = [subset for key in ("directions", "other_directions") for subset in block.get(key, [])]
    for subset in sorted({*lexicon.get("without", [])} - {*subsets}):
        found.append(f"{task}.lexicon.without: {subset!r} is not one of the directions")
    for key in ("directions", "other_directions"):
        lacking = {*block.get(key, [])} & {*lexicon.get("without", [])}
        if lacking and lacking != {*block[key]}:
            found.append(
                f"{task}.lexicon.without: {', '.join(sorted(lacking))} would have no pseudo and random rows, but the "
                f"other {task}.{key} would, and all columns of a table have the same rows. Put the directions without "
                "a dictionary into a list of their own: all of directions, or all of other_directions."
            )
    if lexicon["source"] == "muse":
        listed = {code for subset in {*subsets} - {*lexicon.get("without", [])} for code in subset.split("-")}
        for code in sorted(code for code in listed if code in LANGUAGES and not LANGUAGES[code].muse):
            found.append(f"{task}.lexicon.source: MUSE has no {code!r}; name its directions in {task}.lexicon.without")
    if lexicon["source"] == "folder" and not lexicon.get("folder"):
        found.append(f"{task}.lexicon.folder: give the folder of the dictionaries, or set source to 'induced'")
    elif lexicon["source"] == "folder" and not Path(lexicon["folder"]).is_dir():
        found.append(f"{task}.lexicon.folder: {lexicon['folder']!r} is not a folder")
    priors = block["priors"]
    if "none" not in priors["kinds"]:
        found.append(f"{task}.priors.kinds: 'none' is missing; every other kind is compared with it")
    for need, key in ((SFT, "method"), (REFINED, "kind")):
        for kind in priors["kinds"] if block[need][key] == "none" else []:
            if kind in KINDS and need in KINDS[kind].needs:
                found.append(f"{task}.priors.kinds: {kind!r} needs a model; {task}.{need}.{key} is 'none'")
    sft = block["sft"]
    if sft["dev_points"] > sft["steps"]:
        found.append(f"{task}.sft.dev_points: {sft['dev_points']} are more than the {sft['steps']} steps")
    if block["few_shot"].get("unrelated") and task != "translation":
        found.append(f"{task}.few_shot.unrelated: the fixed example is a translation; set it to false")
    elif block["few_shot"].get("unrelated"):
        codes = {code for subset in subsets for code in subset.split("-") if code in LANGUAGES}
        if unsaid := sorted(code for code in codes if not LANGUAGES[code].example):
            found.append(
                f"{task}.few_shot.unrelated: no example sentence for {', '.join(unsaid)}; add one in "
                "src/prefixyarn/languages.py, or set it to false"
            )
    kind = block["refined"]["kind"]
    if kind in ("seq2seq", "token-classifier") and kind not in block["refined"]:
        found.append(f"{task}.refined.{kind}: missing; say which model to fine-tune")
    for key in ("single_kinds", "sft_kinds", "few_shot_kinds", "free_kinds"):
        for kind in sorted({*priors.get(key, [])} - {*priors["kinds"]}):
            found.append(f"{task}.priors.{key}: {kind!r} is not in kinds")
    if not cuts(priors):
        found.append(f"{task}.priors.k: no numbers; say how many units of a prior to give")
    limit, longest = block["max_answer_tokens"], max(priors["k"].get("token", [0]), default=0)
    if longest >= limit:
        found.append(
            f"{task}.priors.k: a prior of {longest} tokens leaves no room in an answer "
            f"of at most {limit}: raise {task}.max_answer_tokens or lower k"
        )
    return found


def in_order(value: Any) -> Any:
    """Return a configuration, or a part of it, with the keys of all mappings sorted."""
    if isinstance(value, Mapping):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(own) for own in value] if isinstance(value, list) else value
