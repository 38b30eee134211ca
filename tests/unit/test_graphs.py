import gc
import weakref

import pytest
import torch

import tiny
from decoding import model_and_stops, requests, tok
from prefixyarn.decode import batch, graphs
from prefixyarn.decode.engine import Limits, Parts, decode
from prefixyarn.decode.graphs import Replay, rounded
from prefixyarn.decode.kv_cache import Store


@pytest.mark.parametrize(
    ("n", "size"), [(1, 1), (2, 2), (3, 4), (33, 64), (64, 64), (65, 128), (129, 192), (250, 256), (290, 300)]
)
def test_sizes_are_rounded_up(n: int, size: int) -> None:
    assert rounded(n, 64, 300) == size


@pytest.mark.parametrize("make", [tiny.gemma, tiny.llama, tiny.mistral, tiny.phi])
@pytest.mark.parametrize("max_rows", [7, 1000])
def test_steps_of_rounded_sizes_give_the_same_answers(make, max_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """On a CPU a capture is run as it is: with its rounded shapes, from its buffer."""
    model, stops = model_and_stops(make)
    wanted = requests(tok, 12, seed=1)
    expected = decode(model, wanted, stops, Limits(4000, max_rows))
    shapes: set[torch.Size] = set()
    replays: list[int] = []

    def captured(step: Replay, pool: object) -> Replay:
        assert pool is None
        states = step()  # a capture runs the step once before
        shapes.add(states.shape)

        def replay() -> torch.Tensor:
            replays.append(1)
            return states.copy_(step())

        return replay

    monkeypatch.setattr(batch, "usable", lambda model: True)
    monkeypatch.setattr(graphs, "captured", captured)
    assert decode(model, wanted, stops, Limits(4000, max_rows)) == expected
    assert len(replays) > 10 and 2 <= len(shapes) <= 6
    # Its memory is free at the end, without a collection: on a GPU that is most of the memory there is.
    stores: list[weakref.ref[Store]] = []
    made = Store.__init__

    def recorded(self: Store, rows: int, length: int) -> None:
        stores.append(weakref.ref(self))
        made(self, rows, length)

    gc.collect()
    gc.disable()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(Store, "__init__", recorded)
            decode(model, wanted, stops, Limits(4000, max_rows))
        assert len(stores) > 2 and not any(store() for store in stores)
    finally:
        gc.enable()
    # Turned off, nothing is captured.
    monkeypatch.setattr(graphs, "captured", None)
    assert decode(model, wanted, stops, Limits(4000, max_rows), parts=Parts(graphs=False)) == expected


def test_a_step_that_cannot_be_captured_runs_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model, stops = model_and_stops(tiny.llama)
    wanted = requests(tok, 6, seed=1)
    expected = decode(model, wanted, stops, Limits(4000))

    def captured(step: Replay, pool: object) -> Replay:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(batch, "usable", lambda model: True)
    monkeypatch.setattr(graphs, "captured", captured)
    assert decode(model, wanted, stops, Limits(4000)) == expected
    assert "could not be captured as a CUDA graph" in caplog.text


def test_few_captures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    model, stops = model_and_stops(tiny.llama)
    wanted = requests(tok, 12, seed=1)
    expected = decode(model, wanted, stops, Limits(4000))
    monkeypatch.setattr(batch, "usable", lambda model: True)
    monkeypatch.setattr(graphs, "captured", lambda step, pool: step)
    monkeypatch.setattr(graphs, "MOST", 1)
    assert decode(model, wanted, stops, Limits(4000)) == expected
