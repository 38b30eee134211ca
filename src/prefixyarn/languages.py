"""The table of languages: codes, names, scripts and what each needs for reading and scoring."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass

from prefixyarn.errors import InputError


@dataclass(frozen=True)
class Language:
    """One language.

    Attributes:
        code: ISO 639-1 code.
        name: English name, as it is written in prompts.
        native: The language's own name for itself.
        heading: "Translation into <language>" in that language, for prompts in the target language.
        script: ISO 15924 code of the script that its text is written in.
        gettext: Locale folders of gettext catalogues, most preferred first.
        described: Name of the language in Debian's translated package descriptions; empty where there are none.
        crosssum: Name of the language in CrossSum's files; empty where it has none.
        bleu: Name of the sacrebleu tokenizer for text in this language.
        flores: Code of FLORES-200 and of NLLB's tokenizer: ISO 639-3 and script.
        join: What stands between a prompt's last character and the answer.
        cased: Whether the script has capital letters.
    """

    code: str
    name: str
    native: str
    heading: str
    script: str
    gettext: tuple[str, ...]
    flores: str
    described: str = ""
    crosssum: str = ""
    bleu: str = "13a"
    join: str = " "
    cased: bool = True


LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language("en", "English", "English", "Translation into English", "Latn", ("en",), "eng_Latn", "en", "english"),
        Language("de", "German", "Deutsch", "Übersetzung ins Deutsche", "Latn", ("de",), "deu_Latn", "de"),
        Language("fr", "French", "Français", "Traduction en français", "Latn", ("fr",), "fra_Latn", "fr", "french"),
        # Chinese puts no space after a colon. With one, the bare space piece is the first token of a
        # quarter of the answers (Gemma's tokenizer), and a prior of one token would say nothing.
        Language(
            "zh",
            "Chinese",
            "中文",
            "中文翻译",
            "Hans",
            ("zh_Hans", "zh_CN"),
            "zho_Hans",
            "zh_CN",
            "chinese_simplified",
            bleu="zh",
            join="",
            cased=False,
        ),
        # Brazilian catalogues are the larger ones, and XGLUE's and most web Portuguese is Brazilian too.
        Language(
            "pt",
            "Portuguese",
            "Português",
            "Tradução para o português",
            "Latn",
            ("pt_BR", "pt"),
            "por_Latn",
            "pt_BR",
            "portuguese",
        ),
        Language(
            "uk", "Ukrainian", "Українська", "Переклад українською", "Cyrl", ("uk",), "ukr_Cyrl", "uk", "ukrainian"
        ),
        Language("ru", "Russian", "Русский", "Перевод на русский", "Cyrl", ("ru",), "rus_Cyrl", "ru", "russian"),
        Language(
            "ar",
            "Arabic",
            "العربية",
            "الترجمة إلى العربية",
            "Arab",
            ("ar",),
            "arb_Arab",
            crosssum="arabic",
            cased=False,
        ),
        Language("sw", "Swahili", "Kiswahili", "Tafsiri kwa Kiswahili", "Latn", ("sw",), "swh_Latn"),
        Language("yo", "Yoruba", "Yorùbá", "Ìtumọ̀ sí èdè Yorùbá", "Latn", ("yo",), "yor_Latn"),
    )
}


def language(code: str) -> Language:
    """Return the language with an ISO 639-1 code.

    Raises:
        InputError: The code is not in the table; the message lists the known ones.
    """
    if code in LANGUAGES:
        return LANGUAGES[code]
    close = difflib.get_close_matches(code, LANGUAGES, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InputError(
        f"unknown language code {code!r}: expected one of {', '.join(LANGUAGES)}.{hint} "
        "A new language is one line in src/prefixyarn/languages.py."
    )


# How Unicode names the letters of a script begin.
_LETTERS = {"Latn": "LATIN", "Cyrl": "CYRILLIC", "Arab": "ARABIC", "Hans": "CJK"}


def mostly_in_script(text: str, code: str) -> bool:
    """Tell whether more than half of a text's letters are of the language's script; False without letters."""
    letters = [c for c in text if c.isalpha()]
    inside = sum(unicodedata.name(c, "").startswith(_LETTERS[language(code).script]) for c in letters)
    return inside * 2 > len(letters)


@dataclass(frozen=True)
class Direction:
    """From which language into which; its unit name is ``source-target``, as in ``en-de``.

    A language alone, as tagging has it (``fr``), is a direction into English: tag names are English words.
    """

    source: str
    target: str

    @classmethod
    def parse(cls, unit: str) -> Direction:
        """Read a unit name such as ``en-de``, or ``fr``.

        Raises:
            InputError: Neither a known language code, nor two different ones joined by a hyphen.
        """
        parts = unit.split("-")
        if unit in LANGUAGES:
            return cls(language(unit).code, "en")
        if len(parts) != 2 or parts[0] == parts[1]:
            raise InputError(f"direction {unit!r}: expected two different language codes, as in 'en-de'")
        return cls(language(parts[0]).code, language(parts[1]).code)
