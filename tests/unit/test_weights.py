"""Which files hold a model's weights, and what is refused before any are loaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from string import ascii_letters
from typing import Any

import gguf
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM

import tiny
from prefixyarn.errors import InputError
from prefixyarn.models.convert import convert
from prefixyarn.models.fetch import fetch
from prefixyarn.models.foundation import load
from prefixyarn.models.weights import parameters, weight_files, where_it_lies


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


# --- files that do not belong together, and weights that are no numbers --------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save_model(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture
def source(saved: Path, tmp_path: Path) -> Path:
    return shutil.copytree(saved, tmp_path / "source")


Harm = Callable[[Path], Any]


def config(**own: Any) -> Harm:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | own))

    return change


def weights(change: Callable[[dict[str, torch.Tensor]], Any]) -> Harm:
    def changed(folder: Path) -> None:
        path = folder / "model.safetensors"
        own = load_file(path)
        change(own)
        save_file(own, path, {"format": "pt"})

    return changed


def number(value: float) -> Harm:
    return weights(lambda own: own["model.layers.1.mlp.up_proj.weight"].view(-1)[7:8].fill_(value))


def add(**tensors: torch.Tensor) -> Harm:
    return weights(lambda own: own.update({name.replace("__", "."): tensor for name, tensor in tensors.items()}))


def half(own: dict[str, torch.Tensor]) -> None:
    own.update({name: tensor[: len(tensor) // 2].contiguous() for name, tensor in own.items() if "embed" in name})


def index(name: str, **own: Any) -> Harm:
    def parts(folder: Path) -> None:
        listed = dict.fromkeys(load_file(folder / "model.safetensors"), name)
        (folder / "model.safetensors").rename(folder.parent / "outside.safetensors")
        known = {"metadata": {}, "weight_map": listed} | own
        (folder / "model.safetensors.index.json").write_text(json.dumps(known))

    return parts


def adapter(folder: Path) -> None:
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "base_model_name_or_path": "a/b"}))
    save_file({"lora_A.weight": torch.ones(1)}, folder / "adapter_model.safetensors")


def ggufs(*names: str) -> Harm:
    return lambda folder: [(folder / name).write_bytes(b"GGUF") for name in names]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (config(num_hidden_layers=2, layer_types=["full_attention"] * 2), r"no place for model\.layers\.2\.input_layernorm\.weight of its weights \(13 such"),
        (add(v_head__weight=torch.ones(3)), r"no place for v_head\.weight of its weights \(1 such tensors\)"),
        (config(hidden_size=48), r"not of one model: lm_head\.weight is 455 x 32, and by the configuration 455 x 48 \(36 such"),
        (weights(half), r"not of one model: model\.embed_tokens\.weight is 227 x 32"),
        (number(float("nan")), r"model\.layers\.1\.mlp\.up_proj\.weight has NaN or infinity among its numbers in float32\. Fetch"),
        (number(float("-inf")), r"model\.layers\.1\.mlp\.up_proj\.weight has NaN or infinity"),
        (config(hidden_activation="swoosh"), r"the model does not load \(KeyError: 'swoosh'\)"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_where_it_is_loaded(
    harm: Harm, message: str, source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    harm(source)
    convert(source, tmp_path / "model")
    with pytest.raises(InputError, match=message) as refused:
        load(tmp_path / "model", "tiny", "float32")
    assert "\n" not in str(refused.value) and "LOAD REPORT" not in caplog.text


def test_a_tokenizer_of_another_model_is_refused_where_it_is_loaded(source: Path, tmp_path: Path) -> None:
    tiny.gemma(300).save_pretrained(source)
    convert(source, tmp_path / "model")
    with pytest.raises(InputError, match="model: its tokenizer has 455 entries, but the model has 300"):
        load(tmp_path / "model", "tiny", "float32")


def test_numbers_too_large_for_float16_are_named(source: Path, tmp_path: Path) -> None:
    number(1e6)(source)
    convert(source, tmp_path / "model")
    load(tmp_path / "model", "tiny", "bfloat16")
    with pytest.raises(InputError, match="infinity among its numbers in float16. .* choose bfloat16 or float32"):
        load(tmp_path / "model", "tiny", "float16")


def test_what_old_files_have_beside_their_weights_is_left(source: Path, tmp_path: Path) -> None:
    made = tiny.llama(len(tiny.tokenizer()))
    made.config.tie_word_embeddings = True
    made.tie_weights()
    made.save_pretrained(source)
    head = made.get_output_embeddings().weight.detach().clone()
    add(lm_head__weight=head, model__layers__0__self_attn__rotary_emb__inv_freq=torch.ones(4))(source)
    convert(source, tmp_path / "model")
    load(tmp_path / "model", "tiny", "float32")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (adapter, r"a whole model, and an adapter \(adapter_config\.json\)\. Take the adapter's files out"),
        *((config(quantization_config={"quant_method": how, "bits": 4}), rf"quantization_config: its weights are quantised \({how}\)") for how in ("bitsandbytes", "gptq", "awq", "mxfp4", "new")),
        (config(quantization_config={}), r"quantised \(it does not say how\)"),
        (config(quantization_config="x"), r"config\.json does not load \(AttributeError"),
        (weights(lambda own: own.update(lm_head=own["lm_head.weight"], **{"lm_head.weight": own["lm_head.weight"].to(torch.int8)})), r"lm_head\.weight is I8, and floats of 16 bits or more are read \(1 such"),
        (weights(lambda own: own.update({"lm_head.weight": own["lm_head.weight"].to(torch.float8_e4m3fn)})), r"lm_head\.weight is F8_E4M3"),
        (lambda own: (own / "model.safetensors").write_bytes(b""), r"model\.safetensors: damaged or cut short"),
        (lambda own: (own / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n"), r"model\.safetensors: a pointer of git-lfs"),
        (index("../outside.safetensors"), r"names \.\./outside\.safetensors, and parts must lie beside it"),
        (index("sub/part.safetensors"), r"names sub/part\.safetensors, and parts must lie beside it"),
        (index("/tmp/part.safetensors"), r"names /tmp/part\.safetensors, and parts must lie beside it"),
        (index("gone.safetensors"), r"names gone\.safetensors, which is missing"),
        (index("x", weight_map={}), r"no list of weights \(it is empty\)"),
        (index("x", weight_map=3), "no list of weights"),
        (config(architectures="Gemma3ForCausalLM"), r"architectures: expected a list of names, got 'Gemma3ForCausalLM'"),
        (config(architectures=[3]), r"architectures: expected a list of names, got \[3\]"),
        (config(dtype="float99"), r"config\.json does not load \(AttributeError: .*float99"),
        (config(num_hidden_layers="three"), r"config\.json does not load \(.*'num_hidden_layers': TypeError: .* expected int"),
        (config(num_attention_heads=0), r"config\.json does not load \(ZeroDivisionError"),
        (lambda own: (own / "config.json").write_bytes(b"\xff\xfe{"), r"config\.json does not load"),
        (lambda own: (own / "tokenizer.json").write_text("[]"), r"the tokenizer does not load"),
        (lambda own: (own / "tokenizer_config.json").write_text("[]"), r"the tokenizer does not load"),
        (ggufs("a.gguf", "b.gguf"), r"2 GGUF files \(a\.gguf, b\.gguf\)\. Give a folder with the one"),
        (ggufs("x.gguf"), r"x\.gguf: not a GGUF file that can be converted"),
    ],
)  # fmt: skip
def test_what_needs_no_loading_is_refused_at_conversion(harm: Harm, message: str, source: Path, tmp_path: Path) -> None:
    harm(source)
    with pytest.raises(InputError, match=message) as refused:
        convert(source, tmp_path / "model")
    assert "\n" not in str(refused.value) and not [*(tmp_path / "model").iterdir()]


def test_links_in_circles_pickles_and_names_that_are_no_text_are_no_part_of_a_model(
    source: Path, tmp_path: Path
) -> None:
    (source / "circle.json").symlink_to("circle.json")
    (source / "again").symlink_to(".")
    (source / "pytorch_model.bin").write_bytes(b"a pickle")
    (source / os.fsdecode(b"no text \xff")).write_bytes(b"")
    fetch({"kind": "local", "path": str(source)}, tmp_path / "fetched", "foundations.source", tmp_path / "lock.json")
    names = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert {*convert(tmp_path / "fetched", tmp_path / "model")["files"]} == names


def write_gguf(path: Path) -> None:
    """Write a random Llama with one layer and a vocabulary of letters."""
    out = gguf.GGUFWriter(str(path), "llama")
    for name, value in (("context_length", 64), ("embedding_length", 16), ("block_count", 1)):
        getattr(out, f"add_{name}")(value)
    for name, number in (("feed_forward_length", 32), ("head_count", 2), ("head_count_kv", 2), ("vocab_size", 60)):
        getattr(out, f"add_{name}")(number)
    out.add_rope_freq_base(10_000.0)
    out.add_layer_norm_rms_eps(1e-5)
    tokens = ["<unk>", "<s>", "</s>", "Ġ", "Ċ", ".", "th", *ascii_letters, "!"]
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("default")
    out.add_token_list(tokens)
    out.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    out.add_token_merges(["t h"])
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_add_bos_token(True)
    shapes: dict[str, tuple[int, ...]] = {f"blk.0.attn_{name}": (16, 16) for name in ("q", "k", "v", "output")}
    shapes |= {"token_embd": (60, 16), "output": (60, 16), "output_norm": (16,)}
    shapes |= {"blk.0.attn_norm": (16,), "blk.0.ffn_norm": (16,), "blk.0.ffn_gate": (32, 16)}
    shapes |= {"blk.0.ffn_up": (32, 16), "blk.0.ffn_down": (16, 32)}
    for name, shape in shapes.items():
        out.add_tensor(f"{name}.weight", torch.randn(shape).numpy())
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def test_a_gguf_file_is_converted_without_running_the_users_script_again(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    write_gguf(tmp_path / "source/x.gguf")
    script = tmp_path / "plain.py"  # that does not ask for __main__
    text = "from prefixyarn.models.convert import convert\nprint('begun')\n"
    script.write_text(f"{text}convert({str(tmp_path / 'source')!r}, {str(tmp_path / 'model')!r})\n")
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert ended.returncode == 0 and ended.stdout == "begun\n", ended.stderr
    made = load(tmp_path / "model", "tiny", "float32")
    assert made.tokenizer.convert_ids_to_tokens(made.tokenizer("the cat").input_ids) == ["<s>", "th", *"eĠcat"]


def test_a_gguf_file_whose_tokenizer_cannot_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source").mkdir()
    monkeypatch.setattr("test_weights.ascii_letters", ascii_letters.replace("h", "H"))
    write_gguf(tmp_path / "source/x.gguf")
    with pytest.raises(InputError, match=r"x\.gguf: its tokenizer could not be made \(.*out of vocabulary") as refused:
        convert(tmp_path / "source", tmp_path / "model")
    assert "\n" not in str(refused.value) and not [*(tmp_path / "model").iterdir()]


def test_a_folder_that_holds_a_model_within_says_which(tmp_path: Path) -> None:
    for name in ("hub/snapshots/abc", "trained/checkpoint-90", "trained/checkpoint-100", "adapter"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "adapter/adapter_config.json").write_text("{}")
    (tmp_path / "adapter/adapter_model.safetensors").write_bytes(b"")
    assert where_it_lies(tmp_path / "hub").endswith("Give the model within it: " + str(tmp_path / "hub/snapshots/abc"))
    assert where_it_lies(tmp_path / "trained").endswith("checkpoint-100")
    assert "merge_and_unload" in where_it_lies(tmp_path / "adapter")
    (tmp_path / "trained/model.safetensors").write_bytes(b"")
    assert where_it_lies(tmp_path / "trained") == ""
