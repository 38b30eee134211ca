import logging
import re
import struct
from pathlib import Path

import pytest

import tiny
from prefixyarn.data.which_language import other_language
from prefixyarn.errors import InputError
from prefixyarn.tasks.translation.catalogues import is_source_sentence, is_translation, read_catalogue, read_messages

GOOD = "The file could not be saved."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (GOOD, True),
        ("Is this really what you want?", True),
        ("Do not forget to save your work!", True),
        ("You can’t delete it: it’s in use.", True),
        ("The file could not be saved", False),  # no end
        ("the file could not be saved.", False),  # the end of something longer
        ("File not saved, sorry.", False),  # too short
        ("Internationalization misconfigured entirely.", False),  # fewer than five words
        ("The file " + "very " * 30 + "long.", False),
        ("The file %s could not be saved.", False),
        ("The file %(name)s could not be saved.", False),
        ("The file {name} could not be saved.", False),
        ("The <b>file</b> could not be saved.", False),
        ("The file could not\nbe saved again.", False),
        ("See https://example.org for all the details.", False),
        ("See www.example.org for all the details.", False),
        ("The file &amp; folder could not be saved.", False),
        ("Use the ``--force`` option to save it anyway.", False),
    ],
)
def test_source_filter(text: str, kept: bool) -> None:
    assert is_source_sentence(text) is kept


@pytest.mark.parametrize(
    ("text", "code", "kept"),
    [
        ("Die Datei konnte nicht gespeichert werden.", "de", True),
        ("无法保存该文件。", "zh", True),
        ("تعذر حفظ الملف.", "ar", True),
        ("Файл не вдалося зберегти.", "uk", True),
        ("Не вдалося зберегти Weblate, GitHub.", "uk", True),  # names keep their script
        (GOOD, "de", False),  # not translated
        ("The file could not be saved!", "ru", False),  # wrong script
        ("", "de", False),
        ("Die Datei %s konnte nicht gespeichert werden.", "de", False),
        ("Die Datei konnte nicht gespeichert werden", "de", False),  # no end
        ("Die Datei " * 20 + ".", "de", False),  # something else is said, too
    ],
)
def test_translation_filter(text: str, code: str, kept: bool) -> None:
    assert is_translation(text, GOOD, code) is kept


def test_read_catalogue(tmp_path: Path) -> None:
    german: dict[str | tuple[str, str], str | tuple[str, str]] = {
        GOOD: "Die Datei konnte nicht gespeichert werden.",
        ("One file could not be saved.", "%(n)s files could not be saved."): ("Eine Datei …", "Dateien …"),
        "Save": "Speichern",
        "This one has been translated twice.": "Dies ist zweimal übersetzt worden.",
    }
    files = {
        "a/locale/de/LC_MESSAGES/django.mo": tiny.catalogue(german),
        "b/locale/zh_CN/LC_MESSAGES/django.mo": tiny.catalogue({GOOD: "无法保存此文件。"}, "zh"),
        "a/locale/zh_Hans/LC_MESSAGES/django.mo": tiny.catalogue({GOOD: "无法保存该文件。"}, "zh"),
        "a/locale/de_AT/LC_MESSAGES/django.mo": tiny.catalogue({GOOD: "Das soll niemand lesen, bitte."}),
    }
    path, _ = tiny.wheel(tmp_path, "a", "1.0", files)
    found = read_catalogue(path, "a", ["en", "de", "zh"])
    assert [s.sources for s in found] == [
        {"en": GOOD, "de": german[GOOD], "zh": "无法保存该文件。"},  # the preferred locale's
        {"en": "This one has been translated twice.", "de": "Dies ist zweimal übersetzt worden."},
    ]


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    path, _ = tiny.wheel(tmp_path, "a", "1.0", {"a/locale/de/LC_MESSAGES/x.mo": tiny.catalogue({"Save": "Speichern"})})
    with pytest.raises(InputError, match="no sentence of package 'a' is left after filtering for en, de"):
        read_catalogue(path, "a", ["en", "de"])


def test_damaged_files_are_errors(tmp_path: Path) -> None:
    path, _ = tiny.wheel(tmp_path, "a", "1.0", {"a/locale/de/LC_MESSAGES/x.mo": b"no catalogue"})
    with pytest.raises(InputError, match=r"x\.mo: not a gettext catalogue"):
        read_catalogue(path, "a", ["en", "de"])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="not a wheel"):
        read_catalogue(path, "a", ["en", "de"])


