"""The seq2seq refined model: any encoder-decoder of ``transformers``, fine-tuned on all directions together.

NLLB's tokenizers are told the languages by their codes; other models read them in a line before the source, as
T5 was trained to. A model without pretrained weights (``kind: new``) gets a tokenizer made from the training text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.models.refined.fitting import fit, load_part
from prefixyarn.models.tokenizer import reading_text
from prefixyarn.records import Item, read_json, write_json

VOCABULARY = 8000  # of a tokenizer made from the training text


def train(
    train: Mapping[str, Sequence[Item]],
    dev: Mapping[str, Sequence[Item]],
    config: Mapping[str, Any],
    pretrained: str,
    folder: Path,
    state: Path,
) -> int:
    """Fine-tune a model on all directions and write it into ``folder``.

    Args:
        train: Training items by direction.
        dev: Dev items by direction, for the dev loss.
        config: ``seed``, and the config's ``translation.refined.seq2seq``: ``source``, ``steps``, ``batch``, ``rate``,
            ``max_tokens``
        pretrained: Folder of the model to start from.
        folder: Where the model goes.
        state: Where checkpoints go.

    Returns:
        Number of parameters.

    Raises:
        InputError: The model does not know a language, or cannot be trained.
    """
    source = config["source"]
    torch.manual_seed(config["seed"])
    if source["kind"] == "new":
        tokenizer = _tokenizer(
            [text for items in train.values() for item in items for text in (item.source, item.target)]
        )
        ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
        own = AutoConfig.for_model(
            **source["config"], vocab_size=len(tokenizer), decoder_start_token_id=tokenizer.pad_token_id, **ids
        )
        model = AutoModelForSeq2SeqLM.from_config(own)
    else:
        tokenizer = reading_text(load_part(AutoTokenizer, pretrained))
        model = load_part(AutoModelForSeq2SeqLM, pretrained, use_safetensors=True)
    features = {
        name: [
            feature
            for subset, items in split.items()
            for feature in _features(tokenizer, items, Direction.parse(subset), config["max_tokens"])
        ]
        for name, split in (("train", train), ("dev", dev))
    }
    settings = {key: config[key] for key in ("steps", "batch", "rate", "seed")}
    model = fit(
        model,
        json.dumps(source),
        DataCollatorForSeq2Seq(tokenizer, model),
        features["train"],
        features["dev"],
        settings,
        state,
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / "directions.json", {"directions": sorted(train), "max_tokens": config["max_tokens"]})
    return int(model.num_parameters())


def _tokenizer(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel()
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=["<pad>", "</s>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return reading_text(PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="</s>"))


def _marks_languages(tokenizer: PreTrainedTokenizerFast) -> bool:
    return hasattr(tokenizer, "src_lang")


def _code(tokenizer: PreTrainedTokenizerFast, code: str) -> str:
    """Return a language's code in NLLB's way, which the tokenizer must know."""
    name = language(code).flores
    if name not in tokenizer.get_vocab():
        raise InputError(
            f"refined.seq2seq: the model does not know {language(code).name} ({name}). Take another "
            "model, or leave the language out."
        )
    return name


def _inputs(tokenizer: PreTrainedTokenizerFast, sources: Sequence[str], direction: Direction) -> list[str]:
    if _marks_languages(tokenizer):
        tokenizer.src_lang, tokenizer.tgt_lang = (_code(tokenizer, c) for c in (direction.source, direction.target))
        return list(sources)
    names = language(direction.source).name, language(direction.target).name
    return [f"translate {names[0]} to {names[1]}: {source}" for source in sources]


def _features(
    tokenizer: PreTrainedTokenizerFast, items: Sequence[Item], direction: Direction, max_tokens: int
) -> list[dict[str, list[int]]]:
    if not items:
        return []
    inputs = _inputs(tokenizer, [item.source for item in items], direction)
    made = tokenizer(inputs, text_target=[item.target for item in items], truncation=True, max_length=max_tokens)
    return [
        {"input_ids": ids, "attention_mask": mask, "labels": labels}
        for ids, mask, labels in zip(made["input_ids"], made["attention_mask"], made["labels"], strict=True)
    ]


@torch.inference_mode()
def predict(folder: Path, subset: str, items: Sequence[Item], batch: int) -> tuple[list[str], bool]:
    """Return each item's translation, greedily decoded, and True: it is the whole.

    Raises:
        InputError: The model was not trained on this direction.
    """
    facts = read_json(folder / "directions.json")
    if subset not in facts["directions"]:
        known = ", ".join(facts["directions"])
        raise InputError(f"{folder}: the refined model was trained on {known}, not on {subset}. Train it again.")
    tokenizer, direction = reading_text(load_part(AutoTokenizer, folder)), Direction.parse(subset)
    model: PreTrainedModel = load_part(AutoModelForSeq2SeqLM, folder, use_safetensors=True)
    model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    inputs = _inputs(tokenizer, [item.source for item in items], direction)
    forced = {}
    if _marks_languages(tokenizer):
        forced = {"forced_bos_token_id": tokenizer.convert_tokens_to_ids(_code(tokenizer, direction.target))}
    texts: list[str] = []
    for n in range(0, len(inputs), batch):
        ids = tokenizer(
            inputs[n : n + batch], return_tensors="pt", padding=True, truncation=True, max_length=facts["max_tokens"]
        ).to(model.device)
        ids.pop("token_type_ids", None)
        made = model.generate(**ids, max_new_tokens=facts["max_tokens"], do_sample=False, num_beams=1, **forced)
        texts += [text.strip() for text in tokenizer.batch_decode(made, skip_special_tokens=True)]
    return texts, True
