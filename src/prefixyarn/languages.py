"""The table of languages: every fact of a language, so that a new one is an entry here and nothing else.

Light imports only: the workflow reads this at each start.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from prefixyarn.errors import InputError

# How Unicode names the letters of a script begin, by ISO 15924 code.
SCRIPTS = {
    "Latn": "LATIN",
    "Cyrl": "CYRILLIC",
    "Grek": "GREEK",
    "Arab": "ARABIC",
    "Hebr": "HEBREW",
    "Hans": "CJK",
    "Hang": "HANGUL",
}


class Treebank(NamedTuple):
    """A treebank of Universal Dependencies: its folder in the release, and how the names of its files begin."""

    folder: str
    stem: str


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language.

    Attributes:
        code: ISO 639-1 code. Prompts, stop-word lists, language identification and pymorphy3 know it by this code.
        name: English name, as it is written in prompts.
        native: The language's own name for itself.
        heading: "Translation into <language>" in that language, for prompts in the target language.
        example: "It is raining today" in that language, the fixed example of a control; empty where we are not sure.
        script: ISO 15924 code of the script that its text is written in; one of `SCRIPTS`.
        cased: Whether the script has capital letters.
        join: What stands between a prompt's last character and the answer.
        bleu: Name of the sacrebleu tokenizer for text in this language.
        segmenter: What divides text into words (``jieba``); empty where spaces and punctuation do.
        elided: What stands before an apostrophe as a word of its own, as a regular expression; empty for nothing.
        flores: Code of FLORES-200 and of NLLB's tokenizer: ISO 639-3 and script.
        flores101: Name of its files in FLORES-101; empty where that is ``flores`` without the script.
        gettext: Locale folders of gettext catalogues, most preferred first.
        described: Name of the language in Debian's translated package descriptions; empty where none were tried.
        crosssum: Name of the language in CrossSum's files; empty where none were tried.
        muse: Whether MUSE has dictionaries of it and English.
        treebanks: Its treebanks in the UD 2.5 release, most preferred first.
        silver: Name of the tagger, of `prefixyarn.tasks.tagging.silver`; empty where none is good enough.
        silver_packages: The packages that the tagger needs, as the package index names them.
        silver_model: Which of the tagger's data are this language's; empty where its code says so.
        pretraining_share: Percentage of a model's pre-training text that is in this language, by the model's name,
            where it is published.
    """

    code: str
    name: str
    native: str
    heading: str
    example: str = ""
    script: str
    cased: bool = True
    join: str = " "
    bleu: str = "13a"
    segmenter: str = ""
    elided: str = ""
    flores: str
    flores101: str = ""
    gettext: tuple[str, ...]
    described: str = ""
    crosssum: str = ""
    muse: bool = False
    treebanks: tuple[Treebank, ...] = ()
    silver: str = ""
    silver_packages: tuple[str, ...] = ()
    silver_model: str = ""
    pretraining_share: Mapping[str, float] = field(default_factory=dict, hash=False)


