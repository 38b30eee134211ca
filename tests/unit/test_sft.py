from __future__ import annotations

import errno
import io
import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

import tiny
from families import tiny_config, tiny_model
from prefixyarn.decode.backend import Request
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.manifest import identity
from prefixyarn.models.sft import steps
from prefixyarn.models.sft.adapter import SftModel, decoding_model
from prefixyarn.models.sft.loss import Example, example, passes, target_loss
from prefixyarn.models.sft.memory import PASS_TOKENS
from prefixyarn.models.sft.steps import SftConfig, Training, rate_at
from prefixyarn.models.sft.train import train, trainable
from prefixyarn.prompts import Prompt
from prefixyarn.writing import atomic

tok = tiny.tokenizer()
PROMPT, EN_DE = Prompt("labels", "{source_language}: {source}\n{target_language}:"), Direction("en", "de")
EXAMPLES = [example(tok, PROMPT.fill(e, EN_DE), " ", g) for e, g, _ in tiny.parallel(1, 40)]
CONFIG = SftConfig(method="lora", steps=12, batch=4, rate=0.02, rank=4, dev_points=4, seed=1)


def foundation(make: Callable[..., PreTrainedModel] = tiny.gemma, seed: int = 0) -> Foundation:
    return Foundation("tiny", make(len(tok), seed), tok)


class Killed(Exception):
    pass


def run(
    folder: Path,
    own: Foundation | None = None,
    config: SftConfig = CONFIG,
    dev_score: Callable[[PreTrainedModel], float] | None = None,
    done: Callable[[int], None] = lambda n: None,
    **changes: Any,
) -> dict[str, Any]:
    given: dict[str, Any] = {"base": "base-1", "examples": EXAMPLES[8:], "dev": EXAMPLES[:8]}
    training = Training(**(given | changes), config=config, state_file=folder / "state" / "sft.pt")
    return train(own or foundation(), training, dev_score or (lambda model: -loss_of(model)), folder / "sft", done)


def loss_of(model: PreTrainedModel) -> float:
    with torch.no_grad():
        return target_loss(model, EXAMPLES[:8])[0].item()


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "sft").iterdir())}


@pytest.mark.parametrize("make", [tiny.gemma, tiny.llama])
def test_loss_is_that_of_transformers_on_target_tokens(make: Callable[..., PreTrainedModel]) -> None:
    model = make(len(tok))
    total, count = 0.0, 0
    for one in EXAMPLES[:3]:
        ids = torch.tensor([[*one.prompt, *one.target]])
        labels = torch.tensor([[*[-100] * len(one.prompt), *one.target]])
        total += model(ids, labels=labels).loss.item() * len(one.target)
        count += len(one.target)
    loss, tokens = target_loss(model, EXAMPLES[:3])  # in one row
    assert tokens == count and loss.item() == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize(
    ("lengths", "tokens", "expected"),
    [
        ([3, 1, 2], 6, [[3, 1, 2]]),
        ([3, 1, 2], 5, [[3, 1], [2]]),
        ([7, 2, 2], 4, [[7], [2, 2]]),  # longer than a pass: one of its own
        ([], 4, []),
    ],
)
def test_an_update_is_cut_into_passes_of_so_many_tokens(
    lengths: list[int], tokens: int, expected: list[list[int]]
) -> None:
    made = passes([Example((1,) * (n - 1), (1,)) for n in lengths], tokens)
    assert [[len(e.prompt) + len(e.target) for e in part] for part in made] == expected


def test_an_update_in_passes_has_the_gradient_of_the_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    curves = []
    for tokens in (1, 10_000):
        monkeypatch.setitem(PASS_TOKENS, "cpu", tokens)
        curves.append([point["loss"] for point in run(tmp_path / str(tokens))["curve"]])
    assert curves[0] == pytest.approx(curves[1], rel=1e-5) and curves[0][-1] < curves[0][0]


def test_an_example_ends_in_the_stop_of_an_answer() -> None:
    stops = Stops.of(tiny.gemma(len(tok)), tok, 99)
    for one in EXAMPLES:
        assert [stops.reason(one.target[:n]) for n in range(1, len(one.target))] == [None] * (len(one.target) - 1)
        assert stops.reason(one.target) == "newline" and one.prompt.count(2) == 1