def compiled(
    header: str,
    charset: str = "utf-8",
    order: str = "<",
    text: str = "Die Gr\u00f6\u00dfe konnte nicht gespeichert werden.",
) -> bytes:
    """Return a compiled catalogue of one message, as msgfmt writes it, with whatever header."""
    pairs = [(b"", header.encode()), (GOOD.encode(), text.encode(charset))]
    start, tables, texts = 28 + 16 * len(pairs), [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack(f"{order}2I", len(pair[side]), start + len(texts))
            texts += pair[side] + b"\0"
    head = struct.pack(f"{order}7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return head + b"".join(tables) + texts


@pytest.mark.parametrize(
    ("header", "charset"),
    [
        ("PO-Revision-Date: YEAR-MO-DA HO:MI+ZONE\nContent-Type: text/plain; charset=UTF-8\n", "utf-8"),
        ("POT-Creation-Date: 31 February, in the evening\nPlural-Forms: nplurals=?; plural=maybe;\n", "utf-8"),
        ("Language: none_OF_yours\nContent-Type: text/plain; charset=CHARSET\n", "utf-8"),
        ("Content-Type: text/plain; charset=hex\n", "utf-8"),
        ("no colon\n: no key\n", "utf-8"),
        ("", "utf-8"),
        ("Content-Type: text/plain; charset=ISO-8859-1\n", "latin-1"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_catalogue_is_read_for_its_messages(tmp_path: Path, header: str, charset: str, order: str) -> None:
    data = compiled(header, charset, order)
    assert dict(read_messages(data, "x.mo").pairs)[GOOD] == "Die Gr\u00f6\u00dfe konnte nicht gespeichert werden."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (compiled("", "latin-1"), r"x\.mo: a damaged gettext catalogue \('utf-8' codec can't decode"),
        (compiled("charset=utf-7", text="+2AA- no"), r"x\.mo: a damaged gettext catalogue \(.*surrogates not allowed"),
        (compiled("")[:70], r"x\.mo: a damaged gettext catalogue"),
        (b"", r"x\.mo: not a gettext catalogue"),
    ],
)
def test_what_cannot_be_read_of_a_catalogue_is_one_line(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as found:
        read_messages(data, "x.mo")
    assert "\n" not in str(found.value)


RUSSIAN = "Этот файл не был сохранён на диске."
GERMAN = "Die Datei ist nicht auf der Platte, die in dem Rechner ist."
FRENCH = "Le fichier n'est pas sur le disque de la machine."


@pytest.mark.parametrize("charset", ["ISO-8859-5", "windows-1251", "koi8-r", "ISO-8859-1", "CHARSET"])
def test_utf_8_is_read_as_such_whatever_the_header_says(charset: str) -> None:
    data = compiled(f"Content-Type: text/plain; charset={charset}\n", text=RUSSIAN)
    assert read_messages(data, "x.mo").pairs == [(GOOD, RUSSIAN)]


def test_what_is_called_latin_1_is_windows_1252() -> None:
    data = compiled("Content-Type: text/plain; charset=ISO-8859-1\n", "cp1252", text="Die „Größe“ – nicht da.")
    assert read_messages(data, "x.mo").pairs == [(GOOD, "Die „Größe“ – nicht da.")]


@pytest.mark.parametrize(
    ("code", "header", "text", "charset", "message"),
    [
        ("ru", "charset=windows-1251\n", RUSSIAN, "koi8-r", "it is not in windows-1251, .* but rather in koi8-u"),
        ("ru", "charset=ISO-8859-5\n", RUSSIAN, "cp1251", "it is not in ISO-8859-5, .* but rather in cp1251"),
        ("ru", "", GERMAN, "utf-8", "most of its letters are not of Russian's script"),
        ("de", "Language: fr\n", FRENCH, "utf-8", "it says that it is French, not German"),
        ("de", "Language: fr_FR\n", GERMAN, "utf-8", ""),  # a header that was copied
        ("de", "Language: German\n", GERMAN, "utf-8", ""),
        ("ru", "Language: ru\ncharset=koi8-r\n", RUSSIAN, "koi8-r", ""),
    ],
)
def test_a_catalogue_that_is_not_what_it_says_is_left_out_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str, header: str, text: str, charset: str, message: str
) -> None:
    good = tiny.catalogue({"This one has been translated twice.": "Dies ist zweimal übersetzt worden."})
    files = {
        f"a/locale/{code}/LC_MESSAGES/x.mo": compiled(header, charset, text=text),
        "b/locale/de/LC_MESSAGES/y.mo": good,
    }
    path, _ = tiny.wheel(tmp_path, "a", "1.0", files)
    with caplog.at_level(logging.WARNING):
        found = read_catalogue(path, "a", ["en", "de", code])
    assert len(found) == (1 if message else 2)
    if message:
        (line,) = [record.getMessage() for record in caplog.records]
        assert re.search(rf"a/locale/{code}/LC_MESSAGES/x\.mo: left out, as {message}", line) and "\n" not in line


def test_much_text_of_another_language_needs_no_header(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    french: dict[str | tuple[str, str], str | tuple[str, str]] = {
        f"This is sentence {n} of all these.": FRENCH.replace("machine", f"machine {n}") for n in range(9)
    }
    files = {
        "a/locale/de/LC_MESSAGES/x.mo": tiny.catalogue(french),
        "b/locale/de/LC_MESSAGES/y.mo": tiny.catalogue({GOOD: GERMAN}),
    }
    path, _ = tiny.wheel(tmp_path, "a", "1.0", files)
    assert [s.english for s in read_catalogue(path, "a", ["en", "de"])] == [GOOD]
    assert "a/locale/de/LC_MESSAGES/x.mo: left out, as its text is French, not German" in caplog.text


@pytest.mark.parametrize(
    "text", ["Die Gr\u00c3\u00b6\u00c3\u0178e ist weg.", "Die Gr\ufffd\ufffde ist weg.", "\u200b", "\u3164."]
)
def test_a_message_that_was_garbled_is_no_translation(text: str) -> None:
    assert not is_translation(text, GOOD, "de")


def test_without_a_stop_list_the_script_alone_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [FRENCH] * 20
    assert other_language(texts, "de") and other_language(texts, "ru")
    monkeypatch.setattr("prefixyarn.data.which_language.function_words", lambda code: frozenset())
    assert not other_language(texts, "de", "fr") and other_language(texts, "ru")
