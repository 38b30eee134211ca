from dataclasses import dataclass
from pathlib import Path

import pytest

from prefixyarn.errors import InputError
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.tables.rows import read_rows, write_rows


@dataclass(frozen=True)
class Everything:
    name: str
    system: System
    number: int
    chosen: bool
    unsure: bool | None
    score: float | None
    share: Interval | None


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows = [
        Everything("a, b", System("oracle", "", 2, "token"), 3, True, False, 0.5, Interval(1.0, 0.25, float("inf"))),
        Everything("", System("none", model="sft", prompt="few-shot-2"), 0, False, None, None, None),
    ]
    path = tmp_path / "t.csv"
    write_rows(path, rows, Everything)
    assert read_rows(path, Everything) == rows
    assert path.read_text() == (
        "name,kind,variant,k,unit,model,prompt,number,chosen,unsure,score,share,share_low,share_high\n"
        '"a, b",oracle,,2,token,foundation,zero-shot,3,1,0,0.5000,1.0000,0.2500,inf\n'
        ",none,,0,,sft,few-shot-2,0,0,,,,,\n"
    )
    write_rows(path, [], Everything)
    assert read_rows(path, Everything) == [] and path.read_text().startswith("name,kind,")


LINE = b",none,,0,,sft,few-shot-2,0,0,,,,,"


@pytest.mark.parametrize(
    "line",
    [
        b"caf\xe9,none,,0,,sft,x,0,0,,,,,",
        b"a,none",
        b"a,none,,zero,,sft,x,0,0,,,,,",
        b"a,none,,0,,sft,x,0,0,,nan,,,",
        b"a,none,,0,,sft,x,0,0,,,1,nan,2",
        LINE,  # twice
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "t.csv"
    write_rows(path, [], Everything)
    path.write_bytes(path.read_bytes() + LINE + b"\n" + line + b"\n")
    with pytest.raises(InputError, match=r"t\.csv, line 3: .*Remove the file") as found:
        read_rows(path, Everything)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("text", ["", "\n", "name,number\n", "a,b\n1,2\n"])
def test_another_header_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"t\.csv, line \d: no Everything \(expected the columns name, kind, variant"):
        read_rows(path, Everything)
