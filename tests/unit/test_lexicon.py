import json
import logging
import unicodedata
from pathlib import Path

import pytest

import tiny
from prefixyarn.data import lexicon
from prefixyarn.data.two_columns import read_two_columns
from prefixyarn.data.words import function_words, looked_up_words
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.priors.dictionary import pseudo_word


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("town 123\nwater 45\n", "line 1: '123' is no translation, nor are most of the others"),
        ("town\t#NAME?\n", "none of its 1 entries has a translation"),
        ("town город\nwater вода\n", "for en-de, but most of its words are not of German's script"),
        ("version https://git-lfs.github.com/spec/v1\noid x\n", "a pointer of git-lfs, not the file itself. Run 'git"),
    ],
)
def test_what_is_no_dictionary_of_the_direction_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_two_columns(tmp_path / "x.txt", "en", "de")


def test_function_words_tell_languages_of_one_script_apart(tmp_path: Path) -> None:
    french = sorted(function_words("fr") - function_words("de"))[:60]
    (tmp_path / "x.txt").write_text("".join(f"the\t{word}\n" for word in french), encoding="utf-8")
    with pytest.raises(InputError, match="for en-de, but its words are French, not German"):
        read_two_columns(tmp_path / "x.txt", "en", "de")
    assert len(read_two_columns(tmp_path / "x.txt", "en", "fr")["the"]) == 60


def test_notes_and_what_is_no_translation_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "x.txt").write_text("town [place]\tStadt {f}\nlift\tAufzug (Br.)\nriver\t#N/A\nwater\t-\n")
    assert read_two_columns(tmp_path / "x.txt", "en", "de") == {"lift": [("Aufzug", 1)], "town": [("Stadt", 1)]}
    assert "notes in brackets are taken off in 2 lines" in caplog.text
    assert "2 of 4 entries have no translation and are left out, the first one in line 3" in caplog.text


def test_toy_corpus_gives_the_known_dictionary() -> None:
    corpus = tiny.parallel(seed=1, n=300)
    german = lexicon.induce([(e, g) for e, g, _ in corpus], "en", "de")
    chinese = lexicon.induce([(e, z) for e, _, z in corpus], "en", "zh")
    for english, (in_german, in_chinese) in {**tiny.NOUNS, **tiny.VERBS}.items():
        assert german[english][0][0] == in_german  # nouns with their capital, though some sentences start with them
        assert chinese[english][0][0] == in_chinese
    for entries in german.values():
        assert sum(p for _, p in entries) == pytest.approx(1)
        assert [p for _, p in entries] == sorted((p for _, p in entries), reverse=True)


def test_words_seen_once_are_left_out() -> None:
    assert "house" not in lexicon.induce(
        [("the house", "das Haus"), ("the car", "das Auto"), ("the car", "das Auto")], "en", "de"
    )


def test_no_sentences_is_an_error() -> None:
    with pytest.raises(InputError, match="no training sentences in en-de"):
        lexicon.induce([], "en", "de")


def test_two_columns_by_space_or_tab(tmp_path: Path) -> None:
    path = tmp_path / "en-de.txt"
    path.write_text("file datei\nfile akte\nfile datei\n\nNew\tneu\n")
    assert read_two_columns(path, "en", "de") == {"file": [("datei", 0.5), ("akte", 0.5)], "new": [("neu", 1.0)]}


