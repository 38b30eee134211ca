"""The pseudo prior that the foundation finds likeliest of all that a dictionary offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from transformers import PreTrainedTokenizerFast

from prefixyarn.data.lexicon import Lexicon
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.priors.build import Encode
from prefixyarn.priors.dictionary import pseudo_candidates
from prefixyarn.priors.material import Ids, PriorText
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item

Pick = Callable[[Sequence[Ids], Sequence[Sequence[Ids]], Callable[[int], None]], list[int]]


def likeliest(
    items: Sequence[Item],
    lexicon: Lexicon,
    direction: Direction,
    prompt: Prompt,
    tokenizer: PreTrainedTokenizerFast,
    encode: Encode,
    pick: Pick,
    progress: Callable[[int], Callable[[int], None]],
) -> dict[str, PriorText]:
    """Return, by item id, the candidate that the foundation finds likeliest as the start of the answer.

    Args:
        items: The items.
        lexicon: Source to target dictionary.
        direction: The items' direction.
        prompt: The prompt without examples.
        tokenizer: The foundation's.
        encode: Encodes the start of an answer.
        pick: Takes prompts and the candidates of each, as token ids; returns the index of each prompt's likeliest.
        progress: Takes how many candidates there are; returns what is called with the number of those just finished.

    Returns:
        A text for every item; an empty one where there is no candidate.
    """
    candidates = {item.id: pseudo_candidates(item.source, direction, lexicon) for item in items}
    asked = [item for item in items if candidates[item.id]]
    filled = [prompt.fill(item.source, direction) for item in asked]
    ids = [
        [encode(text, candidate) for candidate in candidates[item.id]] for item, text in zip(asked, filled, strict=True)
    ]
    picked = pick(
        [tuple(prompt_ids(tokenizer, text)) for text in filled], ids, progress(sum(len({*own}) for own in ids))
    )
    chosen = {item.id: PriorText("", "no candidate") for item in items}
    for item, n in zip(asked, picked, strict=True):
        own = candidates[item.id]
        chosen[item.id] = PriorText(own[n], f"likeliest of {len(own)}: {', '.join(own)}")
    return chosen
