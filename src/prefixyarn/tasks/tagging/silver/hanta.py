"""German: HanTa, whose tags are those of STTS."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

# Determiners but articles and possessives are pronouns in UD_German-GSD (dieses Feld); the guidelines are newer.
_STTS = {
    "ADJ(A)": "ADJ",
    "ADV": "ADV",
    "APPO": "ADP",
    "APPR": "ADP",
    "APPRART": "ADP",
    "APZR": "ADP",
    "ART": "DET",
    "CARD": "NUM",
    "FM": "X",
    "ITJ": "INTJ",
    "KOKOM": "ADP",
    "KON": "CCONJ",
    "KOUI": "SCONJ",
    "KOUS": "SCONJ",
    "NE": "PROPN",
    "NN": "NOUN",
    "NNA": "NOUN",
    "NNI": "NOUN",
    "PDAT": "PRON",
    "PDS": "PRON",
    "PIAT": "PRON",
    "PIS": "PRON",
    "PPER": "PRON",
    "PPOSAT": "DET",
    "PPOSS": "PRON",
    "PRELAT": "PRON",
    "PRELS": "PRON",
    "PRF": "PRON",
    "PROAV": "ADV",
    "PTKA": "PART",
    "PTKANT": "INTJ",
    "PTKNEG": "PART",
    "PTKVZ": "ADP",
    "PTKZU": "PART",
    "PWAT": "PRON",
    "PWAV": "ADV",
    "PWS": "PRON",
    "TRUNC": "X",
    "XY": "X",
}


@functools.cache
def _hanta() -> Any:
    from HanTa.HanoverTagger import HanoverTagger

    return HanoverTagger("morphmodel_ger.pgz")


def tag(words: Sequence[str], code: str) -> list[str]:
    """Tag German: by STTS tag, but verbs and predicates by the other words of their clause."""
    analyses = _hanta().tag_sent(list(words), taglevel=1)
    lemmas, stts = [a[1].lower() for a in analyses], [a[2] for a in analyses]
    tags = []
    for i, own in enumerate(stts):
        clause = _clause(stts, i)
        if own[:2] in ("VA", "VM", "VV"):
            tags.append(_german_verb(lemmas[i], own, [stts[j] for j in clause if j != i]))
        elif own == "ADJ(D)":  # er ist schnell (ADJ), er läuft schnell (ADV)
            tags.append("ADJ" if any(lemmas[j] in ("sein", "werden", "bleiben") for j in clause) else "ADV")
        else:
            tags.append(_STTS.get(own, "PUNCT" if own.startswith("$") else "X"))
    return tags


def _german_verb(lemma: str, own: str, others: list[str]) -> str:
    """Return AUX for *sein*, modals, and *haben* and *werden* beside the verb that they help; else VERB."""
    participle = any(tag.endswith("(PP)") for tag in others)
    infinitive = any(tag.endswith("(INF)") for tag in others)
    if lemma == "sein" or (own.startswith("VM") and lemma != "lassen"):
        return "AUX"
    helps = (lemma == "haben" and participle) or (lemma == "werden" and (participle or infinitive))
    return "AUX" if helps and own.startswith("VA") else "VERB"


def _clause(stts: list[str], i: int) -> range:
    """Return the positions around one between punctuation marks: nearly its clause."""
    start = max((j + 1 for j in range(i) if stts[j].startswith("$")), default=0)
    end = min((j for j in range(i, len(stts)) if stts[j].startswith("$")), default=len(stts))
    return range(start, end)