# Shares of llama-2: Touvron et al. 2023 (arXiv 2307.09288), table 10, which lists languages of 0.005 % or more. Other
# makers, Gemma's among them, publish none.
# Treebanks: XGLUE's tagging sets are made from UD 2.5, too.
LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language(
            code="en",
            name="English",
            native="English",
            heading="Translation into English",
            example="It is raining today.",
            script="Latn",
            flores="eng_Latn",
            gettext=("en",),
            described="en",
            crosssum="english",
            muse=True,
            treebanks=(Treebank("UD_English-EWT", "en_ewt"),),
            pretraining_share={"llama-2": 89.70},
        ),
        Language(
            code="de",
            name="German",
            native="Deutsch",
            heading="Übersetzung ins Deutsche",
            example="Heute regnet es.",
            script="Latn",
            flores="deu_Latn",
            gettext=("de",),
            described="de",
            muse=True,
            treebanks=(Treebank("UD_German-GSD", "de_gsd"),),
            silver="hanta",
            silver_packages=("HanTa",),
            pretraining_share={"llama-2": 0.17},
        ),
        Language(
            code="fr",
            name="French",
            native="Français",
            heading="Traduction en français",
            example="Il pleut aujourd’hui.",
            script="Latn",
            elided="[cdjlmnst]|qu|jusqu|lorsqu|puisqu",
            flores="fra_Latn",
            gettext=("fr",),
            described="fr",
            crosssum="french",
            muse=True,
            treebanks=(Treebank("UD_French-GSD", "fr_gsd"),),
            silver="ripple-french",
            silver_packages=("rippletagger",),
            silver_model="UD_French",
            pretraining_share={"llama-2": 0.16},
        ),
        Language(
            code="zh",
            name="Chinese",
            native="中文",
            heading="中文翻译",
            example="今天下雨。",
            script="Hans",
            cased=False,
            # Chinese puts no space after a colon. With one, the bare space piece is the first token of a quarter of the
            # answers (Gemma's tokenizer), and a prior of one token would say nothing.
            join="",
            bleu="zh",
            segmenter="jieba",
            flores="zho_Hans",
            flores101="zho_simpl",
            gettext=("zh_Hans", "zh_CN"),
            described="zh_CN",
            crosssum="chinese_simplified",
            muse=True,
            # Its text is simplified, as our Chinese is; that of Chinese-GSD is traditional.
            treebanks=(Treebank("UD_Chinese-GSDSimp", "zh_gsdsimp"),),
            silver="ripple-chinese",
            silver_packages=("rippletagger", "jieba", "opencc-python-reimplemented"),
            silver_model="UD_Chinese",
            pretraining_share={"llama-2": 0.13},
        ),
        Language(
            code="pt",
            name="Portuguese",
            native="Português",
            heading="Tradução para o português",
            example="Hoje está chovendo.",
            script="Latn",
            flores="por_Latn",
            # Brazilian catalogues are the larger ones, and most Portuguese of XGLUE and the web is Brazilian too.
            gettext=("pt_BR", "pt"),
            described="pt_BR",
            crosssum="portuguese",
            muse=True,
            treebanks=(Treebank("UD_Portuguese-GSD", "pt_gsd"),),
            silver="ripple",
            silver_packages=("rippletagger",),
            silver_model="UD_Portuguese-BR",
            pretraining_share={"llama-2": 0.09},
        ),
        Language(
            code="uk",
            name="Ukrainian",
            native="Українська",
            heading="Переклад українською",
            example="Сьогодні йде дощ.",
            script="Cyrl",
            flores="ukr_Cyrl",
            gettext=("uk",),
            described="uk",
            crosssum="ukrainian",
            muse=True,
            treebanks=(Treebank("UD_Ukrainian-IU", "uk_iu"),),
            silver="pymorphy",
            silver_packages=("pymorphy3", "pymorphy3-dicts-uk"),
            pretraining_share={"llama-2": 0.07},
        ),
        Language(
            code="ru",
            name="Russian",
            native="Русский",
            heading="Перевод на русский",
            example="Сегодня идёт дождь.",
            script="Cyrl",
            flores="rus_Cyrl",
            gettext=("ru",),
            described="ru",
            crosssum="russian",
            muse=True,
            treebanks=(Treebank("UD_Russian-GSD", "ru_gsd"),),
            silver="pymorphy",
            silver_packages=("pymorphy3", "pymorphy3-dicts-ru"),
            pretraining_share={"llama-2": 0.13},
        ),
        Language(
            code="ar",
            name="Arabic",
            native="العربية",
            heading="الترجمة إلى العربية",
            example="إنها تمطر اليوم.",
            script="Arab",
            cased=False,
            flores="arb_Arab",
            flores101="ara",
            gettext=("ar",),
            crosssum="arabic",
            muse=True,
            # PUD has a test set alone; it stands in where PADT is missing.
            treebanks=(Treebank("UD_Arabic-PADT", "ar_padt"), Treebank("UD_Arabic-PUD", "ar_pud")),
        ),
        Language(
            code="sw",
            name="Swahili",
            native="Kiswahili",
            heading="Tafsiri kwa Kiswahili",
            example="Leo mvua inanyesha.",
            script="Latn",
            flores="swh_Latn",
            gettext=("sw",),
        ),
        Language(
            code="yo",
            name="Yoruba",
            native="Yorùbá",
            heading="Ìtumọ̀ sí èdè Yorùbá",
            example="Òjò ń rọ̀ lónìí.",
            script="Latn",
            flores="yor_Latn",
            gettext=("yo",),
        ),
        # The further languages of config/low_resource.yaml, by family.
        Language(
            code="es",
            name="Spanish",
            native="Español",
            heading="Traducción al español",
            example="Hoy llueve.",
            script="Latn",
            flores="spa_Latn",
            gettext=("es",),
            muse=True,
            pretraining_share={"llama-2": 0.13},
        ),
        Language(
            code="it",
            name="Italian",
            native="Italiano",
            heading="Traduzione in italiano",
            example="Oggi piove.",
            script="Latn",
            elided="[cdlmstv]|un|all|dall|dell|nell|sull|coll|quest|quell|com|dov|cos",
            flores="ita_Latn",
            gettext=("it",),
            muse=True,
            pretraining_share={"llama-2": 0.11},
        ),
        Language(
            code="ca",
            name="Catalan",
            native="Català",
            heading="Traducció al català",
            example="Avui plou.",
            script="Latn",
            elided="[dlmnst]",
            flores="cat_Latn",
            gettext=("ca",),
            muse=True,
            pretraining_share={"llama-2": 0.04},
        ),
        Language(
            code="ro",
            name="Romanian",
            native="Română",
            heading="Traducere în română",
            example="Astăzi plouă.",
            script="Latn",
            flores="ron_Latn",
            gettext=("ro",),
            muse=True,
            pretraining_share={"llama-2": 0.03},
        ),
        Language(
            code="nl",
            name="Dutch",
            native="Nederlands",
            heading="Vertaling naar het Nederlands",
            example="Het regent vandaag.",
            script="Latn",
            flores="nld_Latn",
            gettext=("nl",),
            muse=True,
            pretraining_share={"llama-2": 0.12},
        ),
        Language(
            code="sv",
            name="Swedish",
            native="Svenska",
            heading="Översättning till svenska",
            example="Det regnar idag.",
            script="Latn",
            flores="swe_Latn",
            gettext=("sv",),
            muse=True,
            pretraining_share={"llama-2": 0.15},
        ),
        Language(
            code="da",
            name="Danish",
            native="Dansk",
            heading="Oversættelse til dansk",
            example="Det regner i dag.",
            script="Latn",
            flores="dan_Latn",
            gettext=("da",),
            muse=True,
            pretraining_share={"llama-2": 0.02},
        ),
        Language(
            code="nb",
            name="Norwegian",
            native="Norsk",
            heading="Oversettelse til norsk",
            example="Det regner i dag.",
            script="Latn",
            flores="nob_Latn",
            gettext=("nb", "nb_NO"),
            pretraining_share={"llama-2": 0.03},
        ),
        Language(
            code="cs",
            name="Czech",
            native="Čeština",
            heading="Překlad do češtiny",
            example="Dnes prší.",
            script="Latn",
            flores="ces_Latn",
            gettext=("cs",),
            muse=True,
            pretraining_share={"llama-2": 0.03},
        ),
        Language(
            code="sk",
            name="Slovak",
            native="Slovenčina",
            heading="Preklad do slovenčiny",
            example="Dnes prší.",
            script="Latn",
            flores="slk_Latn",
            gettext=("sk", "sk_SK"),
            muse=True,
        ),
        Language(
            code="pl",
            name="Polish",
            native="Polski",
            heading="Tłumaczenie na polski",
            example="Dziś pada deszcz.",
            script="Latn",
            flores="pol_Latn",
            gettext=("pl",),
            muse=True,
            pretraining_share={"llama-2": 0.09},
        ),
        Language(
            code="sl",
            name="Slovenian",
            native="Slovenščina",
            heading="Prevod v slovenščino",
            example="Danes dežuje.",
            script="Latn",
            flores="slv_Latn",
            gettext=("sl",),
            muse=True,
            pretraining_share={"llama-2": 0.01},
        ),
        Language(
            code="hr",
            name="Croatian",
            native="Hrvatski",
            heading="Prijevod na hrvatski",
            example="Danas pada kiša.",
            script="Latn",
            flores="hrv_Latn",
            gettext=("hr", "hr_HR"),
            muse=True,
            pretraining_share={"llama-2": 0.01},
        ),
        Language(
            code="bg",
            name="Bulgarian",
            native="Български",
            heading="Превод на български",
            example="Днес вали дъжд.",
            script="Cyrl",
            flores="bul_Cyrl",
            gettext=("bg",),
            muse=True,
            pretraining_share={"llama-2": 0.02},
        ),
        Language(
            code="lt",
            name="Lithuanian",
            native="Lietuvių",
            heading="Vertimas į lietuvių kalbą",
            example="Šiandien lyja.",
            script="Latn",
            flores="lit_Latn",
            gettext=("lt",),
            muse=True,
        ),
        Language(
            code="lv",
            name="Latvian",
            native="Latviešu",
            heading="Tulkojums latviešu valodā",
            example="Šodien līst.",
            script="Latn",
            flores="lvs_Latn",
            flores101="lav",
            gettext=("lv",),
            muse=True,
        ),
        Language(
            code="et",
            name="Estonian",
            native="Eesti",
            heading="Tõlge eesti keelde",
            example="Täna sajab vihma.",
            script="Latn",
            flores="est_Latn",
            gettext=("et",),
            muse=True,
        ),
        Language(
            code="fi",
            name="Finnish",
            native="Suomi",
            heading="Käännös suomeksi",
            example="Tänään sataa.",
            script="Latn",
            flores="fin_Latn",
            gettext=("fi",),
            muse=True,
            pretraining_share={"llama-2": 0.03},
        ),
        Language(
            code="hu",
            name="Hungarian",
            native="Magyar",
            heading="Fordítás magyarra",
            example="Ma esik az eső.",
            script="Latn",
            flores="hun_Latn",
            gettext=("hu",),
            muse=True,
            pretraining_share={"llama-2": 0.03},
        ),
        Language(
            code="el",
            name="Greek",
            native="Ελληνικά",
            heading="Μετάφραση στα ελληνικά",
            example="Σήμερα βρέχει.",
            script="Grek",
            flores="ell_Grek",
            gettext=("el",),
            muse=True,
        ),
        Language(
            code="ga",
            name="Irish",
            native="Gaeilge",
            heading="Aistriúchán go Gaeilge",
            example="Tá sé ag cur báistí inniu.",
            script="Latn",
            flores="gle_Latn",
            gettext=("ga",),
        ),
        Language(
            code="eu",
            name="Basque",
            native="Euskara",
            heading="Euskarazko itzulpena",
            example="Gaur euria ari du.",
            script="Latn",
            flores="eus_Latn",
            gettext=("eu",),
        ),
        Language(
            code="eo",
            name="Esperanto",
            native="Esperanto",
            heading="Traduko en Esperanton",
            example="Hodiaŭ pluvas.",
            script="Latn",
            flores="epo_Latn",
            gettext=("eo",),
        ),
        Language(
            code="tr",
            name="Turkish",
            native="Türkçe",
            heading="Türkçeye çeviri",
            example="Bugün yağmur yağıyor.",
            script="Latn",
            flores="tur_Latn",
            gettext=("tr",),
            muse=True,
        ),
        Language(
            code="he",
            name="Hebrew",
            native="עברית",
            heading="תרגום לעברית",
            example="היום יורד גשם.",
            script="Hebr",
            cased=False,
            flores="heb_Hebr",
            gettext=("he", "he_IL"),
            muse=True,
        ),
        Language(
            code="ko",
            name="Korean",
            native="한국어",
            heading="한국어 번역",
            example="오늘은 비가 옵니다.",
            script="Hang",
            cased=False,
            # Words are long and inflected; sacrebleu's own tokenizer for them needs MeCab.
            bleu="char",
            flores="kor_Hang",
            gettext=("ko",),
            muse=True,
            pretraining_share={"llama-2": 0.06},
        ),
        Language(
            code="id",
            name="Indonesian",
            native="Bahasa Indonesia",
            heading="Terjemahan ke bahasa Indonesia",
            example="Hari ini hujan.",
            script="Latn",
            flores="ind_Latn",
            gettext=("id", "id_ID"),
            muse=True,
            pretraining_share={"llama-2": 0.03},
        ),
    )
}


