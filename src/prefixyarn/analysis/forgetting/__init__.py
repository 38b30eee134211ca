"""What fine-tuning on one task costs: text of each language, and the other tasks."""

from __future__ import annotations

from dataclasses import dataclass

BASE = "base"  # the model of rows of the foundation itself


@dataclass(frozen=True)
class BitsRow:
    """How well a model predicts held-out text of one language.

    Attributes:
        foundation: The foundation's name.
        language: The language's code.
        characters: Length of the text.
        model: `BASE`, or the task that the SFT model was trained on.
        bits: Bits per character.
    """

    foundation: str
    language: str
    characters: int
    model: str
    bits: float