def test_training_lowers_the_loss_and_reports(tmp_path: Path) -> None:
    own = foundation()
    before = loss_of(own.model)
    manifest = run(tmp_path, own)
    assert [d["step"] for d in manifest["dev"]] == [3, 6, 9, 12]
    assert [c["step"] for c in manifest["curve"]] == list(range(1, 13))
    best = min(d["loss"] for d in manifest["dev"])
    tokens = sum(len(e.target) for e in EXAMPLES[:8])
    assert best < 0.9 * before / tokens
    with decoding_model(own2 := foundation(), SftModel(own2, "base-1", tmp_path / "sft"), "sft") as tuned:
        assert loss_of(tuned) / tokens == pytest.approx(best, abs=1e-4), (
            "the checkpoint with the best dev score is kept"
        )
    assert manifest["parameters"] == sum(p.numel() for n, p in own.model.named_parameters() if "lora" in n)
    assert manifest["still_improving"] == (manifest["step"] == 12)
    assert not (tmp_path / "state" / "sft.pt").exists()


def test_the_best_checkpoint_on_dev_is_kept_of_equals_the_earliest(tmp_path: Path) -> None:
    scores = iter([1.0, 3.0, 3.0, 2.0])
    manifest = run(tmp_path, dev_score=lambda model: next(scores))
    assert manifest["step"] == 6 and not manifest["still_improving"]
    losses = {d["step"]: d["loss"] for d in manifest["dev"]}
    own = foundation()
    with SftModel(own, "base-1", tmp_path / "sft").on() as tuned:
        tokens = sum(len(e.target) for e in EXAMPLES[:8])
        assert loss_of(tuned) / tokens == pytest.approx(losses[6], abs=1e-4)


def test_the_same_again_gives_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path / "one")
    run(tmp_path / "two")
    run(tmp_path / "three", config=replace(CONFIG, seed=2))
    one, two, three = (bytes_of(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one["adapter_model.safetensors"] != three["adapter_model.safetensors"]
    # In one process a set has one order, and another in the next.
    modules = json.loads(one["adapter_config.json"])["target_modules"]
    assert len(modules) > 5 and modules == sorted(modules)


@pytest.mark.parametrize(("kill_at", "every", "saved"), [(2, 30, 0), (4, 30, 3), (11, 30, 9), (11, 0, 10)])
def test_a_killed_training_goes_on_and_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill_at: int, every: float, saved: int
) -> None:
    run(tmp_path / "whole")
    taken: list[int] = []
    monkeypatch.setattr(steps, "SAVE_SECONDS", every)

    def kill(n: int) -> None:
        taken.append(n)
        if len(taken) == kill_at:
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path / "killed", done=kill)
    assert not (tmp_path / "killed" / "sft" / "manifest.json").exists()
    later: list[int] = []
    run(tmp_path / "killed", done=later.append)
    assert sum(later) == 12 and later[0] == (saved or 1)
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "whole")


def test_a_checkpoint_of_another_training_is_not_used(tmp_path: Path) -> None:
    def kill(n: int) -> None:
        if (tmp_path / "state" / "sft.pt").exists():
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path, done=kill)
    state = (tmp_path / "state" / "sft.pt").read_bytes()
    for changes in (
        {"config": replace(CONFIG, rate=0.01)},
        {"dev": EXAMPLES[:7]},
        {"scoring": "other"},
        {"base": "base-2"},
    ):
        (tmp_path / "state" / "sft.pt").write_bytes(state)
        taken: list[int] = []
        run(tmp_path, **changes, done=taken.append)
        assert taken == [1] * 12, changes


@pytest.mark.parametrize("make", [tiny.gemma, tiny.llama])
def test_with_the_adapter_off_logits_are_the_bases_bit_for_bit(
    tmp_path: Path, make: Callable[..., PreTrainedModel]
) -> None:
    run(tmp_path, foundation(make))
    own, ids = foundation(make), torch.tensor([EXAMPLES[0].prompt])
    with torch.no_grad():
        untouched = own.model(ids).logits
        sft = SftModel(own, "base-1", tmp_path / "sft")
        assert torch.equal(own.model(ids).logits, untouched)
        with sft.on() as tuned:
            assert not torch.allclose(tuned(ids).logits, untouched, atol=1e-3)
        assert torch.equal(own.model(ids).logits, untouched)
        with pytest.raises(Killed), sft.on():
            raise Killed
        assert torch.equal(own.model(ids).logits, untouched), "off again, whatever happens inside"
        with decoding_model(own, sft, "foundation") as model:
            assert torch.equal(model(ids).logits, untouched)


