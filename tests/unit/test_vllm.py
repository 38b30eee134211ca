"""The back end that decodes with vLLM: against a stand-in for vLLM everywhere, and against vLLM where there is one."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import PreTrainedModel, Qwen3ForCausalLM

import tiny
import vllm_stand_in
from decoding import LIMIT, requests, tok
from prefixyarn.decode import vllm, vllm_worker
from prefixyarn.decode.backend import Answer, Request
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.constraint import Constraint
from prefixyarn.decode.journal import Journal
from prefixyarn.decode.session import Session
from prefixyarn.decode.stops import Stops
from prefixyarn.decode.vllm import Vllm
from prefixyarn.errors import InputError
from prefixyarn.models.convert import convert
from prefixyarn.models.manifest import identity
from prefixyarn.records import write_json

HEAD = 32  # the smallest that vLLM's kernels for CPUs have
REAL = pytest.mark.vllm
CONSTRAINT = Constraint(pieces=((50, 51), (52,), (53,)), choices=((60,), (61, 62), (61, 63)))


def qwen3(vocabulary: int, seed: int, head_dim: int) -> PreTrainedModel:
    """Return a random Qwen 3 without windows, which vLLM has in all layers or in none."""
    torch.manual_seed(seed)
    config: Any = tiny.qwen3(1).config
    config.update({"vocab_size": vocabulary, "head_dim": head_dim, "use_sliding_window": False, "sliding_window": None})
    config.layer_types = ["full_attention"] * config.num_hidden_layers
    return Qwen3ForCausalLM(config).eval()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a foundation for which the stand-in is named."""
    monkeypatch.setenv(vllm.PYTHON, str(vllm_stand_in.environment(tmp_path)))
    return saved(tmp_path, tiny.llama)


