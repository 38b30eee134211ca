"""Text is text: what spells a special token, wherever it stands, is encoded as the characters that it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

import tiny
from prefixyarn.languages import Direction
from prefixyarn.models.plain_text import open_tokenizer, spelled_in
from prefixyarn.models.tokenizer import answer_ids, load_tokenizer, prompt_ids, reading_text, template, text_ids
from prefixyarn.priors.build import encoder
from prefixyarn.prompts import Prompt, shortened
from prefixyarn.records import Item
from prefixyarn.tasks.tagging.tags import constraint

SPECIAL = ["<pad>", "</s>", "<s>", "<unk>", "<unused0>", "<start_of_turn>", "[MASK]"]
ADDED = ["<think>", "\n\n", "[table]"]  # text, in tokens of their own
LETTERS = [*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<>/_[].:,()▁\n"]


def _finished(made: Tokenizer) -> PreTrainedTokenizerFast:
    made.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    made.add_tokens([AddedToken(name, special=False, normalized=False) for name in ADDED])
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 2)])
    named = {"pad_token": "<pad>", "eos_token": "</s>", "bos_token": "<s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **named)


def gemma() -> PreTrainedTokenizerFast:
    """Return a BPE tokenizer that has merges up to the names of special tokens."""
    vocabulary, merges = {name: n for n, name in enumerate([*SPECIAL, *LETTERS])}, []
    for name in SPECIAL:
        for end in range(2, len(name) + 1):
            merges.append((name[: end - 1], name[end - 1]))
            vocabulary.setdefault(name[:end], len(vocabulary))
    made = Tokenizer(models.BPE(vocabulary, [*dict.fromkeys(merges)], unk_token="<unk>"))
    made.normalizer, made.decoder = normalizers.Replace(" ", "▁"), decoders.Replace("▁", " ")
    return _finished(made)


def unigram() -> PreTrainedTokenizerFast:
    """Return a Unigram tokenizer, as SentencePiece's: special tokens are pieces like others, and the likeliest."""
    made = Tokenizer(models.Unigram([(name, 0.0) for name in SPECIAL] + [(own, -3.0) for own in LETTERS], unk_id=3))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(prepend_scheme="first"), decoders.Metaspace()
    return _finished(made)


def byte_level() -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer, as Llama 3's."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({name: n for n, name in enumerate([*SPECIAL, *alphabet])}, [], ignore_merges=True))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return _finished(made)


KINDS: list[Callable[[], PreTrainedTokenizerFast]] = [gemma, unigram, byte_level]


def texts(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """Return texts with every special and added token of a tokenizer in them."""
    names = [token.content for token in tokenizer.added_tokens_decoder.values() if not token.content.isspace()]
    return [text for name in names for text in (f"The {name} file", f"{name}{name}x", f"a{name}", name)]


def assert_plain(tokenizer: PreTrainedTokenizerFast, ids: list[int], text: str) -> None:
    """Assert that ids are the text, and no special token."""
    special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    assert not special & {*ids}, text
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False).strip() == text.strip()


def check_everywhere(tokenizer: PreTrainedTokenizerFast, some: list[str]) -> None:
    direction, before = Direction("en", "de"), list(template(tokenizer))
    for text in some:
        prompt = Prompt("x", "{source_language}: {source}\n{target_language}:", shots=((text, text),))
        filled = prompt.fill(text, direction)
        ids = prompt_ids(tokenizer, filled)
        assert ids[: len(before)] == before
        assert_plain(tokenizer, ids[len(before) :], filled)
        target = answer_ids(tokenizer, filled, " ", text)
        assert_plain(tokenizer, target, text)
        assert_plain(tokenizer, list(encoder(tokenizer, " ")(filled, text)), text)  # of a dictionary, too
        assert shortened(text, tokenizer.backend_tokenizer, 1000) == text
        words = " ".join(text.split())
        tagged = constraint(Item("1", words, f"{words} (NOUN)"), tokenizer.backend_tokenizer)
        assert_plain(
            tokenizer, [i for piece in tagged.pieces for i in piece], "".join(f" {w} ()" for w in text.split())
        )


@pytest.mark.parametrize("kind", KINDS)
def test_what_spells_a_special_token_is_text(kind: Callable[[], PreTrainedTokenizerFast]) -> None:
    plain = kind()
    assert any({*plain.all_special_ids} & {*plain(text, add_special_tokens=False).input_ids} for text in texts(plain))
    check_everywhere(reading_text(kind()), texts(plain))


@pytest.mark.parametrize("kind", KINDS)
def test_all_other_text_is_encoded_as_before(kind: Callable[[], PreTrainedTokenizerFast]) -> None:
    plain, made = kind(), reading_text(kind())
    for text in ["The file was saved.", "a < b > c </ s", "<s x <think> y\n\nz[table]", " two  spaces", "<<<", ""]:
        assert text_ids(made, text) == text_ids(plain, text)
        assert made(text).input_ids == plain(text).input_ids


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_opened_so_with_and_without_a_manifest(
    kind: Callable[[], PreTrainedTokenizerFast], tmp_path: Path
) -> None:
    kind().save_pretrained(tmp_path)
    names = spelled_in(kind().backend_tokenizer)
    assert (kind is byte_level) == (not names)
    for manifest in ({}, {"spelled": names}):
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        whole, light = load_tokenizer(tmp_path), open_tokenizer(tmp_path)
        for text in texts(whole):
            assert_plain(whole, text_ids(whole, text), text)
            assert light.encode(text, add_special_tokens=False).ids == text_ids(whole, text)


def test_names_whose_letters_are_unknown_stay_unknown() -> None:
    made = reading_text(tiny.tokenizer())  # has no "<"
    assert 1 not in prompt_ids(made, "a <eos> b") and 2 not in text_ids(made, "a <bos> b")


@pytest.mark.model
def test_the_default_tokenizer(default_model: Path) -> None:
    tokenizer = load_tokenizer(default_model)
    names = [token.content for token in tokenizer.added_tokens_decoder.values()]
    assert len(names) > 6000
    special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    for name in names:
        ids = text_ids(tokenizer, f"The {name} file")
        assert not special & {*ids} and tokenizer.decode(ids) == f"The {name} file"
    named = [name for name in names if not name.startswith("<unused") and not name.isspace()]
    check_everywhere(tokenizer, [f"The {name} file" for name in [*named, "<unused0>", "<unused6241>"]])
