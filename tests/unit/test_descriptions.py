import os
from pathlib import Path

import pytest

from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES
from prefixyarn.tasks.summarization.descriptions import LOCALES, Description, fetch, parallels, read

LONG = "This is a program that does a great deal of useful work for its user, and it does so every single day."
ENTRY = f"""Package: tool
Description-md5: 0123
Description-en: tool for work
 {LONG}
 Its second line goes on.
 .
 It has a list:
  * one
  * two
 .
 Last  paragraph.
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_descriptions_are_read(tmp_path: Path) -> None:
    text = (
        ENTRY
        + "\nPackage: other\nDescription-md5: 4567\nDescription-en: other tool\n\n\nPackage: a\nDescription-md5: 9\nDescription-en:\n body\n"
    )
    found = read(write(tmp_path / "en.txt", text))
    assert found["0123"] == Description(
        "tool", "tool for work", (f"{LONG} Its second line goes on.", "Last paragraph.")
    ), "wrapped lines are joined, a dot divides paragraphs, lists are left out"
    assert found["4567"] == Description("other", "other tool", ()) and len(found) == 2
    assert found["0123"].long.endswith("goes on. Last paragraph.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Package: a\nno field\n",
            "line 2: expected 'Field: value' or a line that begins with a space, got 'no field'",
        ),
        (" continued\n", "line 1: expected 'Field: value'"),
        ("Package: a\nDescription-md5: 1\n\n", "line 1: expected Package, Description-md5 and a Description"),
        (ENTRY + "\nDescription-md5: 1\nDescription-fr: a\n", "line 13: expected Package"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path / "en.txt", text))


def described(package: str, synopsis: str, *paragraphs: str) -> Description:
    return Description(package, synopsis, paragraphs)


def test_what_is_kept() -> None:
    english = {
        "1": described("tool", "tool for work", LONG, LONG),
        "2": described("tool-dbg", "debug symbols", LONG, LONG),
        "3": described("short", "short text", "Too short."),
        "4": described("tool-x", "tool for X", LONG, LONG + " More."),
        "5": described("endless", "endless text", LONG * 12),
    }
    german = {
        "1": described("tool", "Werkzeug für Arbeit", LONG + " deutsch", LONG),
        "4": described("tool-x", "tool for X", LONG, LONG),  # not translated
        "9": described("gone", "Altes", LONG),
    }
    russian = {"1": described("tool", "tool по-прежнему", LONG, LONG), "4": described("tool-x", "X tool", LONG)}
    found = parallels({"en": english, "de": german, "ru": russian}, ["en", "de"])
    assert [(p.package, sorted(p.targets), sorted(p.sources)) for p in found] == [
        ("tool", ["de", "en", "ru"], ["de", "en"]),
        ("tool-x", ["en"], ["de", "en"]),
    ]
    assert found[0].family == found[1].family == LONG, "they begin with the same paragraph"
    assert found[0].targets["de"] == "Werkzeug für Arbeit" and found[0].sources["en"] == f"{LONG} {LONG}"


def stub(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "apt-get").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_apt_is_asked_privately(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(
        tmp_path,
        'lists=$(sed -n \'s/.*lists "\\(.*\\)";/\\1/p\' "$APT_CONFIG"); cp "$APT_CONFIG" '
        f"{tmp_path}/seen; printf 'Package: b\\n' > $lists/b_i18n_Translation-pt%5fBR; "
        "printf 'Package: a\\n\\n' > $lists/a_i18n_Translation-pt%5fBR; : > $lists/a_i18n_Translation-en",
        monkeypatch,
    )
    fetch("pt", tmp_path / "out" / "pt.txt")
    assert (tmp_path / "out/pt.txt").read_text() == "Package: a\n\nPackage: b\n\n"
    settings = (tmp_path / "seen").read_text()
    assert 'Acquire::Languages { "pt_BR"; };' in settings and "Dir::Etc::parts" in settings
    assert "/var/lib/apt" not in settings


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'E: no network' >&2; exit 100", r"apt-get update failed \(E: no network\)"),
        ("exit 0", "apt-get update left no descriptions in 'fr'"),
    ],
)
def test_when_apt_leaves_nothing(tmp_path: Path, script: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path, script, monkeypatch)
    with pytest.raises(InputError, match=f"{said}.*Take 'summarization' out of tasks"):
        fetch("fr", tmp_path / "fr.txt")
    assert not (tmp_path / "fr.txt").exists()


def test_without_apt_the_error_names_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no apt-get here, which fetches this text. Take 'summarization' out of tasks"):
        fetch("fr", tmp_path / "fr.txt")


def test_locales() -> None:
    assert {**LOCALES}.items() >= {"pt": "pt_BR", "zh": "zh_CN", "fr": "fr"}.items()
    assert not {"ar"} & {*LOCALES} and {*LOCALES} <= {*LANGUAGES}


def test_bytes_of_another_code_and_other_line_ends(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_bytes(ENTRY.encode() + b"\nPackage: caf\xe9\n")
    with pytest.raises(InputError, match=r"en\.txt, line 13: not UTF-8 \(.*0xe9\)"):
        read(tmp_path / "en.txt")
    (tmp_path / "en.txt").write_bytes(("\ufeff" + ENTRY).replace("\n", "\r\n").encode())
    marked = read(tmp_path / "en.txt")
    assert marked == read(write(tmp_path / "clean.txt", ENTRY))
