"""What goes wrong in outputs: wrong language, nothing, a copy of the source, loops, no end."""

from __future__ import annotations

import re

from prefixyarn.data.splits import NEAR_DUPLICATE, similarities
from prefixyarn.data.text_lines import visible
from prefixyarn.metrics.language_id import LanguageDetector, off_target
from prefixyarn.records import Item, Output

ERROR_TYPES = ("off_target", "empty", "copied", "repeated", "truncated")

# Two or more characters, four times in a row.
_LOOP = re.compile(r"(.{2,}?)\1{3,}", re.DOTALL)


def error_types(item: Item, output: Output, target: str, detector: LanguageDetector) -> dict[str, bool | None]:
    """Tell what is wrong with an output.

    Returns:
        off_target: The continuation (prior excluded) is detected as another language than the target; None
            where the continuation has no letters, as then there is nothing to detect.
        empty: Nothing can be seen of the whole answer.
        copied: The answer repeats the source: their 5-gram similarity is that of near-duplicates.
        repeated: A string of two or more characters stands four times in a row.
        truncated: The length limit ended it.
    """
    same = output.text.casefold() == item.source.casefold()
    return {
        "off_target": off_target(output.continuation, target, detector),
        "empty": not visible(output.text),
        "copied": same or bool(similarities([output.text], [item.source])[0, 0] >= NEAR_DUPLICATE),
        "repeated": bool(_LOOP.search(output.text)),
        "truncated": output.stop == "length",
    }
