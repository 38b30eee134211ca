"""The files that a configuration is made of: the default foundation, config/config.yaml, and overlays over them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from prefixyarn.errors import InputError, first_line
from prefixyarn.records import decoded

SCHEMA = Path(__file__).with_name("schema.yaml")
FOUNDATION = Path(__file__).with_name("foundation.yaml")  # the default one's block
DEFAULT = Path("config/config.yaml")  # of the default run, in a checkout
FOLDER_KEYS = ("folder", "mirror", "path")  # their values may begin with ~

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_ODD_INDENT = re.compile("^ *[\u00a0\u2000-\u200b\u202f\u3000]", re.MULTILINE)  # a key would begin with it
_YAML = "tag:yaml.org,2002:"  # begins the names of YAML's own types
_READ_AS = {"bool": "true or false", "null": "nothing", "int": "a number", "float": "a number", "timestamp": "a date"}
_PLAIN = yaml.resolver.Resolver()
MOST = 100_000  # keys and values of a file, which aliases of aliases can make without end


@dataclass(frozen=True)
class Origin:
    """Where a key of a configuration stands.

    Attributes:
        file: The file.
        line: The line.
        text: Its value as it is written there; None where it has keys or entries of its own, or quotes.
    """

    file: str
    line: int
    text: str | None


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping; an empty file holds an empty one.

    Raises:
        InputError: It is not UTF-8 or not YAML, holds something else, has a key twice or one that is no text to YAML
            (``no``), a tag, a date, or a number that YAML reads as another one than most would (``010`` as 8, ``1:30``
            as 90); file and line are named.
    """
    return _read(path)[0]


def origins(*paths: Path) -> dict[str, Origin]:
    """Return where each key (``translation.items.test``) stands, in the last file that has it.

    Raises:
        InputError: As `read_yaml`.
    """
    return {key: origin for path in paths for key, origin in _read(path)[1].items()}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Origin]]:
    if path.is_dir():
        raise InputError(f"{path}: a folder, and a YAML file is expected.")
    text = decoded(path.read_bytes(), path)
    if found := _ODD_INDENT.search(text):
        number, sign = text.count("\n", 0, found.end()) + 1, f"U+{ord(found[0][-1]):04X}"
        raise InputError(f"{path}, line {number}: indented with another space ({sign}). Indent with plain spaces.")
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        keys = list(islice(_origins(node, str(path), ""), MOST)) if node else []
        value = loader.construct_document(node) if node else {}
    except yaml.reader.ReaderError as error:
        number, character = text.count("\n", 0, error.position) + 1, f"U+{ord(text[error.position]):04X}"
        raise InputError(f"{path}, line {number}: the character {character} cannot stand there. Remove it.") from error
    except yaml.MarkedYAMLError as error:
        mark, tab = error.problem_mark or error.context_mark, "'\\t'" in str(error.problem)
        what = "Indent with spaces, not with tabs." if tab else "Mend the line, or put its text into quotes."
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not YAML ({error.problem or error.context}). {what}") from error
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
    ) as error:  # a control character, a day that there is not, itself
        raise InputError(f"{path}: not YAML that can be used ({first_line(error)}). Mend the file.") from error
    if len(keys) == MOST:
        raise InputError(f"{path}: {MOST:,} values or more, as aliases of aliases make them. Write it without them.")
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise InputError(f"{path}, line 1: expected keys with values, as in 'run: mine', got a {type(value).__name__}.")
    return value, dict(keys)


