"""What a pass of SFT keeps on a GPU for its gradient, and so how many tokens it has. Light imports: plans read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Bytes that a token keeps: this times parameters to the power of 2/3 (they grow with layers times width). 9.3 MB at 7B:
# with the weights the 23 GB that benchmarks/gpu_rate.py measured.
ACTIVATIONS = 2.6
# What is left of that where each layer is computed again for its gradient: its input, and one whole layer at a time.
RECOMPUTED = 0.12
LOGIT = 14  # bytes of a target token's logits for each entry of the vocabulary: rounded, in fp32, and their gradient
MARGIN = 0.75  # share of the free memory that is counted with: the rest is fragments, and what libraries take
PASS_TOKENS = {"cpu": 256, "cuda": 1024}  # of a pass: more are hardly faster on a CPU; less leave a GPU idle


@dataclass(frozen=True)
class Room:
    """What one pass may have.

    Attributes:
        tokens: Most tokens of a pass; a longer sequence has one of its own.
        recompute: Whether layers are computed again for their gradient (gradient checkpointing), which takes a third
            longer.
    """

    tokens: int
    recompute: bool = False

    def smaller(self) -> Room:
        """Return what is tried when memory ran out all the same."""
        return Room(self.tokens if not self.recompute else max(1, self.tokens // 2), True)


def kept(parameters: float) -> float:
    """Return the bytes that a token keeps for its gradient in a model of so many parameters, in half precision."""
    return float(ACTIVATIONS * parameters ** (2 / 3))


def room_within(free: Sequence[int], parameters: float, vocabulary: int, longest: int) -> Room:
    """Return how many tokens a pass may have on GPUs, computing layers again only where memory demands it.

    It does where neither the longest sequence nor a usual pass fits without.

    Args:
        free: Free bytes of each GPU that the layers are spread over, once weights and optimizer have theirs.
        parameters: Of the model.
        vocabulary: Entries of the vocabulary; each token is counted as if it were predicted.
        longest: Tokens of the longest sequence.
    """
    share, logits = MARGIN * min(free), LOGIT * vocabulary  # the last GPU has all logits and its part of the layers
    for part in (1.0, RECOMPUTED):
        tokens = int(share / (part * kept(parameters) / len(free) + logits))
        if tokens >= max(longest, PASS_TOKENS["cuda"]):
            return Room(tokens, part < 1)
    return Room(max(tokens, 1), True)
