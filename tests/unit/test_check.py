"""Whether a model can be used, and what is said where it cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM

import tiny
from prefixyarn import check as checking
from prefixyarn.check import Checked, Finding, check, rendered
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES
from prefixyarn.models.convert import convert

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama that has learnt the example sentences, so that it knows more than chance."""
    folder, made = tmp_path_factory.mktemp("trained"), tiny.tokenizer()
    model = tiny.llama(len(made))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        for code in ("en", "de"):
            ids = made(LANGUAGES[code].example, return_tensors="pt").input_ids
            model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "copy")


@pytest.fixture(autouse=True)
def no_gpu_and_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def named(checked: Checked, name: str, status: str = "") -> Finding:
    (found,) = [own for own in checked.findings if own.name == name and own.status.startswith(status)]
    return found


def test_a_good_model_can_be_used(trained: Path) -> None:
    told: list[Finding] = []
    checked = check(trained, ["en", "de"], told.append)
    assert checked.usable and {own.status for own in checked.findings} == {"ok"}, checked
    assert told == checked.findings
    names = "weights tokenizer BOS architecture positions memory loading stop tokens engine language en language de"
    assert " ".join(own.name for own in told) == names
    text = rendered(checked)
    assert text.endswith(f"{trained} can be used") and "→" not in text
    assert json.loads(json.dumps(asdict(checked)))["findings"][0]["status"] == "ok"
    newlines = sum("\n" in own for own in tiny.tokenizer().get_vocab())
    assert named(checked, "stop tokens").found.startswith(f"{newlines} entries") and newlines
    bits = float(named(checked, "language en").found.split()[0])
    assert bits < 2


@pytest.mark.parametrize("make", [tiny.gemma, tiny.falcon, tiny.gpt2])
def test_families(make: Callable[[int], Any], tmp_path: Path) -> None:
    made = tiny.tokenizer()
    make(len(made)).save_pretrained(tmp_path)
    made.save_pretrained(tmp_path)
    checked = check(tmp_path, ["en", "de"])
    (failed,) = [own for own in checked.findings if own.status == "fail"]  # random models know no language
    assert not checked.usable and failed.name == "languages" and "better than chance" in failed.found
    engine = named(checked, "engine")
    assert (engine.status, "mask" in engine.found) == (("note", True) if make is tiny.falcon else ("ok", False))
    assert bool(named(checked, "positions").do) == (make is tiny.gpt2), "256 positions are few"
    assert rendered(checked).endswith("cannot be used as it is: languages")


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def sharded(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    tiny.llama(len(tiny.tokenizer())).save_pretrained(folder, max_shard_size="40KB")
    sorted(folder.glob("model-*.safetensors"))[1].unlink()


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def slow(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "ByT5Tokenizer"}))


def encoder(folder: Path) -> None:
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertForMaskedLM(BertConfig(vocab_size=len(tiny.tokenizer()), **shape)).save_pretrained(folder)


def another_vocabulary(folder: Path) -> None:
    tiny.llama(300).save_pretrained(folder)


def twice_bos(folder: Path) -> None:
    known = json.loads((folder / "tokenizer.json").read_text())
    single = known["post_processor"]["single"]
    known["post_processor"]["single"] = [single[0], *single]
    (folder / "tokenizer.json").write_text(json.dumps(known))


def unknown_family(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "of a later version"}))


def not_gguf(folder: Path) -> None:
    (folder / "x.gguf").write_bytes(b"GGUF of no version")