def _origins(node: yaml.Node, file: str, key: str) -> Iterator[tuple[str, Origin]]:
    """Yield a node's keys and those within it, and check what YAML itself lets through."""
    where = f"{file}, line {node.start_mark.line + 1}: {key or 'top level'}"
    kind = str(node.tag).removeprefix(_YAML)
    if kind != _kind(node):
        tag = f"!!{kind}" if node.tag.startswith(_YAML) else kind
        raise InputError(f"{where}: the tag {tag} is not read. Write the value without it.")
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for name, value in node.value:
            line = name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode):
                raise InputError(f"{file}, line {line}: a key is expected, one word before a colon. Mend the line.")
            if name.tag == f"{_YAML}merge":
                yield from _origins(value, file, key)
                continue
            if name.tag != f"{_YAML}str":
                read = _READ_AS.get(name.tag.removeprefix(_YAML), "no text")
                raise InputError(
                    f"{file}, line {line}: YAML reads the key {name.value} as {read}, and text is expected. Write "
                    f'another one, or put it into quotes: "{name.value}"'
                )
            own = f"{key}.{name.value}" if key else str(name.value)
            if name.value in seen:
                raise InputError(
                    f"{file}, line {line}: the key {own} stands in line {seen[name.value]} already, and YAML would "
                    "drop what stands there. Put the two together, or remove one."
                )
            seen[str(name.value)] = line
            yield own, Origin(file, line, None)
            yield from _origins(value, file, own)
    elif isinstance(node, yaml.SequenceNode):
        for n, value in enumerate(node.value):
            yield f"{key}.{n}", Origin(file, value.start_mark.line + 1, None)
            yield from _origins(value, file, f"{key}.{n}")
    elif isinstance(node, yaml.ScalarNode):
        text = str(node.value)
        if re.search("[\ud800-\udfff]", text):
            raise InputError(f"{where}: half of a surrogate pair is no character. Remove it.")
        if node.style is None:  # without quotes
            if kind == "int" and not _WHOLE.fullmatch(text):
                read = yaml.safe_load(text)
                raise InputError(f"{where}: YAML reads {text} as {read}. Write {read}, or text in quotes.")
            if kind == "float" and (":" in text or not math.isfinite(yaml.safe_load(text))):
                raise InputError(f"{where}: {text} is no plain number. Write one, or text in quotes.")
            if kind == "timestamp":
                raise InputError(f'{where}: YAML reads {text} as a date. Put it into quotes: "{text}"')
            yield key, Origin(file, node.start_mark.line + 1, text)


def _kind(node: yaml.Node) -> str:
    """Return of which of YAML's types a node is without a tag."""
    if isinstance(node, yaml.ScalarNode):
        plain = node.style is None  # what has quotes is text
        return _PLAIN.resolve(yaml.ScalarNode, node.value, (plain, not plain)).removeprefix(_YAML)
    return "map" if isinstance(node, yaml.MappingNode) else "seq"


def read_config(*overlays: Path, root: Path = Path()) -> dict[str, Any]:
    """Return the configuration of a checkout: the default run's, with overlays, in their order; see `expanded`.

    Args:
        overlays: Files with the keys that differ.
        root: The checkout.
    """
    config: dict[str, Any] = {}
    for path in (FOUNDATION, root / DEFAULT, *overlays):
        config = merged(config, read_yaml(path))
    expand: dict[str, Any] = expanded(config)
    return expand


def merged(config: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with an overlay: mappings are merged key by key, as Snakemake does, the rest replaced."""
    result = dict(config)
    for key, value in overlay.items():
        own = result.get(key)
        both = isinstance(own, Mapping) and isinstance(value, Mapping)
        result[key] = merged(own, value) if both else value  # type: ignore[arg-type]
    return result


def expanded(value: Any, key: str = "") -> Any:
    """Return a configuration, or a part of it, with the home folder in the place of ``~`` where folders begin so.

    SHA-256 are put into lower case, as they are compared.
    """
    if isinstance(value, Mapping):
        return {name: expanded(own, str(name)) for name, own in value.items()}
    if isinstance(value, list):
        return [expanded(own) for own in value]
    if key == "sha256" and isinstance(value, str):
        return value.lower()
    return os.path.expanduser(value) if key in FOLDER_KEYS and isinstance(value, str) else value
