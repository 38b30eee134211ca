"""Whether a model can be used as a foundation: what `prefixyarn check` says of it, and what to do where it cannot.

What needs no weights is looked at first, so that those of an unfit model are neither loaded nor fetched.
"""

from __future__ import annotations

import math
import re
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers
from transformers import PreTrainedConfig, PreTrainedTokenizerFast

from prefixyarn.data.hub import hub_errors
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError, first_line
from prefixyarn.languages import LANGUAGES, Language, language
from prefixyarn.models.convert import check_config
from prefixyarn.models.families import ALONE, BATCH, MASKED, way
from prefixyarn.models.fetch import HUB_FILES
from prefixyarn.models.foundation import Foundation, load, positions
from prefixyarn.models.tokenizer import (
    bos_count,
    changes_case,
    check_entries,
    load_tokenizer,
    prompt_ids,
    template,
    text_ids,
)
from prefixyarn.models.verify import bits_per_character, check_reading, survives
from prefixyarn.models.weights import parameters, weight_files
from prefixyarn.own_text.find_model import DEFAULT, find_model, is_unfetched
from prefixyarn.own_text.room import free_mb
from prefixyarn.plan import BYTES, converting_mb, gpus, memory_mb

OK, NOTE, FAIL = "ok", "note", "fail"
SHORT = 512  # positions: a prompt with examples, or a text to summarise, has more
WAYS = {
    BATCH: "two-part attention (each prompt is read once)",
    MASKED: "its attention is reached through masks",
    ALONE: "decoded one by one, by its own forward pass",
}
CHANCE = 0.9  # of the bits that equally likely tokens would have: a model with more knows nothing of the language
LOWER = "Expect lower scores where references have capitals; if that is not meant, mend normalizer in tokenizer.json."
WRONG_FILES = "Fetch or copy the model again; if it stays so, its makers' own code may do what transformers does not."


@dataclass(frozen=True)
class Finding:
    """What was found about one thing.

    Attributes:
        name: What was looked at.
        status: ``ok``; ``note``, for what one should know; or ``fail``, where the model cannot be used for it.
        found: What was found.
        do: What to do; empty where nothing need be done.
    """

    name: str
    status: str
    found: str
    do: str = ""


@dataclass(frozen=True)
class Checked:
    """What was found about a model.

    Attributes:
        model: The model as it was given.
        usable: Whether nothing failed.
        findings: In the order in which they were looked at. Behind a failed one the rest may be missing.
    """

    model: str
    usable: bool
    findings: list[Finding]


def check(
    model: str | Path, languages: Sequence[str], told: Callable[[Finding], None] = lambda finding: None
) -> Checked:
    """Say whether a model can be used as a foundation.

    Args:
        model: A folder of ``transformers`` files or with a GGUF file, ``owner/name`` of the Hugging Face hub, or
            ``default``. What is fetched is kept in the user's cache.
        languages: Codes of the languages to be used; the model is asked for a sentence of each.
        told: Called with each finding as it is made.

    Raises:
        InputError: A language is unknown. What is wrong with the model is in the findings.
    """
    looked = _Looked([language(code) for code in languages], told)
    looked.model(str(model))
    return Checked(str(model), not looked.failed, looked.findings)


def rendered(checked: Checked) -> str:
    """Return what was found as text for a terminal, the verdict last."""
    width = max(len(own.name) for own in checked.findings)
    lines = []
    for own in checked.findings:
        lines += textwrap.wrap(
            own.found, 88, initial_indent=f"{own.status:4}  {own.name:{width}}  ", subsequent_indent=" " * (width + 8)
        )
        lines += textwrap.wrap(
            own.do, 88, initial_indent=" " * (width + 8) + "→ ", subsequent_indent=" " * (width + 10)
        )
    failed = [own.name for own in checked.findings if own.status == FAIL]
    verdict = "can be used" if checked.usable else f"cannot be used as it is: {', '.join(failed)}"
    return "\n".join([*lines, f"{checked.model} {verdict}"])