@pytest.mark.parametrize(
    ("spoil", "name", "found", "do"),
    [
        (pickled, "weights", "only pickled weights (pytorch_model.bin)", "Give a model saved in the safetensors"),
        (
            sharded,
            "weights",
            "names model-00002-of-00004.safetensors, which is missing",
            "Fetch or copy all parts again.",
        ),
        (cut, "weights", "damaged or cut short", "Fetch or copy it again."),
        (slow, "tokenizer", "the tokenizer is a slow one", "Save one there with save_pretrained()."),
        (encoder, "architecture", "its weights are those of BertForMaskedLM", "Give one that is."),
        (another_vocabulary, "tokenizer", "455 entries, but the model has 300", "Give the tokenizer that belongs"),
        (twice_bos, "BOS", "2 BOS tokens instead of 1", "tokenizer"),
        (unknown_family, "architecture", "does not know the model_type", "Give a model of a family that it knows"),
        (not_gguf, "weights", "x.gguf: not a GGUF file", "Fetch or copy it again."),
        (shutil.rmtree, "files", "no such folder", "Give a model's folder, owner/name of the hub"),
    ],
)
def test_what_is_wrong_is_said_before_weights_are_loaded(
    spoil: Callable[[Path], None], name: str, found: str, do: str, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(copy)
    monkeypatch.setattr(checking, "load", lambda *given: pytest.fail("loaded"))
    checked = check(copy, ["en"])
    failed = named(checked, name, "fail")
    assert not checked.usable and found in failed.found and do in failed.do, failed
    assert [own for own in checked.findings if own.status == "fail"] == [failed]
    assert f"cannot be used as it is: {name}" in rendered(checked)


def test_a_file_is_no_name_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/x.gguf").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checking._Looked, "on_hub", lambda *given: pytest.fail("asked"))
    assert "models/x.gguf: a file" in named(check("models/x.gguf", ["en"]), "files", "fail").found


def test_what_only_the_loaded_model_shows(copy: Path, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = load_file(copy / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    assert "its weights lack 1 that LlamaForCausalLM has" in named(check(copy, ["en"]), "loading").found

    def differs(*given: Any) -> None:
        raise InputError("likelihoods are off by 2 nats. See attention.py.")

    with monkeypatch.context() as patched:
        patched.setattr("prefixyarn.models.verify.check_engine", differs)
        checked = check(trained, ["en"])
        assert named(checked, "engine").found == "likelihoods are off by 2 nats" and not checked.usable

    def broken(*given: Any) -> None:
        raise RuntimeError("one line\nand many more")

    monkeypatch.setattr(checking, "load", broken)
    failed = named(check(trained, ["en"]), "loading")
    assert failed.found == "RuntimeError: one line" and failed.do


def test_notes(copy: Path) -> None:
    shutil.copy(copy / "model.safetensors", copy / "consolidated.safetensors")
    known = json.loads((copy / "tokenizer.json").read_text())
    known["post_processor"] = None
    (copy / "tokenizer.json").write_text(json.dumps(known))
    checked = check(copy, ["en", "zh"])
    assert named(checked, "weights", "note").found == "consolidated.safetensors beside them: not read"
    assert "puts nothing before a text" in named(checked, "BOS").found
    lost = named(checked, "language zh")
    assert lost.status == "fail" and "does not survive the tokenizer" in lost.found and "Leave this" in lost.do


def test_memory(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "parameters", lambda folder: 10**9)

    def with_free(gb: float) -> tuple[Finding, str]:
        monkeypatch.setattr(checking, "free_mb", lambda: gb * 1024)
        checked = check(trained, ["en"])
        loading = [own.found for own in checked.findings if own.name == "loading"]
        return named(checked, "memory"), loading[0].split()[-1] if loading else ""

    # 3.7 GB of weights in float32, 1.9 GB in bfloat16, and 2.7 GB beside them.
    found, dtype = with_free(7)
    assert (found.status, dtype) == (
        "ok",
        "float32",
    ) and "1.00 billion parameters: answering takes 6.4 GB" in found.found
    found, dtype = with_free(5)
    assert (found.status, dtype) == ("note", "bfloat16") and "slow on most CPUs" in found.found
    found, dtype = with_free(4)
    assert (found.status, dtype) == ("fail", "") and "choose a smaller model" in found.do
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for room, status in ((24, "ok"), (8, "note"), (2, "fail")):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda n, room=room: (room * 2**30, room * 2**30))
        assert with_free(30)[0].status == status, room


def test_an_unknown_language_is_an_input_error(trained: Path) -> None:
    with pytest.raises(InputError, match="unknown language code 'dee'.*Did you mean 'de'"):
        check(trained, ["en", "dee"])


def test_the_default_model_is_the_checkouts(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    convert(trained, tmp_path / "resources/foundations/gemma-3-270m/model")
    assert check("default", ["en"]).usable


# --- the hub -------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(trained: Path, tmp_path: Path) -> Iterator[tiny.Hub]:
    whole = {path.name: path.read_bytes() for path in trained.iterdir()}
    encoder(shutil.copytree(trained, tmp_path / "encoder"))
    other = {path.name: path.read_bytes() for path in (tmp_path / "encoder").iterdir()}
    pickled = {name: data for name, data in whole.items() if name != "model.safetensors"} | {"pytorch_model.bin": b""}
    with tiny.hub("c" * 40, {"me/good": whole, "me/encoder": other, "me/pickled": pickled}) as made:
        yield made


def from_hub(address: str, names: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """Check models in a process of its own: the hub's address is read when its library is imported."""
    text = "import json, sys; from dataclasses import asdict; from prefixyarn.check import check\n"
    text += "json.dump([asdict(check(name, ['en', 'de'])) for name in sys.argv[1:]], sys.stdout)"
    own = {"HF_ENDPOINT": address, "HF_HOME": str(folder / "hf"), "HF_HUB_DISABLE_XET": "1"}
    own |= {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT / "src"), "CUDA_VISIBLE_DEVICES": ""}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    command = [sys.executable, "-c", text, *names]
    result = subprocess.run(command, env=inherited | own, capture_output=True, text=True)
    assert result.returncode == 0 and "Traceback" not in result.stderr, result.stderr
    return list(json.loads(result.stdout))


def test_models_of_the_hub(hub: tiny.Hub, tmp_path: Path) -> None:
    """A good one is fetched, once; of one that is not, no weights are."""
    bad = {
        "me/encoder": "its weights are those of BertForMaskedLM",
        "me/pickled": "'me/pickled' has no *.safetensors",
        "me/none": "the hub did not give 'me/none'",
    }
    first, *others, again = from_hub(hub.address, ["me/good", *bad, "me/good"], tmp_path)
    assert first["usable"] and len({own["name"] for own in first["findings"]}) == len(first["findings"])
    for checked, said in zip(others, bad.values(), strict=True):
        failed = [own for own in checked["findings"] if own["status"] == "fail"]
        assert not checked["usable"] and len(failed) == 1 and said in failed[0]["found"] and failed[0]["do"]
    assert again["usable"] and "me/none" in hub.served[-1], "nothing was asked for the second time"
    assert {path.parts[-3] for path in (tmp_path / "cache").rglob("source/*.safetensors")} == {"me--good"}