def language(code: str) -> Language:
    """Return the language with an ISO 639-1 code, in whatever case.

    Raises:
        InputError: The code is not in the table; the message lists the known ones.
    """
    if not isinstance(code, str):
        raise InputError(f"language: expected one code, such as 'de', got {code!r}")
    plain = code.strip().casefold()
    if plain in LANGUAGES:
        return LANGUAGES[plain]
    if not plain:
        raise InputError("a language code is empty: expected one such as de, or several as de,fr")
    names = {name.casefold(): own.code for own in LANGUAGES.values() for name in (own.native, own.name)}
    subtag = re.split("[-_]", plain)[0]  # of zh-CN or pt_BR
    near = difflib.get_close_matches(plain, [*LANGUAGES, *names], n=1)
    close = names.get(plain) or (subtag if subtag in LANGUAGES else "".join(names.get(own, own) for own in near))
    hint = f" Did you mean {close!r}?" if close else ""
    raise InputError(
        f"unknown language code {code!r}: expected one of {', '.join(LANGUAGES)}.{hint} "
        "A new language is one entry in src/prefixyarn/languages.py."
    )


def share_in_script(text: str, code: str) -> float:
    """Return the share of a text's letters that are of the language's script; 0 without letters."""
    begins = SCRIPTS[language(code).script]
    letters = {c: n for c, n in Counter(text).items() if c.isalpha()}
    inside = sum(n for c, n in letters.items() if unicodedata.name(c, "").startswith(begins))
    return inside / max(sum(letters.values()), 1)


def mostly_in_script(text: str, code: str) -> bool:
    """Tell whether more than half of a text's letters are of the language's script; False without letters."""
    return share_in_script(text, code) > 0.5


@dataclass(frozen=True)
class Direction:
    """From which language into which; its subset name is ``source-target``, as in ``en-de``.

    A language alone, as tagging has it (``fr``), is a direction into English: tag names are English words.
    """

    source: str
    target: str

    @classmethod
    def parse(cls, subset: str) -> Direction:
        """Read a subset name such as ``en-de``, or ``fr``.

        Raises:
            InputError: Neither a known language code, nor two different ones joined by a hyphen.
        """
        parts = subset.split("-")
        if subset in LANGUAGES:
            return cls(language(subset).code, "en")
        codes = [language(part).code for part in parts] if len(parts) == 2 else []
        if len({*codes}) != 2:
            raise InputError(f"direction {subset!r}: expected two different language codes, as in 'en-de'")
        return cls(*codes)
