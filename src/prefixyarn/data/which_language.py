"""Whether texts are in the language that they are said to be in, and whether they were decoded rightly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prefixyarn.data.words import function_words, words
from prefixyarn.languages import LANGUAGES, language, mostly_in_script

MOST = 300  # texts that are looked at
ENOUGH = 60  # words from which on shares of function words tell languages apart
# In every catalogue of five programs and 29 languages with 60 words, the highest share of another language is at most
# 0.97 of the own one (Danish and Norwegian), and the lowest own one is 0.028 (Korean).
MORE, LEAST = 1.2, 0.01
# Of lists of words; see `other_words`.
LEAST_IN_SCRIPT, ENOUGH_LISTED, MORE_LISTED = 0.15, 20, 1.2
# Charsets that catalogues had before UTF-8, and in which text of one can be read as another.
CHARSETS = (
    *("iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-9"),
    *("cp1250", "cp1251", "cp1253", "cp1256", "koi8-u", "cp866"),
)


def other_language(texts: Sequence[str], code: str, said: str = "") -> str:
    """Return what speaks against texts being in a language; empty if nothing does.

    Function words decide, by their share of all words, and before them the script. Of a language without a stop list
    the script alone is known.

    Args:
        texts: The texts.
        code: The language that they should be in.
        said: A language that something else says they are in; then little text is enough.
    """
    texts, own = texts[:MOST], language(code)
    if texts and not mostly_in_script("".join(texts), code):
        return f"most of its letters are not of {own.name}'s script"
    found = [word.lower() for text in texts for word in words(text, code)] if function_words(code) else []
    shares = {name: _share(found, name) for name in LANGUAGES}
    likeliest = max(shares, key=lambda name: shares[name])
    if len(found) >= ENOUGH and shares[likeliest] > MORE * shares[code]:
        return f"its text is {language(likeliest).name}, not {own.name}"
    if len(found) >= ENOUGH and shares[code] < LEAST:
        return f"it has no common words of {own.name}"
    if found and said in LANGUAGES and said != code and shares[said] >= shares[code]:
        return f"it says that it is {language(said).name}, not {own.name}"
    return ""


def other_words(listed: Iterable[str], code: str) -> str:
    """Return what speaks against words of a list, as a dictionary has it, being of a language; empty if nothing does.

    Their share in a text is not known, so function words are counted: those of the language and not of another one
    with its script, and the other way round. MUSE's lists have many copies of the other side: of its Chinese words
    two in three are not in Chinese script; and of Italian function words that are not Portuguese it has 0.72 of the
    number of Portuguese ones that are not Italian.

    Args:
        listed: The words.
        code: The language that they should be of.
    """
    own, found = language(code), {word.lower() for word in listed if any(c.isalpha() for c in word)}
    inside = {word for word in found if mostly_in_script(word, code)}
    if found and len(inside) < LEAST_IN_SCRIPT * len(found):
        return f"most of its words are not of {own.name}'s script"
    known = function_words(code)
    counts = {
        name: (len(inside & (function_words(name) - known)), len(inside & (known - function_words(name))))
        for name, other in LANGUAGES.items()
        if known and other.script == own.script and name != code
    }
    likeliest = max(counts, key=lambda name: counts[name][0], default=code)
    others, owns = counts.get(likeliest, (0, 0))
    if others >= ENOUGH_LISTED and others > MORE_LISTED * owns:
        return f"its words are {language(likeliest).name}, not {own.name}"
    return ""


def misread(texts: Sequence[str], code: str, charset: str) -> str:
    """Return the charset, of `CHARSETS`, in which texts have more common words than in theirs; empty for none."""
    best, found = _common(texts[:MOST], code), ""
    for other in CHARSETS:
        try:
            again = [text.encode(charset).decode(other) for text in texts[:MOST]]
        except UnicodeError:
            continue
        if (letters := _common(again, code)) > MORE * best:
            best, found = letters, other
    return found


def garbled(text: str) -> bool:
    """Tell whether a text was decoded wrongly once: UTF-8 as one byte a character (Ã¼), or with signs put for bytes."""
    if text.isascii():
        return False
    if any(("\x80" <= c <= "\x9f" and c != "\x85") or c == "\ufffd" for c in text):  # U+0085 ends lines
        return True
    for charset in ("cp1252", "cp1251"):
        try:
            text.encode(charset).decode()
        except UnicodeError:
            continue
        return True
    return False


def _share(found: Sequence[str], code: str) -> float:
    return sum(word in function_words(code) for word in found) / max(1, len(found))


def _common(texts: Sequence[str], code: str) -> int:
    """Return how many letters the function words of texts have; those of one letter are found in any rubbish."""
    found = (word.lower() for text in texts for word in words(text, code))
    return sum(len(word) for word in found if len(word) > 1 and word in function_words(code))
