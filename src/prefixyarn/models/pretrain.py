"""Pre-training a small foundation from scratch on a mix that we know, in the manner of nanoGPT.

The model is a Llama (arXiv 2302.13971) of ``transformers`` with tied embeddings, so everything that loads a model loads
it. Windows of ``context`` tokens are cut from the documents after one another; each pass over them has an order of its
own. On a GPU: bfloat16 autocast, compiled, fused AdamW. On a CPU: float32.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from prefixyarn.data.corpus.mixes import Mix
from prefixyarn.errors import InputError
from prefixyarn.models.bpe import DOCUMENT
from prefixyarn.models.training_state import load_state, save_state
from prefixyarn.progress import Progress

SAVE_EVERY = 60.0  # seconds between checkpoints
WARMUP, FLOOR = 0.05, 0.1  # share of the steps in which the rate rises; what the rate falls to, of the largest
CLIP, DECAY, BETAS = 1.0, 0.1, (0.9, 0.95)  # gradient norm, weight decay of matrices, AdamW's (GPT-3, appendix B)
HELD_OUT_WINDOWS = 8  # in one pass
POINTS = 100  # of the loss curve


@dataclass(frozen=True)
class Plan:
    """How a model is made: a size of the config's ``pretraining.sizes``, and the seed.

    Attributes:
        hidden, feed_forward: Widths.
        layers, heads: Number of layers, and attention heads of each.
        context: Tokens of a window.
        batch: Windows in an update.
        tokens: Tokens to train on, those read again included.
        rate: Largest learning rate.
        seed: Seed of the weights and of the documents' order.
    """

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    context: int
    batch: int
    tokens: int
    rate: float
    seed: int

    @property
    def steps(self) -> int:
        """Number of updates."""
        return self.tokens // (self.batch * self.context)

    def rate_at(self, step: int) -> float:
        """Return the rate of a step (from 1): a linear rise, then half a cosine to `FLOOR` of the largest."""
        warmup = max(1, round(WARMUP * self.steps))
        if step <= warmup:
            return self.rate * step / warmup
        along = (step - warmup) / max(1, self.steps - warmup)
        return self.rate * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * along)))


def new_model(plan: Plan, vocabulary: int) -> LlamaForCausalLM:
    """Return a model with random weights."""
    torch.manual_seed(plan.seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=plan.hidden,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.heads,
        intermediate_size=plan.feed_forward,
        max_position_embeddings=4 * plan.context,  # prompts with examples may be longer than what was trained on
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
    )
    return LlamaForCausalLM(config)


class Windows:
    """The training tokens, update by update."""

    def __init__(self, mix: Mix, plan: Plan) -> None:
        """Take in a mix."""
        self._ids, self._plan, self._tokens = mix.ids, plan, mix.tokens
        if self._tokens <= plan.batch * plan.context:
            raise InputError(
                f"pretraining: a cell of {self._tokens:,} tokens is less than an update of {plan.batch} windows of "
                f"{plan.context}. Lower batch or context of the size, or raise pretraining.unique_tokens."
            )
        self._pass = functools.lru_cache(maxsize=2)(self._order)

    def _order(self, number: int) -> np.ndarray:
        """Return the tokens of a pass, documents in its own seeded order."""
        order = np.random.default_rng([self._plan.seed, number]).permutation(len(self._ids))
        return np.concatenate([self._ids[n] for n in order])

    def batch(self, step: int) -> torch.Tensor:
        """Return the windows of a step (from 1), shape (batch, context + 1): each begins with the last one's end."""
        size = self._plan.batch * self._plan.context
        number, start = divmod((step - 1) * size, self._tokens)
        own = self._pass(number)[start : start + size + 1]
        if len(own) <= size:
            own = np.concatenate([own, self._pass(number + 1)[: size + 1 - len(own)]])
        ids = torch.from_numpy(own.astype(np.int64))
        return ids.unfold(0, self._plan.context + 1, self._plan.context)


@torch.inference_mode()
def held_out_bits(model: LlamaForCausalLM, held_out: Mix, tokenizer: Tokenizer, context: int) -> dict[str, float]:
    """Return the cross-entropy on held-out documents by language, in bits per character.

    Documents follow one another, as in training, and are read in windows of ``context`` tokens.
    """
    found = {}
    for code in dict.fromkeys(held_out.kinds):
        own = [ids for ids, kind in zip(held_out.ids, held_out.kinds, strict=True) if kind == code]
        characters = sum(len(text) for text in tokenizer.decode_batch([ids.tolist() for ids in own]))
        ids = torch.from_numpy(np.concatenate(own).astype(np.int64))
        ids = torch.cat([ids, ids.new_zeros(-(len(ids) - 1) % context)])  # the end is padded; it does not count
        windows = ids.unfold(0, context + 1, context)
        nats, last = 0.0, sum(map(len, own)) - 1
        for start in range(0, len(windows), HELD_OUT_WINDOWS):
            losses = _losses(model, windows[start : start + HELD_OUT_WINDOWS].to(model.device)).flatten()
            nats += float(losses[: max(0, last - start * context)].double().sum())
        found[code] = nats / math.log(2) / characters
    return found


