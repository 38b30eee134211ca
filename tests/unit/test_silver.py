from pathlib import Path

import pytest

from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, language
from prefixyarn.tasks.tagging import silver
from prefixyarn.tasks.tagging.treebanks import UPOS, read_conllu


@pytest.mark.parametrize(
    ("code", "tagged"),
    [
        ("de", "Die/DET Datei/NOUN kann/AUX nicht/PART gespeichert/VERB werden/AUX ./PUNCT"),
        ("de", "Ich/PRON habe/VERB ein/DET großes/ADJ Haus/NOUN in/ADP Berlin/PROPN ./PUNCT"),
        ("de", "Ich/PRON habe/AUX es/PRON gelesen/VERB ,/PUNCT weil/SCONJ es/PRON neu/ADJ ist/AUX ./PUNCT"),
        ("de", "Er/PRON wird/VERB Lehrer/NOUN ;/PUNCT er/PRON wird/AUX im/ADP Mai/NOUN kommen/VERB ./PUNCT"),
        ("ru", "Файл/NOUN не/PART был/AUX сохранён/VERB ./PUNCT"),
        ("ru", "Его/DET имя/NOUN слишком/ADV длинное/ADJ ,/PUNCT и/CCONJ я/PRON вижу/VERB его/PRON ./PUNCT"),
        ("ru", "Этот/DET город/NOUN —/PUNCT Москва/PROPN ;/PUNCT это/PRON было/AUX в/ADP 1990/ADJ году/NOUN ./PUNCT"),
        ("ru", "У/ADP него/PRON есть/VERB 12/NUM книг/NOUN и/CCONJ Windows/X XP/X ./PUNCT"),
        ("uk", "Ми/PRON вже/ADV зберегли/VERB цей/DET файл/NOUN ./PUNCT"),
        ("uk", "Об’єкт/NOUN ,/PUNCT який/DET був/AUX у/ADP Києві/PROPN ./PUNCT"),
        ("fr", "L'/DET utilisateur/NOUN n'/ADV est/AUX pas/ADV à/ADP Paris/PROPN ./PUNCT"),
        ("fr", "Le/DET nom/NOUN du/ADP fichier/NOUN contient/VERB des/DET espaces/NOUN ./PUNCT"),
        ("fr", "Y/PRON a/VERB -t/PART -il/PRON 3/NUM fichiers/NOUN ?/PUNCT"),
        ("pt", "O/DET arquivo/NOUN está/AUX no/ADP servidor/NOUN e/CCONJ tornou/VERB -se/PRON grande/ADJ ./PUNCT"),
        ("zh", "这/PRON 是/AUX 文件/NOUN 的/PART 名字/NOUN 吗/PART ？/PUNCT"),
    ],
)
def test_obvious_sentences(code: str, tagged: str) -> None:
    pairs = [pair.rsplit("/", 1) for pair in tagged.split()]
    assert silver.tag([word for word, _ in pairs], code) == [upos for _, upos in pairs]


@pytest.mark.parametrize("code", silver.tagged_codes())
def test_form_decides_first(code: str) -> None:
    words = ["%", "“", "...", "http://example.org/a?b", "a.b@example.org", "«", "€", "-", "？"]
    assert silver.tag(words, code) == ["SYM", "PUNCT", "PUNCT", "SYM", "SYM", "PUNCT", "SYM", "PUNCT", "PUNCT"]


@pytest.mark.parametrize("code", silver.tagged_codes())
def test_any_word_has_a_tag(code: str) -> None:
    words = ["a", "'s", "_", "1.000,5", "3-й", "\u0301", "Ω", "的", "x-", "-", "🙂", "ẞ", "qzxv", "O’Neill"]
    tags = silver.tag(words, code)
    assert len(tags) == len(words)
    assert {*tags} <= {*UPOS}
    assert silver.tag([], code) == []


def test_unknown_language() -> None:
    with pytest.raises(InputError, match=r"tagging\.languages: no silver tagger for 'ar'.* de, fr, zh, pt, uk, ru"):
        silver.tag(["كتاب"], "ar")
    with pytest.raises(InputError, match=r"tagging\.languages: no silver tagger for 'xx'"):
        silver.tokenize("x", "xx")


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silver, "_version", lambda package: None if package == "pymorphy3-dicts-ru" else "1")
    with pytest.raises(InputError, match=r"for 'ru' needs .*\(pip install pymorphy3-dicts-ru\)"):
        silver.tag(["Файл"], "ru")
    assert "pymorphy3-dicts-ru" not in silver.versions()


@pytest.mark.parametrize(
    ("code", "text", "tokens"),
    [
        ("de", "Sie ist im Ordner „E-Mail“ (am 12. Mai).", "Sie ist im Ordner „ E-Mail “ ( am 12. Mai ) ."),
        ("de", "Das sind 3,5 % von 12.", "Das sind 3,5 % von 12 ."),
        ("de", "Z. B. Dr. Meier usw. ...", "Z. B. Dr. Meier usw. ..."),
        ("fr", "L’utilisateur n'a-t-il pas aujourd'hui…", "L’ utilisateur n' a -t -il pas aujourd'hui …"),
        ("fr", "Qu'est-ce que c'est-à-dire du fichier ?", "Qu' est -ce que c'est-à-dire du fichier ?"),
        (
            "fr",
            "Le rendez-vous de Jean-Claude, donnez-moi l'heure",
            "Le rendez-vous de Jean-Claude , donnez -moi l' heure",
        ),
        ("pt", "Tornou-se no guarda-chuva.", "Tornou -se no guarda-chuva ."),
        ("ru", "Из-за этого в 2009 г. файл «имя» удалён!", "Из-за этого в 2009 г. файл « имя » удалён !"),
        ("uk", "Об'єкт не знайдено: див. http://a.ua/b.", "Об'єкт не знайдено : див . http://a.ua/b ."),
        ("zh", "无法 保存文件。", "无法 保存 文件 。"),
        ("ru", " \n\u00a0", ""),
    ],
)
def test_tokenize(code: str, text: str, tokens: str) -> None:
    assert silver.tokenize(text, code) == tokens.split()


@pytest.mark.parametrize("code", silver.tagged_codes())
def test_tokenize_loses_nothing_but_white_space(code: str) -> None:
    text = "Ab’c d'e-t-il\u00a0(x@y.z), 1\u202f000 т.д.,\t№5 — c'est-à-dire: 文件名😀e\u0301!?..a_b\u200bc ''q`` www."
    tokens = silver.tokenize(text, code)
    assert "".join(tokens) == "".join(text.split())
    assert all(token.split() == [token] for token in tokens)


def test_versions() -> None:
    versions = silver.versions()
    assert {name for own in LANGUAGES.values() for name in own.silver_packages} == {*versions}
    assert all(versions.values())


@pytest.mark.mirror
@pytest.mark.parametrize("code", silver.tagged_codes())
def test_agrees_with_gold_tags(code: str, mirror: Path) -> None:
    name, stem = language(code).treebanks[0]
    sentences = read_conllu(mirror / "ud-treebanks-v2.5" / name / f"{stem}-ud-dev.conllu")[:300]
    gold = [upos for sentence in sentences for upos in sentence.tags]
    ours = [upos for sentence in sentences for upos in silver.tag(sentence.words, code)]
    assert sum(map(str.__eq__, ours, gold)) / len(gold) >= 0.85
