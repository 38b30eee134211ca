import numpy as np
from matplotlib.container import ErrorbarContainer

from prefixyarn.analysis.scale.table import scale_markdown, scale_rows
from prefixyarn.figures import scale
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.tables.overview import OverviewRow


def of(name: str, system: System, share: float | None) -> OverviewRow:
    found = None if share is None else Interval(share, share - 5, share + 5)
    return OverviewRow(name, "translation", "chrF++", system, 3, 20.0, found, None, None)


def test_scale_orders_foundations_by_size() -> None:
    overview = [
        of("large", System("none"), 70.0),
        of("large", System("pseudo", "first"), 90.0),
        of("large", System("pseudo", "likeliest"), 95.0),
        of("large", System("pseudo", prompt="few-shot-2"), 99.0),
        of("small", System("none"), 50.0),
        of("small", System("pseudo"), None),
    ]
    rows = scale_rows(overview, {"large": 7_000_000_000, "small": 270_000_000})
    assert [(r.kind, r.foundation, r.share.score if r.share else None) for r in rows] == [
        ("none", "small", 50.0),
        ("none", "large", 70.0),
        ("pseudo", "small", None),
        ("pseudo", "large", 90.0),
    ]
    labels = {"small": "Small", "large": "Large"}
    text = scale_markdown(rows, labels)
    assert "50.0 (45.0–55.0)" in text and "Small 270,000,000, Large 7,000,000,000" in text
    (axes,) = scale(rows, labels).axes
    drawn = {
        str(bars.get_label()): np.asarray(bars.lines[0].get_xydata()).tolist()
        for bars in axes.containers
        if isinstance(bars, ErrorbarContainer)
    }
    assert drawn == {"none": [[2.7e8, 50.0], [7e9, 70.0]], "pseudo": [[7e9, 90.0]]}
