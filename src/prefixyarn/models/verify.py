"""Checking that a foundation reads and models text of every language as it should."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, cycle, islice

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from prefixyarn.decode.backend import Request
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.likelihood import score
from prefixyarn.errors import InputError
from prefixyarn.models.foundation import Foundation, positions
from prefixyarn.models.logits import check_logits, logits, token_log_probabilities
from prefixyarn.models.tokenizer import normalised, prompt_ids, template, text_ids

# Nats by which likelihoods of tokens may be off on average: what rounding was seen to do, several times.
ENGINE_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.3, torch.float16: 0.05}
WINDOW = 1023  # tokens scored in one pass, after one: 1,024 positions are few, and logits over 262k entries 1 GB


def check_parameters(name: str, found: int, configured: float) -> None:
    """Check what the configuration says of a foundation's size.

    Raises:
        InputError: The model is more than a tenth larger.
    """
    if found > 1.1 * configured:
        raise InputError(
            f"foundations[].parameters: {configured:.3g}, but {name} has {found:.3g}, and jobs ask for memory and GPUs "
            f"by it. Set it to {found:.2g}."
        )


@torch.inference_mode()
def bits_per_character(foundation: Foundation, text: str) -> float:
    """Return the model's cross-entropy on a text in bits per character (not token: comparable across models).

    A long text is scored in windows of 1,023 tokens, each without sight of those before.
    """
    model = foundation.model
    ids, begun = prompt_ids(foundation.tokenizer, text), list(template(foundation.tokenizer))
    if not begun:  # the first token has nothing before it, and is not scored
        text = text[len(foundation.tokenizer.decode(ids[:1])) :]
    nats = 0.0
    for start in range(len(begun) or 1, len(ids), WINDOW):
        before, own = begun or ids[start - 1 : start], ids[start : start + WINDOW]
        whole = torch.tensor([before + own], device=model.device)
        states = model.get_decoder()(input_ids=whole, use_cache=False).last_hidden_state[0, len(before) - 1 : -1]
        nats -= token_log_probabilities(model, states, torch.arange(len(own)), torch.tensor(own)).sum().item()
    return nats / math.log(2) / len(text)


@torch.inference_mode()
def check_engine(model: PreTrainedModel, ids: Sequence[int]) -> None:
    """Check that the built-in engine reads a text as the model's own forward pass does.

    It attends in its own way (`prefixyarn.decode.attention`), which must know all that a family does there: prompts
    that begin alike, several rows for one, a sliding window where the text is longer.

    Args:
        model: The model.
        ids: Some text; best of more than 60 tokens.

    Raises:
        InputError: Likelihoods differ.
    """
    cut = min(20, len(ids) // 3)
    prompt, rest = tuple(ids[:-cut]), tuple(ids[-cut:])
    other = (*prompt[:-2], prompt[-1], prompt[-2])
    requests = [Request(prompt, rest), Request(prompt, rest[cut // 2 :]), Request(other, rest[: cut // 2 + 1])]
    found, off = score(model, requests, Limits(10**6)), []
    for request in requests:
        whole = torch.tensor([[*request.prompt, *request.prior]], device=model.device)
        states = model.get_decoder()(input_ids=whole, use_cache=False).last_hidden_state[0]
        expected = logits(model, states[len(request.prompt) - 1 : -1]).log_softmax(-1).cpu()
        own = expected[range(len(request.prior)), list(request.prior)]
        off.append((torch.tensor(found[request]) - own).abs().mean())
    most = float(max(off))
    if not most <= ENGINE_TOLERANCE[model.dtype]:
        raise InputError(
            f"the built-in engine does not read text as {type(model).__name__} does: log-likelihoods of tokens are off "
            f"by {most:.2g} nats on average. Its attention does what src/prefixyarn/decode/attention.py does not know."
        )


def check_reading(foundation: Foundation, text: str) -> tuple[int, int]:
    """Check a model's logits and the engine on a text, longer than the model's sliding window where it reads so far.

    Args:
        foundation: The model.
        text: The text; it is repeated as often as is needed.

    Returns:
        How many tokens were compared; and the window, 0 without one.

    Raises:
        InputError: See `prefixyarn.models.logits.check_logits` and `check_engine`.
    """
    model, tokenizer = foundation.model, foundation.tokenizer
    window = getattr(model.config, "sliding_window", None) or 0
    wanted = min(max(100, window + 50), WINDOW, positions(model.config) or WINDOW)
    ids = list(islice(chain(template(tokenizer), cycle(text_ids(tokenizer, text))), wanted))
    check_logits(model, ids[:64])
    check_engine(model, ids)
    return len(ids), window


def survives(tokenizer: PreTrainedTokenizerFast, text: str, ids: Sequence[int]) -> str | None:
    """Return what a tokenizer's normaliser changes in a text, ``""`` for nothing; None where more is lost than that.

    Args:
        tokenizer: The tokenizer.
        text: The text.
        ids: Its tokens.
    """
    back = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    if back.strip() == text.strip():
        return ""
    left = normalised(tokenizer, text)
    if back.split() != left.split():
        return None
    pairs = ((a, b) for a, b in zip(text.split(), left.split(), strict=False) if a != b)
    return "{!r} becomes {!r}".format(*next(pairs, ("a run of spaces", " ")))


def verify(
    foundation: Foundation,
    paragraphs: Mapping[str, str],
    english: Mapping[str, str],
    limits: Mapping[str, float],
    log: Callable[[str], None],
) -> dict[str, dict[str, float]]:
    """Verify that a foundation reads and models text in each language as it should.

    Args:
        foundation: The loaded model.
        paragraphs: A paragraph of real text by language code.
        english: The same paragraphs in English; may lack languages.
        limits: Bits per character that must not be exceeded, by language code; may lack languages.
        log: Called with a line per language.

    Returns:
        By language: ``bits_per_character``, ``tokens_per_character`` and, where the English is known,
        ``bits_per_english_character``, the bits of the text over the characters of its English. A Chinese character
        says more than a Latin letter, but the sentences say the same.

    Raises:
        InputError: A text does not survive the tokenizer (but for what its normaliser changes, which is logged), has
            BOS twice, or is modelled worse than the limit; or the model's family makes logits, or attends, in a way
            that is not known here.
    """
    tokenizer = foundation.tokenizer
    result: dict[str, dict[str, float]] = {}
    wrong = []
    if text := "\n".join(text for _, text in sorted(paragraphs.items())):
        check_reading(foundation, text)
    for code, text in sorted(paragraphs.items()):
        ids = text_ids(tokenizer, text)
        if changed := survives(tokenizer, text, ids):
            log(f"{code}: the tokenizer's normaliser changes the text: {changed}")
        elif changed is None:
            wrong.append(f"{code}: the text does not survive encoding and decoding")
        bits = bits_per_character(foundation, text)
        limit = limits.get(code, math.inf)
        if not bits <= limit:
            wrong.append(f"{code}: {bits:.2f} bits per character, more than the limit of {limit}")
        result[code] = {
            "bits_per_character": round(bits, 4),
            "tokens_per_character": round(len(ids) / len(text), 4),
        }
        if code in english:
            result[code]["bits_per_english_character"] = round(bits * len(text) / len(english[code]), 4)
        log(f"{code}: {bits:.2f} bits per character (limit {limit}), {result[code]['tokens_per_character']} tokens")
    if wrong:
        raise InputError(
            f"foundation {foundation.name}: " + "; ".join(wrong) + ". The conversion or the tokenizer is wrong "
            "(or the limits in foundations.max_bits_per_character are, for another model)."
        )
    return result
