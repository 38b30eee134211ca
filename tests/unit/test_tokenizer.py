"""A tokenizer that is loaded from its tokenizer.json alone is the one that its whole folder makes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import AddedToken
from transformers import AutoTokenizer

import tiny
from prefixyarn.errors import InputError
from prefixyarn.models.tokenizer import check_entries, load_tokenizer, reading_text, special_tokens

TEXTS = ["a b", "Größe: 12\n", " über  zwei", "", "<eos> x"]


def test_a_tokenizer_of_one_file_is_that_of_the_folder(tmp_path: Path) -> None:
    tiny.tokenizer().save_pretrained(tmp_path)
    whole = AutoTokenizer.from_pretrained(tmp_path)
    special = special_tokens(tmp_path, whole)
    reading_text(whole)
    assert special and special["bos_token"] == "<bos>"
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {}, "special_tokens": special}))
    (tmp_path / "tokenizer_config.json").unlink()  # is not read
    alone = load_tokenizer(tmp_path)
    assert [alone(text).input_ids for text in TEXTS] == [whole(text).input_ids for text in TEXTS]
    ids = whole(TEXTS[1]).input_ids
    assert alone.decode(ids) == whole.decode(ids) and alone.all_special_ids == whole.all_special_ids
    assert len(alone) == len(whole) and (alone.eos_token_id, alone.is_fast) == (whole.eos_token_id, True)


def test_where_the_file_does_not_say_all_the_folder_is_read(tmp_path: Path) -> None:
    made = tiny.tokenizer()
    made.save_pretrained(tmp_path)
    made.add_tokens(["<new>"])  # that the file has not
    assert special_tokens(tmp_path, made) is None
    (tmp_path / "tokenizer.json").unlink()
    assert special_tokens(tmp_path, made) is None


def test_a_model_has_a_row_for_whatever_a_text_becomes() -> None:
    made = tiny.tokenizer()
    rows = len(made)
    check_entries(made, rows)
    made.add_tokens([AddedToken("<image>", special=True)], special_tokens=True)
    check_entries(made, rows)  # as Gemma 3's: no text becomes it
    with pytest.raises(InputError, match=rf"its tokenizer has {rows + 1} entries, but the model has {rows - 1} \("):
        check_entries(made, rows - 1)
    made.add_tokens(["<new>"])  # that a text may
    with pytest.raises(InputError, match=r"\('<new>' is the first without\)"):
        check_entries(made, rows)
    with pytest.raises(InputError, match=r"but the model has 2 \('<bos>' is the first without\)"):
        check_entries(made, 2)  # which the template adds
