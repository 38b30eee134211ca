import pytest

from prefixyarn.data.words import cased_like_start, function_words, is_function_word, words


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("The file can't be saved, 2 times.", "en", ["The", "file", "can't", "be", "saved", "times"]),
        ("L'utilisateur n’a qu'un e-mail.", "fr", ["L'", "utilisateur", "n’", "a", "qu'", "un", "e-mail"]),
        ("Aujourd'hui", "fr", ["Aujourd'hui"]),
        ("无法保存文件。", "zh", ["无法", "保存", "文件"]),
        ("Файл об'єкта не знайдено!", "uk", ["Файл", "об'єкта", "не", "знайдено"]),
        ("مُرحبا بكم، في البرنامج", "ar", ["مُرحبا", "بكم", "في", "البرنامج"]),
        ("… 12 %", "en", []),
        ('אמר: שָׁלוֹם לְצה"ל!', "he", ["אמר", "שָׁלוֹם", 'לְצה"ל']),
        ('הוא אמר "שלום"', "he", ["הוא", "אמר", "שלום"]),
        ("El col·legi · la casa", "ca", ["El", "col·legi", "la", "casa"]),
        ("هٰذا كتاب", "ar", ["هٰذا", "كتاب"]),
    ],
)
def test_words(text: str, code: str, expected: list[str]) -> None:
    assert words(text, code) == expected


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("The", "en"),
        ("don’t", "en"),
        ("l’", "fr"),
        ("der", "de"),
        ("les", "fr"),
        ("l'", "fr"),
        ("的", "zh"),
        ("de", "pt"),
        ("і", "uk"),
        ("не", "ru"),
        ("في", "ar"),
    ],
)
def test_function_words(word: str, code: str) -> None:
    assert is_function_word(word, code)


@pytest.mark.parametrize(("word", "code"), [("file", "en"), ("Datei", "de"), ("文件", "zh"), ("файл", "ru")])
def test_content_words(word: str, code: str) -> None:
    assert not is_function_word(word, code)


def test_every_language_has_function_words() -> None:
    assert all(len(function_words(code)) >= 50 for code in ("en", "de", "fr", "zh", "pt", "uk", "ru", "ar", "sw", "yo"))


@pytest.mark.parametrize(
    ("text", "source", "code", "expected"),
    [
        ("datei", "The file", "de", "Datei"),
        ("datei", "the file", "de", "datei"),
        ("файл", "The file", "ru", "Файл"),
        ("文件", "The file", "zh", "文件"),
        ("file", "文件", "en", "File"),  # the source's script has no capitals: a sentence starts with one
        ("", "The", "de", ""),
    ],
)
def test_capital_where_the_answer_would_start_with_one(text: str, source: str, code: str, expected: str) -> None:
    assert cased_like_start(text, source, code) == expected
