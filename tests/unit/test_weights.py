"""Which files hold a model's weights, and what is refused before any are loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM

import tiny
from prefixyarn.errors import InputError
from prefixyarn.models.convert import convert
from prefixyarn.models.foundation import load
from prefixyarn.models.weights import parameters, weight_files


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, made = tmp_path_factory.mktemp("sharded"), tiny.tokenizer()
    tiny.llama(len(made)).save_pretrained(folder, max_shard_size="40KB")
    made.save_pretrained(folder)
    assert len(list(folder.glob("model-*.safetensors"))) > 2
    return folder


def test_shards_are_counted_once_and_a_second_copy_is_left_alone(sharded: Path, tmp_path: Path) -> None:
    expected = sum(own.numel() for own in tiny.llama(len(tiny.tokenizer())).parameters())
    source = shutil.copytree(sharded, tmp_path / "source")
    whole = {name: own for path in weight_files(source) for name, own in load_file(path).items()}
    save_file(whole, source / "consolidated.safetensors")  # as Mistral publishes them
    assert parameters(source) == expected and len(weight_files(source)) > 2
    manifest = convert(source, tmp_path / "model")
    assert manifest["parameters"] == expected and "consolidated.safetensors" not in manifest["files"]
    assert load(tmp_path / "model", "tiny", "float32").model.num_parameters() == expected
    for path in weight_files(source):
        path.unlink()
    (source / "model.safetensors.index.json").unlink()
    with pytest.raises(InputError, match=r"of a whole model .* only consolidated\.safetensors"):
        convert(source, tmp_path / "model")


def test_what_is_missing_is_named(sharded: Path, tmp_path: Path) -> None:
    source = shutil.copytree(sharded, tmp_path / "source")
    gone = weight_files(source)[1]
    gone.unlink()
    with pytest.raises(InputError, match=rf"index\.json: names {gone.name}, which is missing"):
        convert(source, tmp_path / "model")
    shutil.copy(next(source.glob("model-*.safetensors")), gone)  # of another model, say
    with pytest.raises(InputError, match=r"lacks model\..*, which the index says it has"):
        weight_files(source)
    (source / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(InputError, match="no list of weights"):
        weight_files(source)


def test_pickles_are_not_read(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"only pickled weights \(pytorch_model\.bin\)"):
        weight_files(tmp_path)
    (tmp_path / "x.gguf").write_bytes(b"GGUF of no version")
    with pytest.raises(InputError, match=r"x\.gguf: not a GGUF file, or cut short"):
        parameters(tmp_path)


def test_weights_of_something_else_are_refused(sharded: Path, tmp_path: Path) -> None:
    vocabulary = len(tiny.tokenizer())
    config = BertConfig(vocab_size=vocabulary, hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    BertForMaskedLM(config).save_pretrained(tmp_path / "encoder")
    tiny.llama(vocabulary).get_decoder().save_pretrained(tmp_path / "embedder")
    for folder, name in (("encoder", "BertForMaskedLM"), ("embedder", "LlamaModel")):
        tiny.tokenizer().save_pretrained(tmp_path / folder)
        with pytest.raises(InputError, match=f"its weights are those of {name}, not of a causal language model"):
            convert(tmp_path / folder, tmp_path / "model")


def test_weights_that_lack_some_are_not_filled_with_random_ones(tmp_path: Path) -> None:
    source, path = tiny.save_model(tmp_path / "source"), tmp_path / "source/model.safetensors"
    weights = load_file(path)
    del weights["lm_head.weight"]
    save_file(weights, path, {"format": "pt"})
    convert(source, tmp_path / "model")
    with pytest.raises(InputError, match=r"lack 1 that Gemma3ForCausalLM has, lm_head\.weight among them"):
        load(tmp_path / "model", "tiny", "float32")


def test_a_gguf_file_with_a_configuration_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tiny.save_model(tmp_path / "source")
    (source / "x.gguf").write_bytes(b"")
    saved = shutil.copytree(source, tmp_path / "saved")

    def made(path: Path, folder: Path) -> dict[str, bool]:
        for name in ("config.json", "model.safetensors"):
            shutil.copy(saved / name, folder)
        return {}

    monkeypatch.setattr("prefixyarn.models.convert._convert_gguf", made)
    (source / "config.json").write_text(json.dumps({"model_type": "of another"}))
    convert(source, tmp_path / "model")
    assert not (tmp_path / "model/config.json").is_symlink()
