from prefixyarn.analysis.language_resources.table import resource_markdown, resource_rows
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.tables.rows import ScoreRow


def row(kind: str, subset: str, n: int, share: float) -> ScoreRow:
    system = System(kind) if kind == "none" else System(kind, "", 2, "token")
    cell = Interval(share, share, share)
    return ScoreRow("m", "chrF++", system, "test", subset, 0, "", n, score=cell, share=cell)


def test_resource_levels_of_directions_of_several_tables() -> None:
    shares = {("none", "en-ar"): 5, ("none", "en-de"): 75, ("refined", "en-ar"): 61, ("refined", "en-de"): 74}
    tables = {
        "translation": [row(kind, subset, 32, share) for (kind, subset), share in shares.items()],
        "other_directions": [row("none", "en-sw", 12, 60)],
    }
    checks = {code: {"tokens_per_character": 0.3, "bits_per_character": 1.5} for code in ("ar", "de", "sw")}
    found = resource_rows("m", tables, checks, ["en-ar", "en-de", "en-sw"])
    assert [(r.direction, r.table, r.level, r.n, r.share) for r in found if r.kind == "none"] == [
        ("en-de", "translation", "high", 32, 75),
        ("en-ar", "translation", "extremely low", 32, 5),
        ("en-sw", "other_directions", "extremely low", 12, 60),
    ]
    assert [(r.direction, r.share) for r in found if r.kind == "refined"] == [("en-de", 74), ("en-ar", 61)]
    shown = [[cell.strip() for cell in line.split("|")] for line in resource_markdown(found).splitlines()]
    assert ["", "en-sw", "extremely low", "< 0.005 %", "0.30", "1.50", "60.0", "–", "–", "–", "–", "12", ""] in shown
