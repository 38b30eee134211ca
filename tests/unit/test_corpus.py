"""Text to pre-train on: read from pages of all kinds, cleaned, split, without repetition."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from prefixyarn.data.apt import package_files
from prefixyarn.data.corpus import markup, roff
from prefixyarn.data.corpus.assemble import OF_TEST, REPEATED, assemble, is_held_out
from prefixyarn.data.corpus.overlap import Overlap
from prefixyarn.data.corpus.prose import cleaned, is_in, is_prose, plain
from prefixyarn.data.corpus.sources import SOURCES, locales
from prefixyarn.data.corpus.works import Work, aligned, read_works, write_works
from prefixyarn.errors import InputError

CODES = ["en", "de", "ru"]
ENGLISH = "The file that you want to open is not on this machine."
GERMAN = "Die Datei, die Sie öffnen wollen, ist nicht auf diesem Rechner."
RUSSIAN = "Файла, который вы хотите открыть, нет на этом компьютере."


def deb(folder: Path, package: str, files: dict[str, bytes]) -> Path:
    """Build a Debian package with dpkg-deb."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb here")
    root = folder / f"{package}.root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        f"Package: {package}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: test\n"
    )
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    path = folder / f"{package}_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", str(root), str(path)], check=True, capture_output=True)
    return path


def test_a_package_is_read_file_by_file(tmp_path: Path) -> None:
    path = deb(tmp_path, "some", {"usr/share/a.txt": b"one", "usr/share/b.bin": b"two"})
    assert list(package_files(path, r"\.txt$")) == [("usr/share/a.txt", b"one")]
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="some_1_all.deb: not a Debian package, or damaged"):
        list(package_files(path, "x"))


def test_paragraphs_of_manual_pages() -> None:
    page = (
        '.\\" a comment\n.TH LS 1\n.SH NAME\nls \\- list\n.SH DESCRIPTION\nList the\n.B files\nof\n.BR ls (1).\n.PP\n'
        ".nf\nnot read\n.fi\nSecond \\fIone\\fR, \\(lqquoted\\(rq\\&.\n.SH ÜBERSETZUNG\nDie Übersetzung ist von jemandem.\n"
    )
    assert list(roff.paragraphs(page)) == ["ls - list", "List the files of ls(1).", "Second one, “quoted”."]


def test_paragraphs_of_html_and_docbook() -> None:
    html = (
        "<html><body><p>Outside</p><div id='DisplayArea'><h1>No</h1><p id='a'>Press <b>OK</b> now."
        "<span hidden='true'>on a Mac</span></p><ul><li>Item <p id='b'>within</p> end</li></ul><pre>code</pre></div>"
    )
    assert list(markup.paragraphs(html, html=True)) == [("a", "Press OK now."), ("", "Item  end"), ("b", "within")]
    docbook = (
        '<?xml version="1.0"?><article><para>Start &kmail; with <menuchoice><guimenu>File</guimenu>'
        "<guimenuitem>Open</guimenuitem></menuchoice>.<!-- no --><screen>x</screen></para></article>"
    )
    assert list(markup.paragraphs(docbook, html=False)) == [("", "Start kmail with File → Open.")]


def test_paragraphs_are_aligned_by_key_or_by_number() -> None:
    english = [("a", "A."), ("b", "B.")]
    assert aligned({"en": english, "de": [("b", "Be."), ("c", "Ce.")]}) == (
        {"en": "A."},
        {"en": "B.", "de": "Be."},
        {"de": "Ce."},
    )
    bare = [("", "A."), ("", "B.")]
    assert aligned({"en": bare, "de": [("", "Ah."), ("", "Be.")]}) == (
        {"en": "A.", "de": "Ah."},
        {"en": "B.", "de": "Be."},
    )
    assert aligned({"en": bare, "de": [("", "Be.")]}) == ({"en": "A."}, {"en": "B."}, {"de": "Be."})


def test_what_is_prose_and_in_which_language() -> None:
    assert is_prose(ENGLISH) and is_prose(RUSSIAN)
    assert not is_prose("Open file.") and not is_prose("Name of the file to open, or its number")
    assert not is_prose("Open %s from %s to %s with %s and %s as %s.")
    for code, text in (("en", ENGLISH), ("de", GERMAN), ("ru", RUSSIAN)):
        assert [own for own in CODES if is_in(text, own, CODES)] == [code]
    assert plain(" a\u00ad \n b\u00a0c\u0301 ") == "a b ć"


