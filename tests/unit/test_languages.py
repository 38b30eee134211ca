import pytest

from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, Direction, language


def test_the_papers_languages_are_known() -> None:
    assert {"en", "de", "fr", "zh", "pt", "uk", "ru", "ar"} <= set(LANGUAGES)
    assert language("zh").bleu == "zh" and language("zh").join == ""


def test_a_language_alone_is_answered_in_english_words() -> None:
    assert Direction.parse("fr") == Direction("fr", "en")


@pytest.mark.parametrize("unit", ["xx", "en-en", "en-de-fr", "EN-DE", "en-xx"])
def test_bad_directions_are_refused(unit: str) -> None:
    with pytest.raises(InputError):
        Direction.parse(unit)


def test_unknown_code_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown language code 'cn'.*en, de, fr, zh"):
        language("cn")
