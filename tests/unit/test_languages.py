import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from lingua import IsoCode639_1
from sacrebleu.metrics import BLEU

from prefixyarn.data.official import flores_file, muse_files, treebank_files
from prefixyarn.data.words import function_words, words
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, SCRIPTS, Direction, Language, Treebank, language, mostly_in_script
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.prompts import Prompt
from prefixyarn.tasks.tagging import silver


def test_the_papers_languages_are_known() -> None:
    assert {"en", "de", "fr", "zh", "pt", "uk", "ru", "ar"} <= set(LANGUAGES)
    assert language("zh").bleu == "zh" and language("zh").join == ""


@pytest.mark.parametrize("own", LANGUAGES.values(), ids=LANGUAGES)
def test_an_entry_is_complete_for_what_it_claims(own: Language) -> None:
    assert LANGUAGES[own.code] is own and own.name and own.native and own.heading and own.gettext
    assert mostly_in_script(own.heading, own.code)
    assert mostly_in_script(own.native, own.code)
    assert own.cased == any(unicodedata.category(char) in ("Lu", "Ll") for char in own.native)
    _, script = own.flores.split("_")
    assert own.script == script and script in SCRIPTS
    assert bool(own.segmenter) == (own.join == ""), "what has no spaces between words has none before an answer"
    assert own.segmenter in ("", "jieba") and own.bleu in BLEU.TOKENIZERS
    # Libraries that know a language by its code.
    assert hasattr(IsoCode639_1, own.code.upper()) and len(function_words(own.code)) > 30
    assert all(bank.folder.startswith("UD_") and bank.stem.startswith(f"{own.code}_") for bank in own.treebanks)
    assert bool(own.silver) == bool(own.silver_packages)
    if own.silver:
        assert own.silver in silver.TAGGERS and own.treebanks, "a treebank measures the tagger"
        assert bool(own.silver_model) == own.silver.startswith("ripple")
    assert all(0 < share < 100 for share in own.pretraining_share.values())


def test_no_two_languages_are_the_same() -> None:
    for key in ("code", "name", "native", "heading", "flores", "gettext"):
        listed = [getattr(own, key) for own in LANGUAGES.values()]
        assert len(listed) == len(set(listed)), key


@pytest.mark.parametrize("own", [o for o in LANGUAGES.values() if o.example], ids=lambda own: own.code)
def test_names_and_examples_are_in_the_language(own: Language) -> None:
    assert mostly_in_script(own.example, own.code)
    assert own.example[0].isupper() == own.cased and own.example.endswith((".", "。"))
    # Letters of another language's alphabet would be a copy of its entry.
    assert LanguageDetector(list(LANGUAGES)).detect(f"{own.heading}. {own.example}") == own.code


def test_every_tagger_has_a_language() -> None:
    assert {own.silver for own in LANGUAGES.values()} - {""} == {*silver.TAGGERS}


def test_published_shares_of_pretraining_text() -> None:
    shares = {code: own.pretraining_share["llama-2"] for code, own in LANGUAGES.items() if own.pretraining_share}
    high = {"en": 89.70, "de": 0.17, "fr": 0.16, "sv": 0.15, "zh": 0.13, "es": 0.13, "ru": 0.13, "nl": 0.12, "it": 0.11}
    low = {"pl": 0.09, "pt": 0.09, "uk": 0.07, "ko": 0.06}
    extremely_low = {"ca": 0.04, "id": 0.03, "cs": 0.03, "fi": 0.03, "hu": 0.03, "nb": 0.03, "ro": 0.03}
    extremely_low |= {"bg": 0.02, "da": 0.02, "hr": 0.01, "sl": 0.01}
    assert shares == high | low | extremely_low


def test_a_new_language_is_an_entry_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    galician = Language(
        code="gl",
        name="Galician",
        native="Galego",
        heading="Tradución ao galego",
        script="Latn",
        elided="d",
        flores="glg_Latn",
        gettext=("gl",),
        treebanks=(Treebank("UD_Galician-CTG", "gl_ctg"),),
        silver="ripple",
        silver_packages=("rippletagger",),
        silver_model="UD_Galician",
    )
    assert "gl" not in LANGUAGES
    monkeypatch.setitem(LANGUAGES, "gl", galician)
    direction = Direction.parse("en-gl")
    prompt = Prompt("native", "{target_heading} ({target_language}, {target_native})\n{source}")
    assert prompt.fill("Yes.", direction) == "Tradución ao galego (Galician, Galego)\nYes."
    assert prompt.join(direction) == " "
    assert flores_file("gl", "dev") == "flores101_dataset/dev/glg.dev" and muse_files("gl-en") == ["muse/gl-en.txt"]
    assert treebank_files("gl")[0] == "ud-treebanks-v2.5/UD_Galician-CTG/gl_ctg-ud-train.conllu"
    assert words("d'usuario, aquí", "gl") == ["d'", "usuario", "aquí"]
    assert silver.tag(silver.tokenize("A casa é grande.", "gl"), "gl") == ["DET", "NOUN", "VERB", "ADJ", "PUNCT"]
    monkeypatch.setitem(LANGUAGES, "gl", replace(galician, flores101="gl_new"))
    assert flores_file("gl", "dev") == "flores101_dataset/dev/gl_new.dev"


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("dell'utente, qui", "it", ["dell'", "utente", "qui"]),
        ("l’usuari d'aquí", "ca", ["l’", "usuari", "d'", "aquí"]),
        ("an t-úsáideoir, b'fhéidir", "ga", ["an", "t-úsáideoir", "b'fhéidir"]),
        ("파일을 저장합니다.", "ko", ["파일을", "저장합니다"]),
        ("הקובץ נשמר.", "he", ["הקובץ", "נשמר"]),
    ],
)
def test_words_of_further_languages(text: str, code: str, expected: list[str]) -> None:
    assert words(text, code) == expected


def test_a_language_alone_is_answered_in_english_words() -> None:
    assert Direction.parse("fr") == Direction("fr", "en")


def test_codes_may_have_capitals() -> None:
    assert language("FR") is language("fr") and Direction.parse("EN-De") == Direction("en", "de")


@pytest.mark.parametrize("subset", ["xx", "en-en", "EN-en", "en-de-fr", "en-xx"])
def test_bad_directions_are_refused(subset: str) -> None:
    with pytest.raises(InputError):
        Direction.parse(subset)


def test_unknown_code_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown language code 'cn'.*en, de, fr, zh"):
        language("cn")


@pytest.mark.parametrize(
    ("given", "meant"),
    [("German", "de"), ("deutsch", "de"), ("Germann", "de"), ("zh-CN", "zh"), ("pt_BR", "pt"), ("dee", "de")],
)
def test_the_code_that_was_meant_is_named(given: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"unknown language code '{given}'.* Did you mean '{meant}'"):
        language(given)


@pytest.mark.parametrize("given", ["", " "])
def test_an_empty_code_is_said(given: str) -> None:
    with pytest.raises(InputError, match="a language code is empty"):
        language(given)


@pytest.mark.parametrize("given", [None, ["de"], 1.0])
def test_what_is_no_code_is_said(given: Any) -> None:
    with pytest.raises(InputError, match="language: expected one code, such as 'de'"):
        language(given)