def test_untranslated_and_foreign_text_is_left_out_and_slipped_pairs_are_parted() -> None:
    dropped: Counter[tuple[str, str]] = Counter()
    assert cleaned({"en": ENGLISH, "de": ENGLISH, "ru": RUSSIAN}, CODES, dropped) == [{"en": ENGLISH, "ru": RUSSIAN}]
    assert cleaned({"de": ENGLISH.replace("file", "one"), "fr": "Ah."}, CODES, dropped) == []
    assert dropped == {("de", "untranslated"): len(ENGLISH), ("de", "another language"): len(ENGLISH) - 1}
    long = " ".join([GERMAN] * 3)
    assert cleaned({"en": ENGLISH, "de": long}, CODES, dropped) == [{"en": ENGLISH}, {"de": long}]


def test_held_out_runs_of_words_are_found() -> None:
    words = " ".join(f"w{n}" for n in range(20))
    overlap = Overlap([words, "Only five words are here", "too short"])
    assert overlap.found(f"Before, {words.upper()}!") and overlap.found(" ".join(words.split()[3:16]))
    assert not overlap.found(" ".join(words.split()[3:15])), "twelve in a row"
    assert (
        overlap.found("x only five words, are here y")
        and not overlap.found("only five words are")
        and not overlap.found("too short")
    )


def works() -> list[Work]:
    return [Work("man", f"page{n}", ({"en": f"This is the sentence number {n} of them all."},)) for n in range(400)]


def test_works_are_split_by_name_and_said_once() -> None:
    own = works()
    again = [Work("guides", f"copy{n}", work.segments) for n, work in enumerate(own)]
    made = assemble([*own, *again], [], 0.1, 1)
    texts = [[s["en"] for work in part for s in work.segments] for part in (made.train, made.held_out)]
    assert sum(map(len, texts)) == 400 and not {*texts[0]} & {*texts[1]}
    # A copy of what is trained on may be held out: then it is held out alone.
    assert 50 < len(texts[1]) < 110
    assert made.dropped["en", REPEATED] > 0
    assert [is_held_out(work, 0.1, 1) for work in own] != [is_held_out(work, 0.1, 2) for work in own]
    translated = Work("man", "page7", ({"de": GERMAN},))
    assert is_held_out(translated, 0.1, 1) == is_held_out(own[7], 0.1, 1)


def test_what_items_hold_is_left_out() -> None:
    made = assemble([Work("man", "a", ({"en": ENGLISH, "de": GERMAN},))], [GERMAN], 0.01, 1)
    assert [work.segments for work in made.train] == [({"en": ENGLISH},)]
    assert made.dropped == {("de", OF_TEST): len(GERMAN)}


def test_works_come_back_from_their_file_and_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "works.jsonl"
    write_works(path, works()[:2])
    assert list(read_works(path)) == works()[:2]
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(InputError, match="works.jsonl, line 3: not a work"):
        list(read_works(path))


def test_sources_read_packages_in_all_languages(tmp_path: Path) -> None:
    def packed(text: str) -> bytes:
        stream = io.BytesIO()
        with gzip.GzipFile(fileobj=stream, mode="wb") as out:
            out.write(text.encode())
        return stream.getvalue()

    man = deb(
        tmp_path,
        "manpages-de",
        {
            "usr/share/man/man1/a.1.gz": packed(f".SH NAME\n{ENGLISH}\n"),
            "usr/share/man/de/man1/a.1.gz": packed(f".SH NAME\n{GERMAN}\n"),
            "usr/share/man/fr/man1/a.1.gz": packed(".SH NAME\nAh.\n"),
        },
    )
    assert list(SOURCES["man"].read({"manpages-de": man}, CODES)) == [
        Work("man", "a.1", ({"en": ENGLISH, "de": GERMAN},))
    ]
    page = "<html><body><p>{}</p></body></html>"
    guide = deb(
        tmp_path,
        "debian-handbook",
        {
            f"usr/share/doc/debian-handbook/html/{locale}/apt.html": page.format(text).encode()
            for locale, text in (("en-US", ENGLISH), ("ru-RU", RUSSIAN), ("ar-MA", "x"))
        },
    )
    (work,) = SOURCES["guides"].read({"debian-handbook": guide}, CODES)
    assert work.segments == ({"en": ENGLISH, "ru": RUSSIAN},)
    needed, wanted = SOURCES["libreoffice"].packages_of(CODES)
    assert needed == [] and {"libreoffice-help-de", "libreoffice-help-en-us", "libreoffice-help-ru"} <= {*wanted}
    assert locales(["en", "pt"])["pt-br"] == "pt"