@pytest.mark.parametrize("line", ["alone", "one two three", "tab\t", "\ttab", "a\tb\tc"])
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "en-de.txt"
    path.write_text(f"file datei\n{line}\n")
    with pytest.raises(InputError, match=r"en-de\.txt, line 2: expected 'source target'"):
        read_two_columns(path, "en", "de")


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "en-de.txt"
    path.write_bytes("file datei\nname größe\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"en-de\.txt, line 2: not UTF-8"):
        read_two_columns(path, "en", "de")


def test_an_empty_dictionary_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("\n")
    with pytest.raises(InputError, match="empty"):
        read_two_columns(tmp_path / "x.txt", "en", "de")


def test_pivot_sums_over_the_shared_language() -> None:
    first = {"haus": [("house", 0.5), ("home", 0.5)], "x": [("unknown", 1.0)]}
    second = {"house": [("maison", 1.0)], "home": [("maison", 0.5), ("foyer", 0.5)]}
    assert lexicon.pivot(first, second) == {"haus": [("maison", 0.75), ("foyer", 0.25)]}


def test_files_direct_or_through_english(tmp_path: Path) -> None:
    for name in ("en-de", "de-en", "en-fr"):
        (tmp_path / f"{name}.txt").write_text("a b\n")
    assert [p.name for p in lexicon.dictionary_files(tmp_path, "en", "de")] == ["en-de.txt"]
    assert [p.name for p in lexicon.dictionary_files(tmp_path, "de", "fr")] == ["de-en.txt", "en-fr.txt"]
    with pytest.raises(
        InputError, match=r"no dictionary for en-zh: expected a file en-zh\.txt, and found de-en\.txt, en-"
    ):
        lexicon.dictionary_files(tmp_path, "en", "zh")
    with pytest.raises(InputError, match=r"a file de-zh\.txt \(or both de-en\.txt and en-zh\.txt\), and found de-en"):
        lexicon.dictionary_files(tmp_path, "de", "zh")
    with pytest.raises(InputError, match="found nothing$"):
        lexicon.dictionary_files(tmp_path / "none", "en", "zh")


def test_own_format_survives_and_names_bad_lines(tmp_path: Path) -> None:
    made = {"file": [("datei", 0.75), ("akte", 0.25)], "new": [("neu", 1.0)]}
    lexicon.write(tmp_path / "x.tsv", made)
    assert lexicon.read(tmp_path / "x.tsv") == made
    (tmp_path / "x.tsv").write_text("file\tdatei\t1.0\nfile\tdatei\n")
    with pytest.raises(InputError, match=r"x\.tsv, line 2"):
        lexicon.read(tmp_path / "x.tsv")


@pytest.mark.mirror
def test_real_muse_files_are_read_and_pivot(mirror: Path) -> None:
    direct = lexicon.read_dictionaries(lexicon.dictionary_files(mirror / "muse", "en", "de"), Direction("en", "de"))
    assert "haus" in [t.lower() for t, _ in direct["house"]]
    pivoted = lexicon.read_dictionaries(lexicon.dictionary_files(mirror / "muse", "de", "fr"), Direction("de", "fr"))
    assert "maison" in [t for t, _ in pivoted["haus"]]


def test_a_task_without_files_has_an_empty_dictionary(tmp_path: Path) -> None:
    assert lexicon.make(Direction("en", "sw"), True, [], tmp_path / "lock.json") == {}
    assert list(tmp_path.iterdir()) == []


def test_dictionaries_of_muse_are_those_of_the_lock_file(tmp_path: Path) -> None:
    for name in ("de-en", "en-zh"):
        path = tmp_path / "muse" / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("Haus house\n" if name == "de-en" else "house 房子\n")
    files, lock = [tmp_path / "muse/de-en.txt", tmp_path / "muse/en-zh.txt"], tmp_path / "lock.json"
    assert lexicon.make(Direction("de", "zh"), False, files, lock) == {"haus": [("房子", 1.0)]}
    assert json.loads(lock.read_text())["files"].keys() == {"muse/de-en.txt", "muse/en-zh.txt"}
    files[0].write_text("Haus home\n")
    with pytest.raises(InputError, match="its SHA-256 is"):
        lexicon.make(Direction("de", "zh"), False, files, lock)


WORDS = [("harbour", "Hafen"), ("bakery", "B\u00e4ckerei"), ("bridge", "Br\u00fccke"), ("caf\u00e9", "Caf\u00e9")]
CLEAN = "".join(f"{source} {target}\n" for source, target in WORDS)


@pytest.mark.parametrize(
    "text",
    [
        CLEAN,
        "\ufeff" + CLEAN,
        CLEAN.replace("\n", "\r\n"),
        CLEAN.replace("\n", "\r"),
        CLEAN.replace(" ", "\t"),
        CLEAN.replace(" ", "\u00a0"),
        CLEAN.replace(" ", "\u3000"),
        CLEAN.replace(" ", " \t"),
        unicodedata.normalize("NFD", CLEAN),
        CLEAN.replace("ar", "a\u00adr").replace("H", "\u200bH").replace("k", "\u2060k\u200e"),
        CLEAN.replace("\n", "\n\u2028\n"),
        CLEAN.replace("harb", "h\ufeffarb"),
    ],
)
def test_what_cannot_be_seen_does_not_make_another_word(tmp_path: Path, text: str) -> None:
    (tmp_path / "en-de.txt").write_bytes(text.encode())
    found = read_two_columns(tmp_path / "en-de.txt", "en", "de")
    assert {source: entries[0][0] for source, entries in found.items()} == dict(WORDS)
    lexicon.write(tmp_path / "en-de.tsv", found)
    read = lexicon.read(tmp_path / "en-de.tsv")
    for word in ("Caf\u00e9", "cafe\u0301", "ca\u00adf\u00e9"):
        assert lexicon.lookup(read, word) == [("Caf\u00e9", 1.0)]
    prior = pseudo_word("Cafe\u0301 open", Direction("en", "de"), read)
    assert prior.text == "Caf\u00e9"


def test_a_no_break_space_is_within_a_word(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("York New\u00a0York\n", encoding="utf-8")
    assert read_two_columns(tmp_path / "x.txt", "en", "de") == {"york": [("New York", 1.0)]}


def test_pairs_of_both_forms_make_one_entry() -> None:
    pairs = [
        ("the caf\u00e9", "das Haus"),
        ("the cafe\u0301", "das Haus"),
        ("the car", "das Auto"),
        ("the car", "das Auto"),
    ]
    found = lexicon.induce(pairs, "en", "de")
    assert found["caf\u00e9"][0][0] == "Haus" and "cafe\u0301" not in found


def test_what_is_no_dictionary_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "muse/en-de.txt"
    path.parent.mkdir()
    path.write_text("<html>Please log in to this network</html>\n")
    with pytest.raises(InputError, match="line 1: expected 'source target'"):
        lexicon.make(Direction("en", "de"), False, [path], tmp_path / "lock.json")
    assert not (tmp_path / "lock.json").exists()


@pytest.mark.parametrize(
    "text",
    [
        "house,\tHaus\ncar;\tAuto\n",
        "house, Haus\ncar, Auto\n",
        '"house"\t"Haus"\n"car"\t"Auto"\n',
        '"house","Haus"\n"car","Auto"\n',
        "\u201chouse\u201d \u201eHaus\u201c\n\u00abcar\u00bb \u00abAuto\u00bb\n",
        "'house'\tHaus\n(car)\tAuto\n",
        "house: Haus\ncar: Auto\n",
        "sep=;\r\nhouse;Haus\r\ncar;Auto\r\n",
        '"sep=,"\nhouse,Haus\ncar,Auto\n',
        "house;Haus\ncar;Auto\n",
        "house\tHaus\t\t\ncar\tAuto\t\t\n",
        "English\tGerman\nhouse\tHaus\ncar\tAuto\n",
        "\ufeffsep=\t\nSource\tTarget\nhouse\tHaus\ncar\tAuto\n",
        "en;de\nhouse;Haus\ncar;Auto\n",
        "\uff48\uff4f\uff55\uff53\uff45 Haus\ncar Auto\n",
        "house\x00\tHaus\ncar\tAuto\x07\n",
        "house，Haus\ncar，Auto\n",
        "HOUSE Haus\n\u200bcar\u2060 Auto\n\u200b\n\u3164\n",
    ],
)
def test_what_a_table_obviously_means_is_read(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "x.txt").write_bytes(text.encode())
    with caplog.at_level(logging.INFO):
        found = read_two_columns(tmp_path / "x.txt", "en", "de")
    assert [lexicon.lookup(found, word) for word in ("House", "car")] == [[("Haus", 1.0)], [("Auto", 1.0)]]
    assert "can be looked up" not in caplog.text and not lexicon.lookup(found, "english")


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("German Deutsch\nhouse Haus\n", {"german": "Deutsch"}),  # no heads: one language's two names
        ("source Quelle\nhouse Haus\n", {"source": "Quelle"}),
        ('5" 5"\nhouse\tHaus\n', {}),
        ('old\tdas "alte"\nhouse\tHaus\n', {"old": 'das "alte"'}),
    ],
)
def test_what_looks_like_a_table_is_not_taken_for_one(tmp_path: Path, text: str, entries: dict[str, str]) -> None:
    (tmp_path / "x.txt").write_text(text)
    found = read_two_columns(tmp_path / "x.txt", "en", "de")
    for source, target in {**entries, "house": "Haus"}.items():
        assert lexicon.lookup(found, source) == [(target, 1.0)]


