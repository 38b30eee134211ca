import unicodedata
from dataclasses import replace

import pytest
import stopwordsiso
from lingua import IsoCode639_1
from sacrebleu.metrics import BLEU

from prefixyarn.data.official import flores_file, muse_files, treebank_files
from prefixyarn.data.words import words
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, SCRIPTS, Direction, Language, Treebank, language, mostly_in_script
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
    assert hasattr(IsoCode639_1, own.code.upper()) and stopwordsiso.has_lang(own.code)
    assert all(bank.folder.startswith("UD_") and bank.stem.startswith(f"{own.code}_") for bank in own.treebanks)
    assert bool(own.silver) == bool(own.silver_packages)
    if own.silver:
        assert own.silver in silver.TAGGERS and own.treebanks, "a treebank measures the tagger"
        assert bool(own.silver_model) == own.silver.startswith("ripple")
    assert all(0 < share < 100 for share in own.pretraining_share.values())


def test_every_tagger_has_a_language() -> None:
    assert {own.silver for own in LANGUAGES.values()} - {""} == {*silver.TAGGERS}


def test_published_shares_of_pretraining_text() -> None:
    shares = {code: own.pretraining_share["llama-2"] for code, own in LANGUAGES.items() if own.pretraining_share}
    assert shares == {"en": 89.70, "de": 0.17, "fr": 0.16, "zh": 0.13, "pt": 0.09, "uk": 0.07, "ru": 0.13}


def test_a_new_language_is_an_entry_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    italian = Language(
        code="it",
        name="Italian",
        native="Italiano",
        heading="Traduzione in italiano",
        script="Latn",
        elided="l|dell",
        flores="ita_Latn",
        gettext=("it",),
        muse=True,
        treebanks=(Treebank("UD_Italian-ISDT", "it_isdt"),),
        silver="ripple",
        silver_packages=("rippletagger",),
        silver_model="UD_Italian",
    )
    monkeypatch.setitem(LANGUAGES, "it", italian)
    direction = Direction.parse("en-it")
    prompt = Prompt("native", "{target_heading} ({target_language}, {target_native})\n{source}")
    assert prompt.fill("Yes.", direction) == "Traduzione in italiano (Italian, Italiano)\nYes."
    assert prompt.join(direction) == " "
    assert flores_file("it", "dev") == "flores101_dataset/dev/ita.dev" and muse_files("it-en") == ["muse/it-en.txt"]
    assert treebank_files("it")[0] == "ud-treebanks-v2.5/UD_Italian-ISDT/it_isdt-ud-train.conllu"
    assert words("dell'utente, qui", "it") == ["dell'", "utente", "qui"]
    assert silver.tag(silver.tokenize("La casa è grande.", "it"), "it") == ["DET", "NOUN", "VERB", "ADJ", "PUNCT"]
    monkeypatch.setitem(LANGUAGES, "it", replace(italian, flores101="ita_new"))
    assert flores_file("it", "dev") == "flores101_dataset/dev/ita_new.dev"


def test_a_language_alone_is_answered_in_english_words() -> None:
    assert Direction.parse("fr") == Direction("fr", "en")


@pytest.mark.parametrize("subset", ["xx", "en-en", "en-de-fr", "EN-DE", "en-xx"])
def test_bad_directions_are_refused(subset: str) -> None:
    with pytest.raises(InputError):
        Direction.parse(subset)


def test_unknown_code_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown language code 'cn'.*en, de, fr, zh"):
        language("cn")
