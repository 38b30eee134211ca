"""Scoring given continuations with a causal language model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from transformers import DynamicCache, PreTrainedModel

from prefixyarn.decode.engine import Ids


@torch.inference_mode()
def likeliest(
    model: PreTrainedModel,
    prompts: Sequence[Ids],
    candidates: Sequence[Sequence[Ids]],
    batch_rows: int,
    done: Callable[[int], None] = lambda n: None,
) -> list[int]:
    """Return, for each prompt, which candidate the model finds likeliest as the start of the answer.

    The likelihood of a candidate is the product of its tokens' probabilities: that the answer begins with it.
    It only falls with each token, so a candidate is given up once a complete one is as likely as what it has
    of itself; most are decided by their first token.

    Args:
        model: A causal language model in evaluation mode.
        prompts: Prompts as token ids.
        candidates: For each prompt at least one candidate of at least one token.
        batch_rows: Largest number of prompts side by side.
        done: Called with the number of prompts just finished.

    Returns:
        An index into each prompt's candidates; of equals, the first.
    """
    best = [0] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda n: -len(prompts[n]))
    for start in range(0, len(order), batch_rows):
        batch = order[start : start + batch_rows]
        for n, index in zip(
            batch, _batch(model, [prompts[n] for n in batch], [candidates[n] for n in batch]), strict=True
        ):
            best[n] = index
        done(len(batch))
    return best


def _batch(model: PreTrainedModel, prompts: Sequence[Ids], candidates: Sequence[Sequence[Ids]]) -> list[int]:
    device = model.device
    longest = max(map(len, prompts))
    inputs = torch.tensor([[0] * (longest - len(p)) + list(p) for p in prompts], device=device)  # (batch, time)
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=device)
    cache = DynamicCache(config=model.config)

    def log_probabilities(ids: torch.Tensor, mask: torch.Tensor, cache: DynamicCache) -> torch.Tensor:
        """Return the next token's log-probabilities after the last of ``ids``, shape (batch, vocab)."""
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        logits = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        return logits[:, -1].float().log_softmax(-1)

    first = log_probabilities(inputs, mask, cache)
    scores = [[float(first[n, ids[0]]) for ids in own] for n, own in enumerate(candidates)]
    given = 1
    while True:
        # Of each prompt: the best complete candidate, and which of the others may still become better.
        complete = [
            max((s for s, ids in zip(own, listed, strict=True) if len(ids) <= given), default=-float("inf"))
            for own, listed in zip(scores, candidates, strict=True)
        ]
        active = []
        for n, listed in enumerate(candidates):
            for c, ids in enumerate(listed):
                if len(ids) > given and scores[n][c] > complete[n]:
                    active.append((n, c))
                elif len(ids) > given:
                    scores[n][c] = -float("inf")
        if not active:
            break
        rows = torch.tensor([n for n, _ in active], device=device)
        branch = copy.deepcopy(cache)
        branch.batch_select_indices(rows)
        ids = torch.tensor([candidates[n][c][:given] for n, c in active], device=device)
        after = log_probabilities(ids, torch.cat([mask[rows], mask.new_ones(ids.shape)], 1), branch)
        for row, (n, c) in enumerate(active):
            scores[n][c] += float(after[row, candidates[n][c][given]])
        given += 1
    return [next(c for c, score in enumerate(own) if score == best) for own, best in zip(scores, complete, strict=True)]
