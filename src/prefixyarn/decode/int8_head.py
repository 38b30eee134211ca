"""The likeliest token by an 8-bit output matrix: candidates in int8, then exact logits of these alone.

On a CPU the product with the output matrix is half of a step of a small model (262,144 × 640 in Gemma 3 270M), and it
finds one token. In 8 bits it takes a third of the time where the processor multiplies int8 (VNNI), and says which
tokens can be the likeliest: those within a margin of the best. Their logits are then computed in fp32.

Both sides are first multiplied by one random orthogonal matrix (of blocks), which leaves products what they are and
spreads large entries: as in QuaRot, arXiv 2404.00456. All rows of the matrix have one scale, so that the integers
compare as they come.

The margin: let w, h be rotated rows and states with steps (scales) s_w, s_h. Rounding moves each entry by at most half
a step. We take these errors as uniform and independent; so the difference of two tokens' logits has an error of a
variance of at most (|w₁ - w₂|² s_h² + 2 |h|² s_w²) / 12, where |w₁ - w₂| ≤ 2 max |w|. A sum of uniform errors is
sub-Gaussian with its own variance: it exceeds nine deviations with a probability below exp(-9²/2) = 3e-18. So the
margin is nine of them. benchmarks/int8_head.py looks for tokens that are lost all the same.
"""

from __future__ import annotations

import logging
import math
import time

import torch
from torch.utils.weak import WeakTensorKeyDictionary
from transformers import PreTrainedModel

BLOCK = 128  # entries that the orthogonal matrix mixes, at most: a whole rotation takes seven times as long
SIGMAS = 9.0
PLENTY = 64  # candidates a row, from which on the whole product is as fast
WORTH = 24  # answers: preparing takes as long as it saves on about 400 tokens
WORTHWHILE = 1.5  # times as fast as fp32; 2.1 to 5.9 was measured where there is VNNI, idle and beside other work
LARGE = 2**14  # tokens of a vocabulary; with fewer, the layers take all the time
CHUNK = 2048  # rows of the matrix that are prepared at a time, within the cache

_prepared = WeakTensorKeyDictionary()  # by the matrix: its version, and the head or None


class Int8Head:
    """The output matrix of one model in 8 bits."""

    def __init__(self, weight: torch.Tensor) -> None:
        """Rotate and round an output matrix in fp32, shape (vocab, hidden)."""
        self._weight = weight
        hidden = weight.shape[1]
        size = math.gcd(hidden, BLOCK)
        draw = torch.Generator().manual_seed(0)
        self._rotation = torch.linalg.qr(torch.randn(size, size, generator=draw))[0]
        # After the rotation entries are nearly normal: of 10^8, about none is beyond six deviations.
        step = 6.2 * float(weight[:: max(1, len(weight) // 4096)].std()) / 127
        while not self._round(step):
            step *= 1.25
        self._largest = max(float(part.norm(dim=1).max()) for part in weight.split(CHUNK))

    @staticmethod
    def of(model: PreTrainedModel, answers: int) -> Int8Head | None:
        """Return the head of a model, prepared once as long as its weights are the same; None where it does not pay.

        That is on a GPU, in half precision, with a small vocabulary or a bias, for few answers, and on a processor
        where a measurement says that it is not faster.
        """
        head = model.get_output_embeddings()
        weight = head.weight
        if (
            weight.device.type != "cpu"
            or weight.dtype != torch.float32
            or getattr(head, "bias", None) is not None
            or len(weight) < LARGE
            or answers < WORTH
        ):
            return None
        version = weight._version
        if weight not in _prepared or _prepared[weight][0] != version:
            _prepared[weight] = version, Int8Head(weight.detach()) if faster(weight.detach()) else None
        return _prepared[weight][1]

    def _round(self, step: float) -> bool:
        """Make the 8-bit matrix with a step; return whether all entries are within its range."""
        self._step = step
        self._matrix = torch.empty(self._weight.shape, dtype=torch.int8)
        for start in range(0, len(self._weight), CHUNK):
            part = self._rotated(self._weight[start : start + CHUNK]).div_(step).round_()
            if float(part.abs().max()) > 127:
                return False
            self._matrix[start : start + CHUNK] = part
        return True

    def _rotated(self, states: torch.Tensor) -> torch.Tensor:
        size = len(self._rotation)
        return (states.reshape(-1, size) @ self._rotation).view(states.shape)

    def _rough(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the products in integers, shape (rows, vocab), and the step of each state, shape (rows,)."""
        rotated = self._rotated(hidden)
        steps = rotated.abs().amax(1).clamp(min=1e-20) / 127
        return torch._int_mm((rotated / steps[:, None]).round().to(torch.int8), self._matrix.t()), steps

    def _variance(self, hidden: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        """Return the largest variance of the error of a difference of two logits, by state."""
        return (4 * self._largest**2 * steps**2 + 2 * hidden.square().sum(1) * self._step**2) / 12

    def errors(self, hidden: torch.Tensor, exact: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return, for benchmarks, how far 8-bit logits are from exact ones, (rows, vocab), and the variance assumed."""
        rough, steps = self._rough(hidden)
        return rough * (steps * self._step)[:, None] - exact, self._variance(hidden, steps)

    def best(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None:
        """Find the likeliest token after each state, shape (rows, hidden).

        Returns:
            The tokens, their products with the output matrix, and those of the second best: minus infinity where it is
            further off than a margin. Shape (rows,) each. None if there are so many candidates that the whole product
            is as fast.
        """
        rough, steps = self._rough(hidden)
        margin = SIGMAS * self._variance(hidden, steps).sqrt() / (steps * self._step)  # in units of the integers
        # Most blocks of the vocabulary have no candidate: one pass over the integers finds those that do.
        rows, vocab = rough.shape
        width = math.gcd(vocab, 128)
        blocks = rough.view(rows, -1, width)
        peaks = blocks.amax(-1)
        least = peaks.amax(1) - margin
        row, block = (peaks >= least[:, None]).nonzero(as_tuple=True)
        found = (blocks[row, block] >= least[row, None]).nonzero(as_tuple=True)
        if len(found[0]) > PLENTY * rows:
            return None
        row, token = row[found[0]], block[found[0]] * width + found[1]
        exact = (hidden[row] * self._weight[token]).sum(1)
        lowest = exact.new_full((rows,), -math.inf)
        first = lowest.scatter_reduce(0, row, exact, "amax")
        ties = torch.where(exact == first[row], token, vocab)
        tokens = token.new_full((rows,), vocab).scatter_reduce(0, row, ties, "amin")
        exact[token == tokens[row]] = -math.inf
        return tokens, first, lowest.scatter_reduce(0, row, exact, "amax")


def faster(weight: torch.Tensor) -> bool:
    """Measure, on a part of the matrix, whether this processor multiplies int8 so much faster that it is worth it."""
    part = weight[: LARGE * 2]
    hidden = torch.ones(32, part.shape[1])
    small, other = hidden.to(torch.int8), torch.ones(part.shape, dtype=torch.int8).t()

    def seconds(left: torch.Tensor, right: torch.Tensor, product: object) -> float:
        best = math.inf
        for _ in range(3):
            start = time.perf_counter()
            product(left, right)  # type: ignore[operator]
            best = min(best, time.perf_counter() - start)
        return best

    ratio = seconds(hidden, part.t(), torch.mm) / seconds(small, other, torch._int_mm)
    used = ratio > WORTHWHILE
    logging.info("int8 products are %.1f times as fast as fp32 here%s", ratio, "" if used else ": not used")
    return used
