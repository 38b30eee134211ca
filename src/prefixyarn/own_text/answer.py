"""An answer to a text of one's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """An answer to a text.

    Attributes:
        source: The text.
        text: The whole answer: prior and continuation.
        prior: The start that was given; empty without one.
        continuation: What the model added.
        kind: The kind of the prior.
        prior_ids: The prior's token ids.
        new_ids: The token ids that the model added, the one that ends the answer included.
        language: ISO 639-1 code of the language that the continuation is detected as, among those of the direction and
            `prefixyarn.metrics.language_id.NEIGHBOURS`; None where it has no letters, or for tags.
        stop: Why it ended: ``newline``, ``eos``, ``length`` or ``constraint``; ``empty`` where the text is empty, and
            nothing was asked.
    """

    source: str
    text: str
    prior: str
    continuation: str
    kind: str
    prior_ids: list[int]
    new_ids: list[int]
    language: str | None
    stop: str

    @classmethod
    def to_nothing(cls) -> Answer:
        """Return the answer to an empty text: an empty one."""
        return cls("", "", "", "", "none", [], [], None, "empty")
