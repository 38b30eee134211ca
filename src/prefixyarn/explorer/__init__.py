"""The explorer: one self-contained HTML file with every item of a run and what each system answered."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from prefixyarn.explorer.data import Explorer

PARTS = ("explorer.html.j2", "explorer.css", "explorer.js")


def render(explorer: Explorer) -> str:
    """Return the explorer as HTML: the template, with its style, its program and the data in it."""
    template, style, program = (files(__name__).joinpath(name).read_text(encoding="utf-8") for name in PARTS)
    data = json.dumps(asdict(explorer), ensure_ascii=False, separators=(",", ":"))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        run=explorer.run,
        style=Markup(style),
        program=Markup(program),
        data=Markup(data.replace("<", "\\u003c")),  # a text with </script> in it ends nothing
    )
