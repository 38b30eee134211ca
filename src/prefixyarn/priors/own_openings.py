"""Finding the foundation's own likeliest opening in the target language: priors of the kind ``own``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from prefixyarn.decode.session import Session
from prefixyarn.decode.stops import answer_text
from prefixyarn.languages import language
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.priors.material import Ids, PriorText

FIRST = 64  # first tokens that are looked at
CONTINUED = 8  # tokens that are added to each, enough to tell a language by
LONGEST = 1 + CONTINUED
AT_ONCE = 8  # the likeliest of them are tried first: mostly one of them is found


def openings(
    session: Session,
    prompts: Mapping[str, Ids],
    target: str,
    detector: LanguageDetector,
    done: Callable[[int], None],
) -> dict[str, PriorText]:
    """Return, by item id, the foundation's likeliest opening in the target language.

    Args:
        session: The opened foundation. If its limit is `LONGEST`, its journal keeps what is tried.
        prompts: By item id, the prompt as token ids.
        target: The target language's code.
        detector: Language identification.
        done: Called with the number of items just finished.

    Returns:
        An opening of `CONTINUED` tokens or fewer after the first, as token ids with their text, that does not name the
        language. Where none of `FIRST` first tokens leads into the language: what the foundation does by itself, its
        likeliest opening.
    """
    eos = session.stops.eos_ids
    firsts = session.first_tokens(list(prompts.values()), FIRST)
    left = {name: [token for token in own if token not in eos] for name, own in zip(prompts, firsts, strict=True)}
    found: dict[str, PriorText] = {}
    likeliest: dict[str, Ids] = {}
    for start, end in ((0, AT_ONCE), (AT_ONCE, FIRST)):
        tried = [(name, token) for name, tokens in left.items() if name not in found for token in tokens[start:end]]
        begun = [(prompts[name], (token,)) for name, token in tried]
        added = session.continued(begun, CONTINUED)
        before = len(found)
        for (name, token), more in zip(tried, added, strict=True):
            ids = (token, *more)
            likeliest.setdefault(name, ids)
            text = answer_text(session.stops.text(ids))
            if name not in found and not _names(target, text) and detector.detect(text) == target:
                rank = left[name].index(token) + 1
                found[name] = PriorText(text, f"likeliest first token no. {rank}", _trimmed(session, ids))
        done(len(found) - before)
    for name in prompts.keys() - found.keys():
        ids = _trimmed(session, likeliest[name])
        found[name] = PriorText(answer_text(session.stops.text(ids)), f"none of {FIRST} in the language", ids)
    return {name: found[name] for name in prompts}


def _names(code: str, text: str) -> bool:
    """Tell whether a text names a language: it repeats the prompt, and is no beginning of an answer."""
    own = language(code)
    return any(name.casefold() in text.casefold() for name in (own.name, own.native))


def _trimmed(session: Session, ids: Sequence[int]) -> Ids:
    """Return an opening without the token that ends it."""
    return tuple(ids[:-1]) if session.stops.reason(ids) in ("eos", "newline") else tuple(ids)
