from dataclasses import asdict
from typing import Any

import pytest

from prefixyarn.metrics.error_types import error_types
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.records import Item, Output, System

DETECTOR = LanguageDetector(["en", "de", "fr", "zh", "pt", "uk", "ru", "ar"])
SOURCE = "The file could not be saved because the disk is full."
GERMAN = "Die Datei konnte nicht gespeichert werden, weil die Platte voll ist."


def output(text: str, continuation: str | None = None, stop: str = "newline") -> Output:
    rest: dict[str, Any] = {"prior_ids": [], "new_ids": [], "new_tokens": 0, "raw": text, "stop": stop}
    own = text if continuation is None else continuation
    return Output("i", **asdict(System("none")), text=text, continuation=own, **rest)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (output(GERMAN), set()),
        (output(SOURCE), {"off_target", "copied"}),
        (output(SOURCE.upper()), {"off_target", "copied"}),
        (output(SOURCE.replace("full", "broken")), {"off_target", "copied"}),
        (output("O ficheiro não foi guardado porque o disco está cheio."), {"off_target"}),
        (output("El archivo no se pudo guardar porque el disco está lleno."), {"off_target"}),
        (output(""), {"empty"}),
        (output("Die Datei, die Datei, die Datei, die Datei, die Datei, die Datei"), {"repeated"}),
        (output("Die Datei konnte nicht gespeichert werden, weil", stop="length"), {"truncated"}),
        (output("nein nein nein"), set()),  # three times is emphasis
        (output("Die Datei" + GERMAN[9:], continuation=GERMAN[9:]), set()),
        (
            output(
                "Die file could not be saved because it is full.",
                "file could not be saved because it is full.",
            ),
            {"off_target"},
        ),
    ],
)
def test_faults(made: Output, expected: set[str]) -> None:
    found = error_types(Item("i", SOURCE, GERMAN), made, "de", DETECTOR)
    assert {name for name, value in found.items() if value} >= expected
    if "off_target" not in expected:
        assert not found["off_target"]
    assert {name for name, value in found.items() if value} - {"copied"} == expected - {"copied"}


@pytest.mark.parametrize("continuation", ["", ".", " 12 %"])
def test_nothing_to_detect_is_neither_on_nor_off_target(continuation: str) -> None:
    assert (
        error_types(Item("i", SOURCE, GERMAN), output("Ja" + continuation, continuation), "de", DETECTOR)["off_target"]
        is None
    )


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("code", "name"),
    [("de", "deu"), ("zh", "zho_simpl"), ("uk", "ukr"), ("ru", "rus"), ("ar", "ara"), ("pt", "por")],
)
def test_detector_on_real_text(mirror: Any, code: str, name: str) -> None:
    lines = (mirror / "flores101_dataset" / "dev" / f"{name}.dev").read_text().splitlines()[:200]
    assert DETECTOR.error(lines, code) <= 0.01
