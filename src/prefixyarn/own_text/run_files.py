"""What a run of the workflow has for one's own text: its prompt, dictionaries, refined model and SFT model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from prefixyarn.config.of_run import foundation_folder, run_config, run_folder
from prefixyarn.errors import InputError
from prefixyarn.own_text.priors import Dictionary, Refined
from prefixyarn.prompts import Prompt, load_prompt
from prefixyarn.records import read_json


@dataclass(frozen=True)
class RunFiles:
    """A run's files of one task and one foundation.

    Attributes:
        folder: ``results/{run}``.
        task: The task.
        model: The foundation's name in the run.
    """

    folder: Path
    task: str
    model: str

    @classmethod
    def find(cls, run: str | os.PathLike[str], task: str) -> RunFiles:
        """Find a run by its name, in ``results/``, or by its folder. Of several foundations the first counts.

        Raises:
            InputError: There is no such run, or it has no models of this task.
        """
        folder = run_folder(run)
        if not folder.is_dir():
            there = ", ".join(sorted(path.name for path in Path("results").glob("*/"))) or "none"
            raise InputError(f"{folder}: no such run. Give one of results/ ({there}) or a run's folder")
        names = sorted(path.stem for path in folder.glob(f"prompts/{task}/*.json"))
        if not names:
            raise InputError(
                f"{folder}: this run has no prompt for {task} (committed runs hold tables alone). Make it with "
                "`make results CONFIG=…`, or leave the run out"
            )
        return cls(folder, task, names[0])

    @property
    def foundation(self) -> Path:
        """The folder of the run's foundation, in its checkout.

        Raises:
            InputError: It is not there: the run was made elsewhere.
        """
        folder = foundation_folder(self.folder, self.model)
        if not folder.is_dir():
            raise InputError(f"{self.folder}: its model {self.model} is not in {folder}. Name it with --model")
        return folder

    def prompt(self, tokenizer: Tokenizer) -> Prompt:
        """Return the prompt that the run chose on dev; long texts are shortened as the run shortened them.

        Args:
            tokenizer: The foundation's.
        """
        known = self.task == "summarization"  # of the others no source is shortened
        most = run_config(self.folder)[self.task]["max_source_tokens"] if known else None
        return load_prompt(self.folder / f"prompts/{self.task}/{self.model}.json", tokenizer, most)

    def sft_of(self, base: str) -> Path | None:
        """Return the manifest of the SFT model that was trained on a foundation, by what identifies that."""
        path = self.folder / f"models/sft/{self.task}/{self.model}/manifest.json"
        return path if path.exists() and read_json(path)["base"] == base else None

    def refined(self, subset: str) -> Refined | None:
        """Return the refined model, where it was trained on a direction or language."""
        folder = self.folder / f"models/refined/{self.task}"
        trained = (folder / "manifest.json").exists() and subset in read_json(folder / "manifest.json")["dev"]
        return Refined(folder) if trained else None

    def dictionary(self, subset: str) -> Dictionary | None:
        """Return the dictionary of a direction."""
        folder = self.folder / f"lexicon/{self.task}"
        return Dictionary(folder) if (folder / f"{subset}.tsv").exists() else None
