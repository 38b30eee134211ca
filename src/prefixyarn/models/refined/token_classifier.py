"""The token-classifier refined model, for tagging: any encoder of ``transformers``, fine-tuned on tagged words.

An item's source is words divided by spaces, its target these words with their tags. A word's tag is that of its first
token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, DataCollatorForTokenClassification

from prefixyarn.data.words import tagged, tags_of
from prefixyarn.errors import InputError
from prefixyarn.models.refined.fitting import fit, load_part
from prefixyarn.models.tokenizer import reading_text
from prefixyarn.records import Item, read_json, write_json

IGNORED = -100  # label of tokens that have no loss


def train(
    train: Mapping[str, Sequence[Item]],
    dev: Mapping[str, Sequence[Item]],
    config: Mapping[str, Any],
    pretrained: str,
    folder: Path,
    state: Path,
) -> int:
    """Fine-tune an encoder on the tagged items of all languages and write it into ``folder``.

    Args:
        train: Training items by language.
        dev: Dev items by language, for the dev loss.
        config: ``seed``, ``steps``, ``batch``, ``rate``, ``max_tokens``.
        pretrained: Folder of the model to start from.
        folder: Where the model goes.
        state: Where checkpoints go.

    Returns:
        Number of parameters.

    Raises:
        InputError: An item has not as many tags as words, or the model cannot be trained.
    """
    tags = sorted({tag for items in train.values() for item in items for tag in tags_of(item)})
    torch.manual_seed(config["seed"])
    tokenizer = reading_text(load_part(AutoTokenizer, pretrained))
    model = load_part(
        AutoModelForTokenClassification,
        pretrained,
        use_safetensors=True,
        id2label=dict(enumerate(tags)),
        label2id={tag: n for n, tag in enumerate(tags)},
        ignore_mismatched_sizes=True,  # a head for other tags is made anew
    )
    features = {
        name: [_feature(tokenizer, item, tags, config["max_tokens"]) for items in split.values() for item in items]
        for name, split in (("train", train), ("dev", dev))
    }
    settings = {key: config[key] for key in ("steps", "batch", "rate", "seed")}
    collator = DataCollatorForTokenClassification(tokenizer)
    model = fit(model, pretrained, collator, features["train"], features["dev"], settings, state)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / "languages.json", {"languages": sorted(train), "max_tokens": config["max_tokens"]})
    return int(model.num_parameters())


def _feature(tokenizer: Any, item: Item, tags: Sequence[str], max_tokens: int) -> dict[str, list[int]]:
    words, own = item.source.split(), tags_of(item)
    made = tokenizer(words, is_split_into_words=True, truncation=True, max_length=max_tokens)
    labels, previous = [], None
    for word in made.word_ids():
        known = word is not None and word != previous and own[word] in tags
        labels.append(tags.index(own[word]) if known else IGNORED)
        previous = word
    return {"input_ids": made["input_ids"], "attention_mask": made["attention_mask"], "labels": labels}


@torch.inference_mode()
def predict(folder: Path, subset: str, items: Sequence[Item], batch: int) -> tuple[list[str], bool]:
    """Return each item's tagged words, and True: it is the whole.

    Words beyond the token limit get the tag of the last word within it.

    Raises:
        InputError: The model was not trained on this language.
    """
    facts = read_json(folder / "languages.json")
    if subset not in facts["languages"]:
        known = ", ".join(facts["languages"])
        raise InputError(f"{folder}: the refined model was trained on {known}, not on {subset}. Train it again.")
    tokenizer = reading_text(load_part(AutoTokenizer, folder))
    model = load_part(AutoModelForTokenClassification, folder, use_safetensors=True)
    model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    texts: list[str] = []
    for n in range(0, len(items), batch):
        split = [item.source.split() for item in items[n : n + batch]]
        made = tokenizer(
            split,
            is_split_into_words=True,
            truncation=True,
            max_length=facts["max_tokens"],
            padding=True,
            return_tensors="pt",
        )
        inputs = {
            "input_ids": made["input_ids"].to(model.device),
            "attention_mask": made["attention_mask"].to(model.device),
        }
        chosen = model(**inputs).logits.argmax(-1).tolist()
        for row, words in enumerate(split):
            tags: dict[int, str] = {}
            for place, word in enumerate(made.word_ids(row)):
                if word is not None:
                    tags.setdefault(word, model.config.id2label[chosen[row][place]])
            last = tags[max(tags)] if tags else ""
            texts.append(tagged(words, [tags.get(word, last) for word in range(len(words))]))
    return texts, True
