"""From a decoder's last states to a model's logits: in one place, for choices, likelihoods, distributions and losses.

Models of ``transformers`` compute logits with their whole forward pass. Here the decoder has run, and logits are wanted
only where a token is chosen or scored, or of a few tokens alone. What a family adds to the product with its output
matrix is a bias (Phi), a scale (Granite divides by ``logits_scaling``, Cohere multiplies by ``logit_scale``) and a soft
cap (Gemma 2, arXiv 2408.00118, section 2). `check_logits` compares with the model's own forward pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from prefixyarn.errors import InputError

ROWS, COLUMNS = 1024, 8192  # of the output matrix's product that `token_log_probabilities` computes at a time
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.25, torch.float16: 0.05}  # of a logit, relative to the largest


def logits(model: PreTrainedModel, hidden: torch.Tensor, tokens: Sequence[int] | None = None) -> torch.Tensor:
    """Return the logits of the next token in fp32.

    Args:
        model: A causal language model of ``transformers``.
        hidden: Last states of its decoder, shape (rows, hidden).
        tokens: Only the logits of these tokens, for which that much of the output matrix is read.

    Returns:
        Shape (rows, vocab) or (rows, len(tokens)), where the output matrix is: the last GPU of several.
    """
    head = model.get_output_embeddings()
    if tokens is None:
        raw = head(hidden)
    else:
        own = list(tokens)
        bias = None if getattr(head, "bias", None) is None else head.bias[own]
        raw = torch.nn.functional.linear(hidden.to(head.weight.device), head.weight[own], bias)
    return finished(model, raw)


def finished(model: PreTrainedModel, raw: torch.Tensor) -> torch.Tensor:
    """Return what a model makes of the product with its output matrix, in fp32: its family's scale and cap."""
    raw, scale, cap = raw.float(), _scale(model.config), _cap(model.config)
    if scale != 1.0:
        raw = raw * scale
    return torch.tanh(raw / cap) * cap if cap else raw


def _scale(config: PreTrainedConfig) -> float:
    """Return what the product is multiplied by."""
    multiplied = (getattr(config, "logit_scale", None) or 1.0) * (getattr(config, "lm_head_multiplier", None) or 1.0)
    if config.model_type == "mpt":  # has a scale of that name, which its model does not read
        return 1.0
    divided = getattr(config, "logits_scaling", None) or 1.0
    if config.model_type == "hyperclovax":  # multiplies by what Granite divides by
        divided = 1 / divided
    return float(multiplied / divided / (getattr(config, "logits_mup_width_multiplier", None) or 1.0))


def _cap(config: PreTrainedConfig) -> float | None:
    names = ("final_logit_softcapping", "logits_soft_cap", "output_logit_soft_cap")
    return next((cap for name in names if (cap := getattr(config, name, None))), None)


def token_log_probabilities(
    model: PreTrainedModel, hidden: torch.Tensor, rows: torch.Tensor, tokens: torch.Tensor
) -> torch.Tensor:
    """Return the log-probabilities of given tokens alone, in fp32.

    The output matrix is read in parts, each once for many rows: on a CPU it is larger than all caches, and to read it
    for a few rows at a time takes longer than to multiply.

    Args:
        model: A causal language model of ``transformers``.
        hidden: Last states of its decoder, shape (states, hidden).
        rows: For each token the state that it follows, shape (tokens,).
        tokens: The tokens, shape (tokens,).

    Returns:
        Shape (tokens,), where the output matrix is.
    """
    head = model.get_output_embeddings()
    weight, bias = head.weight, getattr(head, "bias", None)
    hidden, rows, tokens = (own.to(weight.device) for own in (hidden, rows, tokens))
    picked = (hidden[rows].float() * weight[tokens].float()).sum(-1) + (0 if bias is None else bias[tokens].float())
    picked = picked.to(hidden.dtype)  # rounded as the others are
    totals = []
    for part in hidden.split(ROWS):
        total = torch.full((len(part),), -torch.inf, device=weight.device)
        for start in range(0, len(weight), COLUMNS):
            own = None if bias is None else bias[start : start + COLUMNS]
            raw = torch.nn.functional.linear(part, weight[start : start + COLUMNS], own)
            total = torch.logaddexp(total, finished(model, raw).logsumexp(-1))
        totals.append(total)
    return finished(model, picked) - torch.cat(totals)[rows]


@torch.inference_mode()
def check_logits(model: PreTrainedModel, ids: Sequence[int]) -> None:
    """Check that a model's family is known here: that `logits` gives what its own forward pass does.

    Args:
        model: The model.
        ids: Some text.

    Raises:
        InputError: Logits differ.
    """
    own = torch.tensor([list(ids)], device=model.device)
    expected = model(own, use_cache=False).logits[0].float()
    found = logits(model, model.get_decoder()(input_ids=own, use_cache=False).last_hidden_state[0])
    off = float((found - expected).abs().max() / expected.abs().max().clamp(min=1))
    if not off <= TOLERANCE[model.dtype]:
        raise InputError(
            f"the logits of {type(model).__name__} are not those of its output matrix with the scales and caps that "
            f"src/prefixyarn/models/logits.py knows: they are off by {off:.2g} of the largest. Add its family there."
        )