def saved(folder: Path, make: Callable[..., PreTrainedModel]) -> Path:
    """Save a tiny model as a foundation, and an adapter as its SFT model; return the foundation's folder."""
    model = make(len(tok), seed=1, head_dim=HEAD)
    model.save_pretrained(folder / "source")
    tok.save_pretrained(folder / "source")
    convert(folder / "source", folder / "model")
    torch.manual_seed(5)
    tuned = get_peft_model(model, LoraConfig(r=2, lora_alpha=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:  # zeros at first
            torch.nn.init.normal_(parameter, std=0.3)
    tuned.save_pretrained(str(folder / "sft"), save_embedding_layers=False)
    config = {"method": "lora", "rank": 2}
    write_json(folder / "sft/manifest.json", {"base": identity(folder / "model"), "config": config})
    return folder / "model"


def opened(folder: Path) -> tuple[Vllm, Builtin]:
    given = ("tiny", "float32", 8000, folder.parent / "sft/manifest.json")
    return Vllm(folder, *given), Builtin.open(folder, *given, {})


def answered(backend: Any, model: str, wanted: list[Request], stops: Stops) -> list[Answer]:
    found: list[Answer] = backend.answers(model, wanted, stops, lambda n: None, lambda r: None, lambda *own: None)
    return found


# The stand-in has no families of its own.
BOTH = [
    pytest.param((False, tiny.llama), id="stand-in"),
    *(pytest.param((True, make), marks=REAL, id=f"vllm-{make.__name__}") for make in (tiny.llama, qwen3, tiny.gemma)),
]


@pytest.fixture(scope="module", params=BOTH)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Vllm, Builtin]:
    """Return a tiny foundation in vLLM, or in what stands in for it, and in the built-in engine."""
    real, make = request.param
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        if not real:
            patch.setenv(vllm.PYTHON, str(vllm_stand_in.environment(folder)))
        return opened(saved(folder, make))


@pytest.mark.parametrize("model", ["foundation", "sft"])
def test_answers_are_those_of_the_built_in_engine(both: tuple[Vllm, Builtin], model: str) -> None:
    own, builtin = both
    # Random models say EOS too seldom: some frequent tokens count as EOS, too.
    stops = builtin.stops(LIMIT)
    stops = replace(stops, eos_ids=stops.eos_ids | set(range(20, 40)))
    wanted = requests(tok, 8, seed=4)
    found = answered(own, model, wanted, stops)
    assert found == answered(builtin, model, wanted, stops)
    assert {answer.stop for answer in found} >= {"length", "eos"}


def test_line_breaks_before_any_text_end_nothing(both: tuple[Vllm, Builtin]) -> None:
    own, builtin = both
    stops = builtin.stops(LIMIT)
    # To make such answers frequent, a third of all tokens counts as a line break that text follows.
    breaks = replace(stops, newline_ids=stops.newline_ids | set(range(40, len(tok), 3)))
    wanted = [Request((2, *range(100 + n, 110 + n)), prior) for n in range(12) for prior in ((), (45, 60))]
    found = answered(own, "foundation", wanted, breaks)
    assert found == answered(builtin, "foundation", wanted, breaks)
    assert any({*answer.new_ids[:-1]} & breaks.newline_ids for answer in found), "some went on"


@pytest.mark.parametrize("model", ["foundation", "sft"])
def test_constrained_answers_are_those_of_the_built_in_engine(both: tuple[Vllm, Builtin], model: str) -> None:
    own, builtin = both
    wanted = [Request((2, *range(100 + n, 110 + n)), prior, CONSTRAINT) for n in range(8) for prior in ((), (50, 51))]
    for limit in (LIMIT, 4):
        found = answered(own, model, wanted, builtin.stops(limit))
        assert found == answered(builtin, model, wanted, builtin.stops(limit))
        assert {answer.stop for answer in found} == {"constraint" if limit == LIMIT else "length"}


@pytest.mark.parametrize("model", ["foundation", "sft"])
def test_likelihoods_are_those_of_the_built_in_engine(both: tuple[Vllm, Builtin], model: str) -> None:
    own, builtin = both
    wanted = [replace(r, unscored=n % 3) for n, r in enumerate(requests(tok, 6, seed=9))]
    counts: list[int] = []
    found, expected = own.likelihoods(model, wanted, counts.append), builtin.likelihoods(model, wanted, lambda n: None)
    assert found.keys() == expected.keys() and any(expected.values())
    assert sum(counts) == sum(bool(scores) for scores in expected.values())
    for request, scores in expected.items():
        assert found[request] == pytest.approx(scores, abs=1e-3)


def test_first_tokens_are_those_of_the_built_in_engine(both: tuple[Vllm, Builtin]) -> None:
    own, builtin = both
    prompts = [request.prompt for request in requests(tok, 5, seed=2)]
    assert own.first_tokens(prompts, 64) == builtin.first_tokens(prompts, 64)
    assert own.first_tokens([], 64) == {}


def test_the_stop_rule_of_both_is_the_same(both: tuple[Vllm, Builtin]) -> None:
    own, builtin = both
    found, expected = own.stops(7), builtin.stops(7)
    assert (found.newline_ids, found.eos_ids, found.max_answer_tokens) == (
        expected.newline_ids,
        expected.eos_ids,
        7,
    )


@REAL
@pytest.mark.model
def test_the_default_models_answers_are_those_of_the_built_in_engine(default_model: Path) -> None:
    own = Vllm(default_model, "default", "float32", 7000)
    builtin = Builtin.open(default_model, "default", "float32", 7000, None, {})
    texts = ["English: The file was saved.\nGerman:", "English: Open the list of names.\nChinese:", "Русский:"]
    prompts = [tuple(own.tokenizer(text).input_ids) for text in texts]
    starts = [tuple(own.tokenizer(text, add_special_tokens=False).input_ids) for text in (" Die", " 打开", " D")]
    wanted = [Request(prompt, prior) for prompt in prompts for prior in ((), *starts)]
    stops = builtin.stops(24)
    found = answered(own, "foundation", wanted, stops)
    assert found == answered(builtin, "foundation", wanted, stops)
    scored = [Request(r.prompt, r.prior + a.new_ids) for r, a in zip(wanted, found, strict=True)]
    expected = builtin.likelihoods("foundation", scored, lambda n: None)
    for request, scores in own.likelihoods("foundation", scored, lambda n: None).items():
        assert scores == pytest.approx(expected[request], abs=1e-3)
    assert own.first_tokens(prompts, 64) == builtin.first_tokens(prompts, 64)


class Scripted:
    """Stands in for vLLM's process: whatever the prompt, the answer is these tokens."""

    settings: Mapping[str, Any] = {}

    def __init__(self, said: list[int], prompt: int) -> None:
        self._said, self._prompt, self._stop = said, prompt, frozenset[int]()
        self.sent: list[dict[str, Any]] = []
        self._found: list[dict[str, Any]] = []

    def ends(self, tokens: frozenset[int]) -> None:
        self._stop = tokens

    def send(self, line: dict[str, Any]) -> str:
        self.sent.append(line)
        new: list[int] = []
        for token in self._said[len(line["ids"]) - self._prompt :][: line["most"]]:
            new.append(token)
            if token in self._stop:
                break
        self._found.append({"id": str(len(self.sent)), "ids": new})
        return str(len(self.sent))

    def receive(self) -> dict[str, Any]:
        return self._found.pop()


def entry(piece: str) -> int:
    return int(tok.get_vocab()[piece])


TEXT, NEWLINE, DOUBLE, SPACE, EOS = entry("D"), entry("\n"), entry("\n\n"), entry("▁"), 1
MIXED = next(i for i in range(len(tok)) if "\n" in (text := tok.decode([i])) and text.strip() and text[0] != "\n")


@pytest.mark.parametrize(
    ("prior", "said", "new", "stop", "times"),
    [
        ([], [TEXT, TEXT, NEWLINE, TEXT], 3, "newline", 1),  # the usual end
        ([], [NEWLINE, TEXT, NEWLINE], 3, "newline", 2),  # a line break before any text
        ([], [NEWLINE, DOUBLE, SPACE, NEWLINE, TEXT, NEWLINE], 6, "newline", 4),  # several; the last is at the limit
        ([SPACE], [SPACE, NEWLINE, TEXT, MIXED], 3, "newline", 2),  # space is no text
        ([TEXT], [TEXT, NEWLINE], 1, "newline", 1),  # the prior is text
        ([], [MIXED, TEXT], 1, "newline", 1),  # text and line break in one token
        ([], [TEXT, EOS], 2, "eos", 1),
        ([], [EOS], 1, "eos", 1),  # nothing at all
        ([], [NEWLINE, EOS], 2, "eos", 2),
        ([], [TEXT] * 9, 6, "length", 1),
        ([TEXT] * 2, [TEXT] * 9, 4, "length", 1),  # prior and continuation count together
        ([NEWLINE] * 2, [NEWLINE] * 9, 4, "length", 4),
        ([TEXT] * 6, [TEXT] * 9, 0, "length", 0),  # nothing to decode
        ([TEXT, NEWLINE], [TEXT, NEWLINE], 0, "newline", 0),
        ([TEXT, EOS], [TEXT, EOS], 0, "eos", 0),
    ],
)
def test_stop_truth_table(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch, prior: list[int], said: list[int], new: int, stop: str, times: int
) -> None:
    own, prompt = Vllm(stand_in, "tiny", "float32", 8000), (2, 50, 60)
    process = Scripted(said, len(prompt))
    monkeypatch.setattr(vllm, "Process", lambda *given: process)
    (answer,) = answered(own, "foundation", [Request(prompt, tuple(prior))], own.stops(6))
    assert answer == Answer(tuple(said[len(prior) : len(prior) + new]), stop)
    assert len(process.sent) == times


def test_longer_prompts_open_the_model_again(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vllm, "ROOM", 40)
    own, builtin = opened(stand_in)
    for n in (4, 60, 8):
        wanted = [Request((2, *range(100, 100 + n)))]
        expected = answered(builtin, "foundation", wanted, builtin.stops(8))
        assert answered(own, "foundation", wanted, builtin.stops(8)) == expected
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("vLLM: ")]
    said = [json.loads(line.removeprefix("vLLM: ")) for line in lines]
    assert [line["max_model_len"] for line in said] == [40, 69], "not again for what is shorter"
    assert said[0]["vllm"] == vllm_stand_in.VERSION and said[0]["tensor_parallel_size"] == 1


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        ((9,) * 7, "a prior of 7 tokens is longer than the answer limit of 6"),
        ((TEXT, NEWLINE, TEXT), r"a prior of 3 tokens ends the answer \(newline\) at its token 2: 'D\\nD'"),
    ],
)
def test_priors_that_cannot_be_are_refused_before_anything_starts(
    stand_in: Path, prior: tuple[int, ...], said: str
) -> None:
    own = Vllm(stand_in, "tiny", "float32", 8000)
    with pytest.raises(InputError, match=said):
        answered(own, "foundation", [Request((2, 5)), Request((2, 5), prior)], own.stops(6))
    with pytest.raises(InputError, match="do not keep to their constraint"):
        answered(own, "foundation", [Request((2, 5), (51, 50), CONSTRAINT)], own.stops(6))
    assert own._process is None


