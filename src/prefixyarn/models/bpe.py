"""A byte-level BPE tokenizer of a corpus, as ``transformers`` loads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from prefixyarn.data.corpus.works import Work

# Stands before each document, and so at the start of a prompt; where a document ends, the next one begins.
DOCUMENT = "<|document|>"


def sample(works: Sequence[Work], codes: Sequence[str], characters: int) -> dict[str, list[str]]:
    """Return as many characters of paragraphs in each language, evenly over the works; less where there is less."""
    found = {}
    for code in codes:
        texts = [segment[code] for work in works for segment in work.segments if code in segment]
        step = max(1, sum(map(len, texts)) // max(characters, 1))
        taken, total = [], 0
        for text in texts[::step]:
            if total >= characters:
                break
            taken.append(text)
            total += len(text)
        found[code] = taken
    return found


def train_tokenizer(texts: Mapping[str, Sequence[str]], vocabulary: int) -> Tokenizer:
    """Return a tokenizer of ``vocabulary`` entries whose id 0 is `DOCUMENT`, which it puts before a text.

    Args:
        texts: By language its texts. One language follows the other; each has its share by its length.
        vocabulary: Number of entries, at least 257.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[DOCUMENT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(chain.from_iterable(texts.values()), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(f"{DOCUMENT} $A", special_tokens=[(DOCUMENT, 0)])
    return tokenizer


def encoded(tokenizer: Tokenizer, texts: Iterable[str], at_once: int = 2000) -> Iterator[npt.NDArray[np.uint16]]:
    """Yield the ids of documents, `DOCUMENT` first; texts are read no further than ids are asked for."""
    left = iter(texts)
    while batch := list(islice(left, at_once)):
        yield from (np.array(found.ids, dtype=np.uint16) for found in tokenizer.encode_batch_fast(batch))