@dataclass
class _Looked:
    """A look at a model; findings gather as it goes."""

    languages: list[Language]
    told: Callable[[Finding], None]
    findings: list[Finding] = field(default_factory=list)
    dtype: str = ""  # the number format to load the model in, once what needs no weights was looked at

    @property
    def failed(self) -> bool:
        """Whether something failed so far."""
        return any(own.status == FAIL for own in self.findings)

    def found(self, name: str, status: str, found: str, do: str = "") -> None:
        self.findings.append(Finding(name, status, found, do))
        self.told(self.findings[-1])

    @contextmanager
    def looking(self, name: str, do: str = WRONG_FILES) -> Iterator[None]:
        """Make a finding of any error within; ``do`` says what to do about a library's own."""
        try:
            yield
        except InputError as error:
            said, advice = _parted(str(error))
            self.found(name, FAIL, said, advice or do)
        except Exception as error:  # libraries have errors of every kind for files that are not as they expect
            self.found(name, FAIL, f"{type(error).__name__}: {first_line(error)}", do)

    def model(self, model: str) -> None:
        """Look at a model."""
        folder = Path(model).expanduser()
        if model != DEFAULT and not folder.is_dir():
            if is_unfetched(model):
                self.on_hub(model)
        elif [*folder.glob("*.gguf")]:
            self.gguf(folder)
        elif model != DEFAULT:
            self.without_weights(folder, self.weights(folder))
        if self.failed:
            return
        with self.looking("files", "Check the network and the free space, and run again."):
            folder, _ = find_model(model)
        if not self.failed and not self.dtype:
            self.without_weights(folder, self.weights(folder))
        if not self.failed:
            self.loaded(folder)

    def on_hub(self, name: str) -> None:
        """Look at what needs no weights of a model on the hub. What has no safetensors, fetching refuses."""
        with self.looking("hub", "Check the name and the network."), hub_errors("the hub", name, "main"):
            from huggingface_hub import HfApi, snapshot_download

            found = HfApi().model_info(name, revision="main")
            if not any(file.rfilename.endswith(".safetensors") for file in found.siblings or []):
                return
            with tempfile.TemporaryDirectory(prefix="prefixyarn-") as small:
                snapshot_download(name, revision=found.sha, local_dir=small, allow_patterns=HUB_FILES)
                headers = HfApi().get_safetensors_metadata(name, revision=found.sha)
                self.without_weights(Path(small), sum(headers.parameter_count.values()))

    def gguf(self, folder: Path) -> None:
        """Look at whether there is the memory to make a GGUF file a model."""
        with self.looking("weights"):
            size = parameters(folder)
            needed = converting_mb({"source": {"kind": "gguf-wheels"}, "parameters": size}) / 1024
            if needed > (free := free_mb() / 1024):
                raise InputError(
                    f"a GGUF file of {_millions(size)}: making it a model takes {needed:.1f} GB, and {free:.1f} GB are "
                    "free. Close other programs, or choose a smaller model."
                )
            self.found("gguf", NOTE, f"a GGUF file of {_millions(size)}: it is made float32 safetensors, once")

    def weights(self, folder: Path) -> int:
        """Look at files of weights, and return how many parameters they hold."""
        with self.looking("weights"):
            files, size = weight_files(folder), parameters(folder)
            stored = sum(path.stat().st_size for path in files) / 2**30
            self.found("weights", OK, f"{len(files)} safetensors file{'s' * (len(files) > 1)}, {stored:.2f} GB")
            if other := sorted(path.name for path in {*folder.glob("*.safetensors")} - {*files}):
                self.found("weights", NOTE, f"{', '.join(other)} beside them: not read")
            return size
        return 0

    def without_weights(self, folder: Path, size: int) -> None:
        """Look at tokenizer, configuration and memory."""
        tokenizer = config = None
        with self.looking("tokenizer", "Save a fast tokenizer (tokenizer.json) there with save_pretrained()."):
            tokenizer = load_tokenizer(folder)
            self.found("tokenizer", OK, f"a fast one, {len(tokenizer):,} entries")
            if changes_case(tokenizer):
                self.found("tokenizer", NOTE, "it takes capitals for small letters, so answers have none", LOWER)
        if tokenizer:
            with self.looking("BOS", "Give a tokenizer that puts one BOS before a text."):
                self.bos(tokenizer)
        with self.looking("architecture"):
            config = check_config(folder)
            known = f"known to transformers {transformers.__version__}"
            self.found("architecture", OK, f"{config.model_type}, a causal language model {known}")
            self.positions(config)
        if tokenizer and config:
            with self.looking("tokenizer"):
                check_entries(tokenizer, config.get_text_config().vocab_size)
        if size:
            self.dtype = self.memory(size)

    def bos(self, tokenizer: PreTrainedTokenizerFast) -> None:
        prompt_ids(tokenizer, "x")
        before = tokenizer.convert_ids_to_tokens(template(tokenizer))
        if bos_count(tokenizer):
            self.found("BOS", OK, f"one {tokenizer.bos_token} before a text")
        else:
            found = f"the tokenizer puts {' '.join(before) or 'nothing'} before a text"
            found += "" if before else ", as those of Qwen and GPT-2 do"
            do = "Nothing, if the model was trained so; otherwise add BOS to its tokenizer.json."
            self.found("BOS", NOTE, found, do)

    def positions(self, config: PreTrainedConfig) -> None:
        longest = positions(config)
        if longest is None:
            self.found("positions", NOTE, "the configuration names no limit to a text's length")
        else:
            found = f"{longest:,} tokens at most, prompt and answer together"
            do = "Set max_source_tokens low, and show few examples." if longest < SHORT else ""
            self.found("positions", NOTE if do else OK, found, do)

    def memory(self, size: int) -> str:
        """Look at the memory that a model of so many parameters needs, and return the number format for it."""
        free, cards = free_mb() / 1024, torch.cuda.device_count()
        if cards:
            dtype, totals = "bfloat16", [torch.cuda.mem_get_info(n) for n in range(cards)]
            room = sum(own for own, _ in totals) / 2**30
            asked = gpus({"parameters": size, "dtype": dtype}, min(total for _, total in totals) / 2**30)
            needed = 1.2 * size * BYTES[dtype] / 2**30
            found = f"{_millions(size)}: {needed:.1f} GB in {dtype}; {room:.1f} GB are free on {cards} GPU(s)"
            if needed > room:
                self.found("memory", FAIL, found, "Choose a smaller model, or ask for more or larger GPUs.")
            elif asked > cards:
                self.found("memory", NOTE, found, "Little is left for long texts and many at a time.")
            else:
                self.found("memory", OK, found)
            return dtype
        needs = {dtype: _gb(size, dtype, "decode") for dtype in ("float32", "bfloat16")}
        training = f"training an SFT model takes {_gb(size, 'float32', 'train_sft'):.1f} GB"
        found = f"{_millions(size)}: answering takes {needs['float32']:.1f} GB in float32, {training}"
        found += f"; {free:.1f} GB are free, no GPU"
        if needs["float32"] <= free:
            self.found("memory", OK, found)
            return "float32"
        do = "Close other programs, choose a smaller model, or go to a machine with GPUs (docs/cluster.md)."
        if needs["bfloat16"] <= free:
            self.found("memory", NOTE, f"{found}. In bfloat16 it fits, which is slow on most CPUs", do)
        else:
            self.found("memory", FAIL, found, do)
        return "bfloat16"

    def loaded(self, folder: Path) -> None:
        """Load a model and look at what needs its weights."""
        model: Foundation | None = None
        with self.looking("loading"):
            model = load(folder, "the model", self.dtype)
            self.found("loading", OK, f"every weight of {type(model.model).__name__} is there, read as {self.dtype}")
        if not model:
            return
        with self.looking("stop tokens"):
            self.stops(model)
        with self.looking("engine", "This family needs code of its own in src/prefixyarn/decode: tell us its name."):
            self.engine(model)
        at_chance = [own.code for own in self.languages if self.sentence(model, own)]
        if at_chance and len(at_chance) == len(self.languages):
            do = "Is it pretrained? If it is, its conversion or tokenizer is wrong, or it knows other languages alone."
            self.found("languages", FAIL, "in none of them the model is better than chance", do)

    def stops(self, model: Foundation) -> None:
        stops = Stops.of(model.model, model.tokenizer, 1)
        newlines, eos = len(stops.newline_ids), ", ".join(map(str, sorted(stops.eos_ids)))
        found = f"{newlines} entries of the vocabulary with a line break; end-of-sequence ids {eos or 'none'}"
        if newlines:
            self.found("stop tokens", OK, found)
        else:
            do = "Answers go on to EOS or to the length limit: base models seldom say EOS. Give another model."
            self.found("stop tokens", NOTE if eos else FAIL, found, do)

    def engine(self, model: Foundation) -> None:
        text = "\n".join(own.example for own in LANGUAGES.values() if own.example)
        compared, window = check_reading(model, text)
        found = f"likelihoods of {compared} tokens are those of the model's own forward pass"
        if window + 50 > compared:
            found += f"; beyond its window of {window} tokens nothing was compared"
        how = way(model.model.config)
        do = "" if how == BATCH else "Right, but slower with many texts at a time."
        self.found("engine", NOTE if do else OK, f"{WAYS[how]}; {found}", do)

    def sentence(self, model: Foundation, own: Language) -> bool:
        """Look at a sentence of a language, and return whether the model does no better than chance on it."""
        name, tokenizer = f"language {own.code}", model.tokenizer
        if not own.example:
            self.found(name, NOTE, f"no example sentence of {own.name} is known here")
            return False
        with self.looking(name):
            ids = text_ids(tokenizer, own.example)
            if survives(tokenizer, own.example, ids) is None:
                raise InputError(
                    f"{own.name}: {own.example!r} does not survive the tokenizer. Leave this language out, or choose a "
                    "model whose vocabulary has its letters; where no language survives, its tokenizer is another's."
                )
            bits = bits_per_character(model, own.example)
            tokens = len(ids) / len(own.example)
            chance = tokens * math.log2(len(tokenizer))
            found = f"{bits:.1f} bits and {tokens:.2f} tokens a character of {own.name}: roughly, by one short sentence"
            at_chance = not bits < CHANCE * chance
            do = f"No better than chance, {chance:.1f} bits: the model knows little of it." if at_chance else ""
            self.found(name, NOTE if at_chance else OK, found, do)
            return at_chance
        return False


def _parted(message: str) -> tuple[str, str]:
    """Return what an input error says was found, its first sentence, and what it says to do."""
    for end in re.finditer(r"\. +(?=[A-Z])", message):
        said = message[: end.start()]
        if said.count("(") == said.count(")"):  # else it is a library's sentence, quoted
            return said, message[end.end() :]
    return message, ""


def _gb(size: int, dtype: str, rule: str) -> float:
    return memory_mb({"parameters": size, "dtype": dtype}, rule) / 1024


def _millions(size: int) -> str:
    return f"{size / 1e9:.2f} billion parameters" if size >= 1e9 else f"{size / 1e6:.3g} million parameters"
