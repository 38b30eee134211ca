"""The loss of SFT: training sequences, several in one row, and the cross-entropy of their target tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft.helpers import disable_input_dtype_casting
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from prefixyarn.decode.kv_cache import masks
from prefixyarn.models.families import ALONE, way
from prefixyarn.models.logits import logits
from prefixyarn.models.sft import flash
from prefixyarn.models.tokenizer import answer_ids, prompt_ids


@dataclass(frozen=True)
class Example:
    """A training sequence: prompt ids, and the ids of target and line break after it, on which the loss is."""

    prompt: tuple[int, ...]
    target: tuple[int, ...]

    def __len__(self) -> int:
        """Return the tokens of both."""
        return len(self.prompt) + len(self.target)


def example(tokenizer: PreTrainedTokenizerFast, prompt: str, join: str, target: str) -> Example:
    """Return the training sequence of a filled prompt and its target, which a line break ends as an answer's stop."""
    ids = answer_ids(tokenizer, prompt, join, target + "\n")
    return Example(tuple(prompt_ids(tokenizer, prompt)), tuple(ids))


def passes(examples: Sequence[Example], tokens: int) -> list[list[Example]]:
    """Return an update's sequences in passes, each of at most so many tokens, or of one: what memory holds."""
    parts: list[list[Example]] = []
    size = 0
    for own in examples:
        if not parts or size + len(own) > tokens:
            parts.append([])
            size = 0
        parts[-1].append(own)
        size += len(own)
    return parts


@contextmanager
def attending(model: PreTrainedModel, examples: Sequence[Example]) -> Iterator[None]:
    """Set up a pass over some sequences: entered around `target_loss` and its gradient, for the fastest way."""
    with ExitStack() as stack:
        stack.enter_context(disable_input_dtype_casting(model, active=_mixed(model)))
        if flash.fits(model):
            stack.enter_context(flash.packed(model, [len(own) for own in examples]))
        yield


def _mixed(model: PreTrainedModel) -> bool:
    """Return whether an adapter in fp32 is trained beside weights in half precision, and multiplied in it."""
    trained = {p.dtype for p in model.parameters() if p.requires_grad}
    return model.dtype != torch.float32 and torch.float32 in trained


def target_loss(model: PreTrainedModel, examples: Sequence[Example]) -> tuple[torch.Tensor, int]:
    """Return the summed cross-entropy in nats of the target tokens, and how many there are.

    The sequences lie after one another in one row, each with positions of its own and blind to the others: nothing is
    padded. Families that cannot be told so (`prefixyarn.models.families.ALONE`) read one after the other. Logits are
    computed only where a target token is predicted: with a vocabulary of 262k entries they would otherwise cost more
    than the layers.
    """
    wanted: list[int] = []  # the state before each target token predicts it
    end = 0
    for e in examples:
        end += len(e)
        wanted += range(end - len(e.target) - 1, end - 1)
    with torch.autocast(model.device.type, model.dtype, enabled=_mixed(model)):
        hidden = _states(model, [[*e.prompt, *e.target] for e in examples])
        # (target tokens, vocab), on the last GPU of a model spread over several
        scores = logits(model, hidden[wanted])
    expected = torch.tensor([token for e in examples for token in e.target], device=scores.device)
    loss: torch.Tensor = _CrossEntropy.apply(scores, expected)
    return loss, len(expected)


def _states(model: PreTrainedModel, sequences: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return the last states of sequences after one another, shape (time, hidden)."""
    decoder, device = model.get_decoder(), model.device
    if way(model.config) == ALONE:
        each = [decoder(input_ids=torch.tensor([[*own]], device=device), use_cache=False) for own in sequences]
        return torch.cat([read.last_hidden_state[0] for read in each])
    ids = torch.tensor([[token for own in sequences for token in own]], device=device)  # (1, time)
    places = torch.tensor([place for own in sequences for place in range(len(own))], device=device)
    mask = None
    if model.config._attn_implementation != flash.NAME:
        of = torch.tensor([n for n, own in enumerate(sequences) for _ in own], device=device)
        distance = places[:, None] - places
        mask = masks(model, ((of[:, None] == of) & (distance >= 0))[None], distance[None])
    read = decoder(input_ids=ids, position_ids=places[None], attention_mask=mask, use_cache=False)
    states: torch.Tensor = read.last_hidden_state[0]
    return states


class _CrossEntropy(torch.autograd.Function):
    """Summed cross-entropy whose gradient takes the place of the log-probabilities.

    As ``torch.nn.functional.cross_entropy`` computes it, the gradient of 262k logits a token is written three times.
    """

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
        """Return the sum in nats, of logits of shape (target tokens, vocab)."""
        scores = torch.log_softmax(logits, -1)
        loss = -scores.gather(1, expected[:, None]).sum()
        gradient = scores.exp_()  # of the sum: the probabilities, less 1 at what was expected
        gradient[torch.arange(len(expected), device=expected.device), expected] -= 1
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, outer: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return the gradient of the logits."""
        (gradient,) = ctx.saved_tensors
        return gradient * outer, None
