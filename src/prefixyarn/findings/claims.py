"""The paper's claims, limits and open questions as data: ``claims.yaml`` says how each is measured and judged.

Another claim is an entry there. What it measures is one of `prefixyarn.findings.measures`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import yaml

from prefixyarn.findings.verdict import Margin


@dataclass(frozen=True)
class Claim:
    """A claim.

    Attributes:
        id: Its name.
        section: The section of the findings that it stands in.
        part: The part of the paper; empty for the task's own section.
        tables: The tables that it is judged on, a finding each; of one that a run lacks there is none.
        claim: What is claimed; ``{k}`` is how much of a prior is given.
        measure: The name of what is measured, of `prefixyarn.findings.measures`, and its arguments.
        says: The sentence with the number, ``{here}``, and no judgement.
        unit: Of the number.
        paper: The paper's own figure, in translation; empty without one.
        holds: The margin; None where there is nothing to judge.
        partly: A weaker margin.
        partly_measure: What the weaker margin is held against, where that is another measure.
        partly_unit: Of that measure, for a reader.
        then: By verdict, the sentence that follows.
        equivalence: Whether it is a statement of equivalence: then the findings say at which n it could be shown.
    """

    id: str
    section: str
    claim: str
    tables: tuple[str, ...]
    measure: Mapping[str, Any]
    says: str
    part: str = ""
    unit: str = ""
    paper: str = ""
    holds: Margin | None = None
    partly: Margin | None = None
    partly_measure: Mapping[str, Any] = field(default_factory=dict)
    partly_unit: str = ""
    then: Mapping[str, str] = field(default_factory=dict)
    equivalence: bool = False

    @property
    def margins(self) -> str:
        """Return both margins for a reader; empty where nothing is judged."""
        weaker = f"; in part {self.partly} {self.partly_unit}".rstrip() if self.partly else ""
        return f"{self.holds}{weaker}" if self.holds else ""


@dataclass(frozen=True)
class FixedTest:
    """One of the few tests that were fixed before the data were seen.

    Attributes:
        id: Its name.
        claim: What it tests.
        better: The prior kind, at its headline's k, that should score higher.
        than: The kind that it is compared with.
        subsets: The directions; empty for all of the main table.
    """

    id: str
    claim: str
    better: str
    than: str
    subsets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claims:
    """All of ``claims.yaml``.

    Attributes:
        version: Of margins and claims; a change of either raises it.
        paper_shares: The paper's shares of SFT by prior kind, over all its translation settings, in per cent.
        tasks: By table of scores, the part of the paper.
        sections: By name, the title of each section of the findings.
        intro: What stands before them; ``{run}``, ``{foundation}`` and ``{n}`` are filled in.
        outro: What stands behind them.
        claims: The claims, in order.
        tests: The tests fixed beforehand.
        decoded_before: Ids of translation's items that were decoded before the tests were fixed: not for these tests.
    """

    version: int
    paper_shares: Mapping[str, float]
    tasks: Mapping[str, str]
    sections: Mapping[str, str]
    intro: str
    outro: str
    claims: tuple[Claim, ...]
    tests: tuple[FixedTest, ...]
    decoded_before: frozenset[str]


@functools.cache
def load() -> Claims:
    """Return what ``claims.yaml`` says."""
    read = yaml.safe_load((files("prefixyarn.findings") / "claims.yaml").read_text(encoding="utf-8"))
    claims = []
    for own in read["claims"]:
        margins = {key: Margin(**own[key]) for key in ("holds", "partly") if key in own}
        claims.append(Claim(**{**own, **margins, "tables": tuple(own["tables"])}))
    tests = tuple(FixedTest(**{**own, "subsets": tuple(own.get("subsets", ()))}) for own in read["tests"])
    return Claims(
        version=read["version"],
        paper_shares=read["paper_shares"],
        tasks=read["tasks"],
        sections=read["sections"],
        intro=read["intro"],
        outro=read["outro"],
        claims=tuple(claims),
        tests=tests,
        decoded_before=frozenset(read["decoded_before"].split()),
    )


PAPER = load().paper_shares