def test_entries_that_no_word_meets_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "x.txt"
    path.write_text("house\tHaus\nlog in\tanmelden\n42\tzweiundvierzig\n")
    with caplog.at_level(logging.INFO):
        read_two_columns(path, "en", "de")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"{path}: 1 of 3 entries can be looked up; ") and line.endswith("in line 2, 'log in'")
    path.write_text("1\thouse\n2\tcar\n")
    with pytest.raises(InputError, match="none of its 2 entries can be looked up, .* as English text has them: line 1"):
        read_two_columns(path, "en", "de")


# A word as the text has it, the entry, the language: they meet, whichever of the two is which.
MEET = [
    ("İstanbul", "istanbul", "tr"),
    ("ISPARTA", "Isparta", "tr"),
    ("Irmak", "ırmak", "tr"),
    ("שָׁלוֹם", "שלום", "he"),
    ("צה״ל", 'צה"ל', "he"),
    ("בית־ספר", "בית-ספר", "he"),
    ("هٰذا", "هذا", "ar"),
    ("كِتَابٌ", "كتاب", "ar"),
    ("كتـــاب", "كتاب", "ar"),
    ("ﻛﺘﺎﺏ", "كتاب", "ar"),
    ("col·legi", "co\u0140legi", "ca"),
    ("e\u2011mail", "e-mail", "en"),
    ("e\u2010mail", "e-mail", "en"),
    ("don\u2019t", "don't", "en"),
    ("don\u00b4t", "don't", "en"),
    ("об\u02bcєкт", "об'єкт", "uk"),
    ("во́да", "вода", "ru"),
    ("ещё", "еще", "ru"),
    ("STRASSE", "Straße", "de"),
    ("\ufb01le", "file", "en"),
    ("ΛΟΓΟΣ", "λόγος", "el"),
    ("ţară", "țară", "ro"),
    ("کتاب", "كتاب", "ar"),
    ("l\u2019", "l'", "fr"),
]


