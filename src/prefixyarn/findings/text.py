"""The findings as a document, made from their rows alone: no sentence of docs/findings.md is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefixyarn.findings.claims import Claims
from prefixyarn.findings.table import FindingRow, findings_markdown
from prefixyarn.tables.render import plain


def document(
    claims: Claims, rows: Sequence[FindingRow], run: str, foundations: Mapping[str, str], primary: str = ""
) -> str:
    """Return the document of a run's findings, in Markdown.

    Args:
        claims: The claims, with the text around them.
        rows: The findings of all foundations.
        run: The run's name.
        foundations: Label of each foundation by its name.
        primary: The tests fixed beforehand, as Markdown; empty where the run has none.
    """
    labels = ", ".join(map(plain, foundations.values()))
    parts = ["# Findings", claims.intro.format(run=run, foundation=labels).strip()]
    for section, title in claims.sections.items():
        own = [row for row in rows if row.section == section]
        if not own:
            continue
        parts.append(f"## {title}")
        for name, label in foundations.items():
            if len(foundations) > 1:
                parts.append(f"### {plain(label)}")
            parts += ["- " + row.says for row in own if row.foundation == name]
    text = "\n\n".join(parts).replace("\n\n- ", "\n- ")
    tables = findings_markdown(rows, foundations, claims.version)
    return "\n\n".join(part.strip() for part in (text, primary, tables, claims.outro) if part) + "\n"
