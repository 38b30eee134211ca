"""How far foundation and SFT model agree, token by token (paper section 2.2, the "silent majority")."""

from __future__ import annotations

from dataclasses import dataclass

# What is read, token by token.
SFT_ANSWER = "sft"  # the SFT model's own answer
REFERENCE = "reference"  # control: the reference, which no model wrote
WITHOUT_SOURCE = "sft-without-source"  # control: the SFT model's answer after the prompt without its source
OWN = "own"  # what the foundation itself wrote, alone or after SFT tokens
READ = (SFT_ANSWER, REFERENCE, WITHOUT_SOURCE, OWN)
CONTROLS = (REFERENCE, WITHOUT_SOURCE)  # the foundation alone reads them
LIKELIEST = 5  # tokens of the foundation's distribution that are kept as text


@dataclass(frozen=True)
class Step:
    """What the foundation expects at one position of one answer, beside what its SFT model does.

    Attributes:
        item: Id of the item.
        read: What is read; one of `READ`.
        k: Of `OWN`, how many SFT tokens the foundation went on from; 0 otherwise.
        on_target: Of `OWN`, whether what the foundation wrote is detected as the target language; None without
            letters, and otherwise.
        t: Position in the answer: how many tokens stand before.
        rank: Rank, from 1, of the judged token in the foundation's distribution. Of `OWN` that is the SFT model's
            likeliest token, otherwise the one that is read (of `SFT_ANSWER`, which is greedy, the likeliest, too).
        entropy_foundation: Entropy of the foundation's distribution in nats.
        entropy_sft: Entropy of the SFT model's distribution in nats; None of controls.
        kl: Kullback-Leibler divergence KL(SFT || foundation) in nats; None of controls.
        js: Jensen-Shannon divergence in nats, at most ln 2; None of controls.
        token: Of `SFT_ANSWER`, the text of the token that is read, as JSON: it may be a line break. Empty otherwise.
        likeliest: Of `SFT_ANSWER`, the foundation's `LIKELIEST` likeliest tokens in their order, as JSON: pairs of a
            token's text and its probability to four decimals. Empty otherwise.
    """

    item: str
    read: str
    k: int
    on_target: bool | None
    t: int
    rank: int
    entropy_foundation: float
    entropy_sft: float | None = None
    kl: float | None = None
    js: float | None = None
    token: str = ""
    likeliest: str = ""
