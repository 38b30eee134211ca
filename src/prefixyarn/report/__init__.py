"""The report: one self-contained HTML file with the question, the set-up, every table and figure, and examples."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import markdown
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from prefixyarn.languages import language
from prefixyarn.records import Item, Output, System
from prefixyarn.systems import headline, shown_units

SENTENCE = 60  # characters; a longer cell of a table is text, whose lines break
# What a page of examples shows beside source and reference: a name, the prior kind and what decodes.
SHOWN = (
    ("foundation alone", "none", "foundation"),
    ("pseudo", "pseudo", "foundation"),
    ("refined", "refined", "foundation"),
    ("SFT prior", "sft", "foundation"),
    ("SFT model", "none", "sft"),
)


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        title: Its heading; with the paper's section, where there is one.
        caption: What to see in it.
        figures: SVG files.
        table: Markdown of its tables, or empty.
    """

    title: str
    caption: str
    figures: tuple[Path, ...] = ()
    table: str = ""


@dataclass(frozen=True)
class Example:
    """One item with what systems answered.

    Attributes:
        subset: The direction.
        source: The source text, and its language code.
        reference: The reference, and its language code.
        answers: Pairs of a system's name, the prior given and what the model added to it.
    """

    subset: str
    source: tuple[str, str]
    reference: tuple[str, str]
    answers: tuple[tuple[str, str, str], ...]


def example(subset: str, item: Item, outputs: Mapping[System, Output], codes: tuple[str, str]) -> Example:
    """Return an item as an example, with what `SHOWN` names: each kind's headline system, if it answered the item."""
    answers = []
    for name, kind, model in SHOWN:
        system = headline(outputs, kind, model)
        if system is not None:
            text, given = outputs[system].text, outputs[system].prior
            shown = ", ".join(filter(None, (name, shown_units(system))))
            answers.append((shown, given, text[len(given) :]))
    return Example(subset, (item.source, codes[0]), (item.target, codes[1]), tuple(answers))


def direction_of(code: str) -> str:
    """Return the writing direction of a language, as HTML names it."""
    return "rtl" if language(code).script == "Arab" else "ltr"


def figure(path: Path) -> Markup:
    """Return an SVG file as an image that needs no other file."""
    data = base64.b64encode(path.read_bytes()).decode()
    name = path.stem.replace("_", " ")
    return Markup('<img alt="{}" src="data:image/svg+xml;base64,{}">').format(name, data)


def tables(text: str) -> Markup:
    """Return Markdown as HTML, each table in a frame that can be scrolled; in those with sentences lines break."""

    def framed(table: re.Match[str]) -> str:
        cells = re.findall(r"<td[^>]*>(.*?)</td>", table[0])
        kind = " told" if any(len(cell) > SENTENCE for cell in cells) else ""
        return f'<div class="scroll{kind}">{table[0]}</div>'

    reader = markdown.Markdown(extensions=["tables", "sane_lists"])
    reader.preprocessors.deregister("html_block")  # HTML in a table is somebody's text
    reader.inlinePatterns.deregister("html")
    html = reader.convert(text)
    return Markup(re.sub("<table>.*?</table>", framed, html, flags=re.DOTALL))


def render(
    title: str,
    setup: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    examples: Sequence[Example],
    config: str,
    versions: Mapping[str, str],
    limits: Sequence[str],
    commands: Sequence[str],
) -> str:
    """Return the report as HTML.

    Args:
        title: Its title.
        setup: Names and values of what was run: models, data, sizes.
        sections: Tables and figures.
        examples: Items side by side.
        config: The configuration as YAML.
        versions: Packages and their versions.
        limits: What this run cannot say.
        commands: How to make it again.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    functions: dict[str, Any] = {"figure": figure, "tables": tables, "direction_of": direction_of}
    environment.globals.update(functions)
    template = environment.from_string(files(__name__).joinpath("report.html.j2").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        setup=setup,
        sections=sections,
        examples=examples,
        config=config,
        versions=versions,
        limits=limits,
        commands=commands,
    )