@pytest.mark.parametrize(("one", "other", "code"), MEET)
def test_a_word_meets_its_entry_whichever_way_either_is_written(
    tmp_path: Path, one: str, other: str, code: str
) -> None:
    for text, entry in ((one, other), (other, one)):
        (tmp_path / "x.txt").write_text(f"{entry}\tX\nother\tY\n", encoding="utf-8")
        found = read_two_columns(tmp_path / "x.txt", code, "de")
        elided = text.endswith(("'", "\u2019"))  # stands before another word
        words = looked_up_words(f"({text}amie)." if elided else f"({text}).", code)
        assert lexicon.lookup(found, words[0]) == [("X", 1.0)] and len(words) == 1 + elided, (text, entry)


def test_an_entry_of_the_words_own_form_comes_first(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("sınır border\nsinir nerve\nвсе all\nвсё everything\n", encoding="utf-8")
    found = read_two_columns(tmp_path / "x.txt", "tr", "de")
    assert [lexicon.lookup(found, word)[0][0] for word in ("Sınır", "sinir", "все", "Всё")] == [
        *("border", "nerve", "all", "everything"),
    ]


def test_a_cell_may_list_translations(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("house\tHaus, Gebäude\ncar\tAuto;Wagen\ncost\t1,50\n", encoding="utf-8")
    found = read_two_columns(tmp_path / "x.txt", "en", "de")
    assert found == {
        "house": [("Haus", 0.5), ("Gebäude", 0.5)],
        "car": [("Auto", 0.5), ("Wagen", 0.5)],
        "cost": [("1,50", 1.0)],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("house\tHaus\ncaf\u00c3\u00a9\tCaf\u00c3\u00a9\n", "line 2: was decoded wrongly once"),
        ("x" * 200_000 + "\tx\t" + "y" * 200_000 + "\nhouse\tHaus\n", "line 1: expected 'source target'"),
        ("house\tnoun\tHaus\n", "line 1: expected 'source target'"),
    ],
)
def test_what_is_no_table_of_two_columns_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as found:
        read_two_columns(tmp_path / "x.txt", "en", "de")
    assert "\n" not in str(found.value) and len(str(found.value)) < 400