def _losses(model: Callable[..., Any], windows: torch.Tensor) -> torch.Tensor:
    """Return the loss of each token in nats, shape (windows, context)."""
    with torch.autocast(windows.device.type, torch.bfloat16, enabled=windows.is_cuda):
        logits = model(input_ids=windows[:, :-1], use_cache=False).logits
    flat = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), windows[:, 1:].flatten(), reduction="none")
    return flat.view(len(windows), -1)


def pretrain(
    mix: Mix, held_out: Mix, tokenizer: Tokenizer, plan: Plan, folder: Path, state_file: Path
) -> dict[str, Any]:
    """Train a model and write it, with its tokenizer, to a folder as ``transformers`` reads it.

    A killed training resumes from its last checkpoint in ``state_file``, and gives the same model on the same machine.

    Args:
        mix: What it is trained on.
        held_out: Held-out documents by language.
        tokenizer: Whose ids these are.
        plan: How it is trained.
        folder: Where the model goes.
        state_file: Where checkpoints go; removed at the end.

    Returns:
        ``plan``, ``parameters``, ``passes`` (how many times each token of the mix is read), ``curve`` (step, tokens,
        rate, loss in nats per token, mean of the steps since the last point), ``held_out`` (bits per character).

    Raises:
        InputError: The mix is too small, or the loss is not finite.
    """
    windows, device = Windows(mix, plan), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = new_model(plan, tokenizer.get_vocab_size()).to(device)
    norms = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": [p for p in model.parameters() if p.dim() > 1]}, {"params": norms, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, plan.rate, BETAS, weight_decay=DECAY, fused=True)
    key = _key(mix, plan)
    step, curve, losses = 0, list[dict[str, float]](), list[torch.Tensor]()  # of the steps since the last point
    if (saved := load_state(state_file, key)) is not None:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, curve, losses = saved["step"], saved["curve"], [own.to(device) for own in saved["losses"]]
        logging.info("pretrain: continuing after step %d of %d", step, plan.steps)
    compiled: Callable[..., Any] = torch.compile(model) if device.type == "cuda" else model
    done, saved_at = Progress("pretrain", (plan.steps - step) * plan.batch * plan.context, "tokens"), time.monotonic()
    points = {round(plan.steps * n / POINTS) for n in range(1, POINTS + 1)}
    model.train()
    while step < plan.steps:
        step += 1
        for group in optimizer.param_groups:
            group["lr"] = plan.rate_at(step)
        loss = _losses(compiled, windows.batch(step).to(device)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.detach())
        if step in points:
            mean = torch.stack(losses).mean().item()  # a GPU is waited for here alone
            if not math.isfinite(mean):
                raise InputError(
                    f"pretraining.sizes: the loss is {mean} at step {step} of {plan.steps}: the training diverged. "
                    f"Lower rate (now {plan.rate:g})."
                )
            tokens = step * plan.batch * plan.context
            curve.append({"step": step, "tokens": tokens, "loss": round(mean, 6), "rate": plan.rate_at(step)})
            logging.info("pretrain: step %d of %d, loss %.3f", step, plan.steps, mean)
            losses = []
        done(plan.batch * plan.context)
        if time.monotonic() - saved_at > SAVE_EVERY and step < plan.steps:
            weights = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            save_state(state_file, key, {**weights, "step": step, "curve": curve, "losses": losses})
            saved_at = time.monotonic()
    model.eval()
    bits = held_out_bits(model, held_out, tokenizer, plan.context)
    shutil.rmtree(folder, ignore_errors=True)  # of a training that was killed here
    model.to("cpu", torch.float32).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=DOCUMENT, eos_token=DOCUMENT).save_pretrained(folder)
    state_file.unlink(missing_ok=True)
    return {
        "plan": asdict(plan),
        "parameters": sum(p.numel() for p in model.parameters()),
        "passes": plan.steps * plan.batch * plan.context / mix.tokens,
        "curve": curve,
        "held_out": bits,
    }


def _key(mix: Mix, plan: Plan) -> str:
    """Return what a checkpoint belongs to."""
    read = b"".join(ids.tobytes() for ids in mix.ids)
    return hashlib.sha256(json.dumps(asdict(plan), sort_keys=True).encode() + read).hexdigest()