def test_loading_an_adapter_warns_of_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        SftModel(foundation(), "base-1", tmp_path / "sft")
    assert not [own for own in warned if own.category is FutureWarning]


def test_the_whole_output_as_prior_returns_that_output(tmp_path: Path) -> None:
    run(tmp_path, config=replace(CONFIG, steps=120))
    own = foundation()
    stops = Stops.of(own.model, tok, 40)
    prompts = [Request(e.prompt) for e in EXAMPLES[:8]]
    with SftModel(own, "base-1", tmp_path / "sft").on() as tuned:
        answers = decode(tuned, prompts, stops, Limits(4000))
        ended = [n for n, answer in enumerate(answers) if answer.stop == "newline"]
        assert ended, "a model trained to end its answers ends some"
    again = decode(own.model, [Request(prompts[n].prompt, answers[n].new_ids) for n in ended], stops, Limits(4000))
    assert [(a.new_ids, a.stop) for a in again] == [((), "newline")] * len(ended)


def test_full_fine_tuning(tmp_path: Path) -> None:
    run(tmp_path)  # an adapter that stood there before
    own = foundation()
    before = loss_of(own.model)
    manifest = run(tmp_path, own, replace(CONFIG, method="full", rate=0.003))
    assert manifest["parameters"] == sum(p.numel() for p in own.model.parameters())
    base = foundation()
    sft = SftModel(base, "base-1", tmp_path / "sft")
    with sft.on() as tuned:
        assert loss_of(tuned) < 0.9 * before
        assert loss_of(tuned) == pytest.approx(loss_of(own.model), rel=1e-5), "the adapter of before is gone"
    assert loss_of(base.model) == before


def test_a_family_without_adapters_is_refused() -> None:
    foundation = Foundation("tiny", tiny_model(tiny_config("mamba")), tok)
    with pytest.raises(InputError, match="no adapter can be put onto a model of the family 'mamba'"):
        trainable(foundation.model, CONFIG)


def test_an_adapter_of_another_base_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(InputError, match=r"trained on another foundation than tiny \(weights base-1, not base-2\)"):
        SftModel(foundation(), "base-2", tmp_path / "sft")


def test_too_small_a_training_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 training items are fewer than one batch of 4"):
        run(tmp_path, examples=EXAMPLES[:3])


def test_divergence_stops_with_step_and_rate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the loss is (nan|inf) at step \d+ of 12, rate .*Lower the task's sft.rate"):
        run(tmp_path, foundation(tiny.llama), replace(CONFIG, method="full", rate=1e30))
    assert not (tmp_path / "sft").exists()


def test_rate_rises_then_falls() -> None:
    config = replace(CONFIG, steps=100, rate=1.0)
    rates = [rate_at(step, config) for step in range(1, 101)]
    assert rates[:10] == sorted(rates[:10]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[4] == pytest.approx(0.45) and max(rates) > 0.99 and 0 < rates[-1] < 0.001


def test_identity_is_of_all_files(tmp_path: Path) -> None:
    def of(files: dict[str, str]) -> str:
        (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
        return identity(tmp_path)

    one = of({"model.safetensors": "a", "config.json": "x"})
    assert one == of({"config.json": "x", "model.safetensors": "a"})
    assert (
        len(
            {
                one,
                of({"model.safetensors": "b", "config.json": "x"}),
                of({"model.safetensors": "a", "config.json": "y"}),
            }
        )
        == 3
    )


def test_a_write_that_torch_makes_is_no_exception(tmp_path: Path) -> None:
    """Torch raises a RuntimeError over the stream's own error."""

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    full = pytest.raises(InputError, match=r"state.pt: could not be written \(No space left on device\)")
    with full, atomic(tmp_path / "state.pt", "wb"):
        torch.save({"a": torch.zeros(3)}, Full())
    with pytest.raises(RuntimeError, match="another"), atomic(tmp_path / "state.pt", "wb"):
        raise RuntimeError("another")
    assert not [*tmp_path.iterdir()]