def test_what_a_journal_knows_is_not_asked_for_again(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm, "Process", lambda *given: Scripted([TEXT] * 80, 3))
    own, wanted = Vllm(stand_in, "tiny", "float32", 8000), [Request((2, 5, n), (TEXT,) * (n % 2)) for n in range(9)] * 2
    stops, told = own.stops(LIMIT), list[int]()

    def run(backend: Vllm) -> list[Answer]:
        with Journal(tmp_path / "journal.jsonl", dict(backend.settings)) as journal:
            known, found = lambda r: journal.get("w", r), lambda r, a: journal.add("w", r, a)
            return backend.answers("foundation", wanted, stops, told.append, known, found)

    first = run(own)
    assert sum(told) == len(wanted) and len((tmp_path / "journal.jsonl").read_text().splitlines()) == len({*wanted})
    again = Vllm(stand_in, "tiny", "float32", 8000)
    assert run(again) == first and again._process is None
    assert again.settings["vllm"] == vllm_stand_in.VERSION and again.settings["dtype"] == "float32"


def test_an_sft_model_with_weights_of_its_own_is_opened_in_its_place(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sft = stand_in.parent / "sft"
    write_json(sft / "manifest.json", {"base": identity(stand_in), "config": {"method": "full", "rank": 2}})
    made: list[dict[str, Any]] = []

    class Kept(Scripted):
        end = staticmethod(lambda: None)

        def __init__(self, python: Path, settings: dict[str, Any], kv_mb: int) -> None:
            super().__init__([TEXT] * 20, 3)
            made.append(settings)

    monkeypatch.setattr(vllm, "Process", Kept)
    monkeypatch.setattr(vllm, "parameters", lambda folder: 0)
    own = Vllm(stand_in, "tiny", "float32", 8000, sft / "manifest.json")
    for model in ("foundation", "sft"):
        answered(own, model, [Request((2, 5, 6))], own.stops(6))
    assert [(settings["model"], settings["adapter"]) for settings in made] == [(str(stand_in), None), (str(sft), None)]
    assert own.identity("sft") != own.identity("foundation")


def test_what_is_missing_is_said_in_one_line(stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Vllm(stand_in, "tiny", "float32", 8000)
    with pytest.raises(InputError, match="a prompt with its answer has 3000 tokens, and the model reads 2048"):
        own.likelihoods("foundation", [Request((2,) * 2990, (5,) * 9)], lambda n: None)
    write_json(stand_in.parent / "sft/manifest.json", {"base": "x" * 64, "config": {"method": "lora", "rank": 2}})
    with pytest.raises(InputError, match="was trained on another foundation than tiny"):
        Vllm(stand_in, "tiny", "float32", 8000, stand_in.parent / "sft/manifest.json")
    monkeypatch.setenv(vllm.PYTHON, str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"none: no interpreter of an environment with vLLM.*docs/vllm.md"):
        Vllm(stand_in, "tiny", "float32", 8000)
    monkeypatch.setenv(vllm.PYTHON, sys.executable)
    with pytest.raises(InputError, match="no vLLM in its environment"):
        Vllm(stand_in, "tiny", "float32", 8000)


def test_a_process_that_ends_is_named(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Vllm(stand_in, "tiny", "float32", 8000)
    (stand_in / "model.safetensors").rename(stand_in / "gone")
    monkeypatch.setattr(vllm, "parameters", lambda folder: 0)
    with pytest.raises(RuntimeError, match=r"vLLM's process ended \(exit status 1\)"):
        answered(own, "foundation", [Request((2, 5, 6))], own.stops(6))


def test_vllms_process_ends_when_its_job_is_killed(stand_in: Path) -> None:
    """Its input ends, and so does it: a killed job leaves no GPU taken."""
    job = f"""
import sys
from pathlib import Path
from prefixyarn.decode.vllm import Vllm
own = Vllm(Path({str(stand_in)!r}), "tiny", "float32", 8000)
print(own._open("foundation", 9)._process.pid, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", job], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as own:
        assert own.stdout
        process = Path("/proc") / own.stdout.readline().strip()
        assert process.exists()
        own.kill()
    for _ in range(200):
        if not process.exists() or "State:\tZ" in (process / "status").read_text():
            return
        time.sleep(0.05)
    raise AssertionError("it goes on")


def test_vllm_sees_nothing_of_our_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    found = vllm.environment(VLLM_CPU_KVCACHE_SPACE="3")
    assert not [name for name in found if name.startswith("PYTHON")]
    assert found["VLLM_LOGGING_LEVEL"] == "DEBUG", "what is set already stays"
    assert found["VLLM_NO_USAGE_STATS"] == "1" and found["HF_HUB_OFFLINE"] == "1"
    worker = Path(vllm_worker.__file__).read_text()
    assert "prefixyarn" not in re.sub(r'""".*?"""', "", worker, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("there", "heads", "expected"), [(0, 64, 1), (1, 64, 1), (2, 64, 2), (3, 64, 2), (4, 64, 4), (8, 14, 2), (4, 71, 1)]
)
def test_a_model_is_divided_over_gpus_that_its_heads_allow(there: int, heads: int, expected: int) -> None:
    assert vllm_worker.cards(there, heads) == expected


def test_what_vllm_is_opened_with(tmp_path: Path) -> None:
    model = {"model": "m", "dtype": "bfloat16", "longest": 99, "heads": 8, "rank": 0, "adapter": None}
    found = vllm_worker.arguments(model, gpus=4)
    assert found["tensor_parallel_size"] == 4 and found["enable_prefix_caching"] and found["skip_tokenizer_init"]
    assert not {"enable_lora", "enforce_eager"} & {*found}
    write_json(tmp_path / "adapter_config.json", {"target_modules": ["layers.1.q_proj", "v_proj"]})
    tuned = vllm_worker.arguments({**model, "rank": 17, "adapter": str(tmp_path)}, gpus=0)
    assert tuned["enable_lora"] and tuned["max_lora_rank"] == 32 and tuned["enforce_eager"]
    assert tuned["lora_target_modules"] == ["q_proj", "v_proj"], "not the output matrix"


def test_the_worker_hears_what_comes_while_it_computes() -> None:
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    busy = threading.Event()
    heard = vllm_worker.asked(iter(lines.get, None), busy.is_set)  # type: ignore[arg-type]
    lines.put('{"id": "1"}')
    assert next(heard) == {"id": "1"}
    busy.set()
    assert next(heard) is None, "nothing came, and there is something to compute"
    lines.put('{"id": "2"}')
    assert next(own for own in heard if own) == {"id": "2"}
    lines.put(None)
    assert [own for own in heard if own] == [], "the end of the input ends it, whatever is left to compute"


def test_a_session_opens_it_by_name(stand_in: Path) -> None:
    with Session.open(stand_in, "tiny", "float32", 6, 8000, backend="vllm") as session:
        assert isinstance(session.backend, Vllm) and session.stops.max_answer_tokens == 6
