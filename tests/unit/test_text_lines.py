"""Text that others wrote, as it comes: byte order marks, line ends, composed and decomposed letters, bytes of no code."""

import bz2
import gzip
import lzma
import unicodedata
from pathlib import Path

import pytest

from prefixyarn.data.text_lines import lookup_form, plain_word, read_lines, read_sentences, visible
from prefixyarn.data.words import is_function_word, words
from prefixyarn.errors import InputError


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_ends_a_line(tmp_path: Path, end: str) -> None:
    (tmp_path / "x").write_bytes(f"one{end}{end}two{end}".encode())
    assert list(read_lines(tmp_path / "x")) == [(1, "one"), (2, ""), (3, "two")]
    (tmp_path / "x").write_bytes(f"one{end}two".encode())
    assert list(read_lines(tmp_path / "x")) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize(
    "inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\u00a0", "\u200b", "\u200d", "u\u0308"]
)
def test_what_ends_no_line_stays_in_it(tmp_path: Path, inside: str) -> None:
    (tmp_path / "x").write_text(f"one{inside}more\ntwo\n", encoding="utf-8")
    assert read_sentences(tmp_path / "x") == [f"one{inside}more", "two"]


def test_byte_order_marks_are_taken_out_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("\ufeffone\n\ufefftw\ufeffo\n", encoding="utf-8")
    assert read_sentences(tmp_path / "x") == ["one", "two"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"one\ntw\xe9\n", r"x, line 2: not UTF-8 \(.*0xe9\)"),
        (b"one\rtwo\rthr\xe9e", r"x, line 3: not UTF-8"),
        ("one\ntwo".encode("utf-16"), r"x, line 1: not UTF-8 \(it looks like UTF-16\)"),
        (b"one\n\xed\xa0\x80\n", r"x, line 2: not UTF-8"),  # half a surrogate pair
        (b"one\n \xef\xbb\xbf \n", r"x, line 2: empty"),
        ("one\n\u200b\u2060\u3164\n".encode(), r"x, line 2: empty"),
        (b"", r"x: no sentences"),
        (b"PK\x03\x04\x14\n\x80", r"x: a spreadsheet or another packed file \(.xlsx.*Save it as CSV or text in UTF-8"),
        (gzip.compress(b"one\n"), r"x: packed with gzip \(.gz\), not plain text. Unpack it"),
        (bz2.compress(b"one\n"), r"x: packed with bzip2"),
        (lzma.compress(b"one\n"), r"x: packed with xz"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<tmx version="1.4">\n', r"x: XML \(.tmx.*two columns with a tab"),
        (b"<!DOCTYPE html>\n<title>403</title>\n", r"x: a web page"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, raw: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(InputError, match=message) as found:
        read_sentences(tmp_path / "x")
    assert "\n" not in str(found.value)


def test_words_are_looked_up_in_one_form() -> None:
    assert plain_word("Gro\u0308\u00dfe") == "Gr\u00f6\u00dfe"
    assert plain_word("\u200bNew\u00a0\u3000York\u200e") == "New York"
    assert lookup_form("Ba\u0308cke\u00adrei") == "b\u00e4ckerei"
    assert plain_word("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645").count("\u200c") == 1  # how it is written


def test_words_of_decomposed_and_hyphenated_text_are_whole() -> None:
    text = unicodedata.normalize(
        "NFD", "Die B\u00e4cke\u00adrei f\u00fcr \u0439\u043e\u0433\u0443-\u0439\u043e\u0433\u0430."
    )
    assert [lookup_form(word) for word in words(text, "de")] == [
        "die",
        "b\u00e4ckerei",
        "f\u00fcr",
        "\u0439\u043e\u0433\u0443-\u0439\u043e\u0433\u0430",
    ]
    assert is_function_word(unicodedata.normalize("NFD", "F\u00fcr"), "de")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\u00a0",
        *"\u200b\u200c\u200d\u200e\u200f\ufeff\u00ad\u2060\u3164\uffa0\u2800\u034f\u202e\x00\x1b\ufe0f\u180e",
    ],
)
def test_what_nobody_sees_is_empty(text: str) -> None:
    assert not visible(f" {text}\u200b{text}")
    assert visible(f"{text}.") and visible(f"א{text}")


def test_columns_are_refused_and_escaped_signs_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "x").write_text("0\teng\tOne.\n1\teng\tTwo.\n")
    with pytest.raises(InputError, match="each line has columns"):
        read_sentences(tmp_path / "x")
    (tmp_path / "x").write_text("One &quot; a.\nAT&T; two.\n")
    assert read_sentences(tmp_path / "x") == ["One &quot; a.", "AT&T; two."]
    assert "1 of 2 texts have escaped signs such as &quot;" in caplog.text
