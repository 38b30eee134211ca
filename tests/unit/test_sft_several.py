"""Training by two processes: on the CPU, which they share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.util import Finalize
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

import tiny
from prefixyarn.data.wheels import sha256
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.sft.adapter import SftModel
from prefixyarn.models.sft.group import Group, shares
from prefixyarn.models.sft.loss import Example, example, target_loss
from prefixyarn.models.sft.several import train_on_several
from prefixyarn.models.sft.steps import Checkpoint, SftConfig, Training
from prefixyarn.models.sft.train import train
from prefixyarn.progress import Progress
from prefixyarn.prompts import Prompt
from prefixyarn.records import write_json

tok = tiny.tokenizer()
PROMPT, EN_DE = Prompt("labels", "{source_language}: {source}\n{target_language}:"), Direction("en", "de")
EXAMPLES = [example(tok, PROMPT.fill(e, EN_DE), " ", g) for e, g, _ in tiny.parallel(1, 40)]
CONFIG = SftConfig(method="lora", steps=6, batch=5, rate=0.02, rank=4, dev_points=2, seed=1)


def saved(model: PreTrainedModel, folder: Path) -> Path:
    model.save_pretrained(folder)
    tok.save_pretrained(folder)
    write_json(folder / "manifest.json", {"files": {path.name: sha256(path) for path in folder.iterdir()}})
    return folder


def training(folder: Path, config: SftConfig = CONFIG) -> Training:
    return Training("base-1", EXAMPLES[8:], EXAMPLES[:8], config, folder / "sft.pt")


def score(model: PreTrainedModel) -> float:
    with torch.no_grad():
        return -target_loss(model, EXAMPLES[:8])[0].item()


class Stop:
    """Ends a training in its first process, which ends after those that lose it."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, n: int) -> None:
        self.left -= n
        if not self.left:
            Finalize(None, time.sleep, (5,), exitpriority=0)
            raise InputError("stopped here")


@pytest.mark.parametrize(("make", "shard"), [(tiny.gemma, True), (tiny.llama, False)])
def test_two_processes_train_what_one_does(tmp_path: Path, make: Callable[..., PreTrainedModel], shard: bool) -> None:
    """Gemma ties its weights, and has sliding windows; the first part of a training is cut off."""
    folder = saved(make(len(tok), 0), tmp_path / "model")
    alone = train(load(folder, "tiny", "float32"), training(tmp_path / "one"), score, tmp_path / "alone")
    own = training(tmp_path / "two")
    with pytest.raises(InputError, match="stopped here"):
        train_on_several(2, folder, "float32", own, Stop(5), shard)
    left = Checkpoint.read(own.state_file, own.key(torch.float32))
    assert left.step == 3 and [*left.kept] == [3]
    train_on_several(2, folder, "float32", own, Progress("train_sft", 6, "steps"), shard)
    several = train(load(folder, "tiny", "float32"), own, score, tmp_path / "several")
    assert [point["loss"] for point in several["curve"]] == pytest.approx([p["loss"] for p in alone["curve"]], rel=1e-5)
    for one, other in zip(several["dev"], alone["dev"], strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    assert (several["step"], several["parameters"]) == (alone["step"], alone["parameters"])
    losses = []
    for name in ("alone", "several"):
        with SftModel(own_base := load(folder, "tiny", "float32"), "base-1", tmp_path / name).on() as tuned:
            losses.append(score(tuned))
        assert score(own_base.model) != losses[-1]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_training_that_diverges_says_so_once(tmp_path: Path) -> None:
    folder = saved(tiny.llama(len(tok), 0), tmp_path / "model")
    own = training(tmp_path, replace(CONFIG, rate=1e30))
    with pytest.raises(
        InputError, match=r"^sft: the loss is (nan|inf) at step \d of 6, rate .*Lower the task's sft.rate"
    ):
        train_on_several(2, folder, "float32", own, Progress("train_sft", 6, "steps"))


def test_shares_are_of_all_sequences_and_even() -> None:
    made = shares(EXAMPLES, 3)
    assert sorted(own.prompt for share in made for own in share) == sorted(own.prompt for own in EXAMPLES)
    sizes = [sum(map(len, share)) for share in made]
    assert max(sizes) - min(sizes) <= max(map(len, EXAMPLES))
    few = [Example((1,) * 9, (1,)), Example((1,) * 5, (1,))]
    passes = [Group(rank, 3).passes(few, 10) for rank in range(3)]
    assert passes == [[few[:1]], [few[1:]], [[]]], "one that has nothing to do meets the others"
    assert Group().passes(few, 10) == [few[:1], few[1:]]
