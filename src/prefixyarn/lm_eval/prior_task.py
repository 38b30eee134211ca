"""How lm-evaluation-harness asks and scores the tasks beside this file; README.md says how to run them.

`prefixyarn export` writes this file as ``prior_task.py``. It needs lm-eval alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from lm_eval.api.metrics import mean
from lm_eval.api.task import ConfigurableTask
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer

AS_IN_RUN = "as_in_run"  # the share of answers that are those of the run


class PriorTask(ConfigurableTask):
    """A task of YAML, but for a limit by item and how many answers are those of the run, which YAML cannot say."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Make the task from its YAML file, whose key ``class`` is no part of a task's configuration."""
        super().__init__(config={key: value for key, value in config.items() if key != "class"})

    def download(self, dataset_kwargs: dict[str, str], **kwargs: Any) -> None:
        """Read the items, from the file beside this one that the task's YAML file names."""
        with open(Path(__file__).with_name(dataset_kwargs["file"]), encoding="utf-8") as stream:
            self.dataset = {"test": Dataset.from_list([json.loads(line) for line in stream])}

    def construct_requests(self, doc: dict[str, Any], ctx: str, **kwargs: Any) -> Any:
        """Return an item's request. The run's limit is on prior and continuation together: a prior leaves less."""
        request = super().construct_requests(doc, ctx, **kwargs)
        request.arguments[1]["max_gen_toks"] = doc["max_gen_toks"]
        return request

    def process_results(self, doc: dict[str, Any], results: Sequence[str]) -> dict[str, Any]:
        """Return an item's scores."""
        return {**super().process_results(doc, results), AS_IN_RUN: float(results[0] == doc["answer"])}

    def aggregation(self) -> dict[str, Any]:
        """Return how the scores of items become one."""
        return {**super().aggregation(), AS_IN_RUN: mean}

    def higher_is_better(self) -> dict[str, bool]:
        """Return which scores are better when they are higher."""
        return {**super().higher_is_better(), AS_IN_RUN: True}


def answers(resps: Iterable[Sequence[str]], docs: Iterable[dict[str, Any]]) -> list[list[str]]:
    """Return what is scored: prior and continuation up to the first line break after some text.

    A line break before any text ends nothing, so this cannot be a stop sequence.
    """
    return [
        [(doc["prior"] + own).strip().split("\n", 1)[0].strip() for own in given]
        for given, doc in zip(resps, docs, strict=True)
    ]


class _AnyScript(Tokenizer):
    """Lower-cased words of any script, each Han character one; rouge-score's own tokenizer keeps a-z and 0-9 alone."""

    words = re.compile(r"[㐀-䶿一-鿿]|(?:(?![_㐀-䶿一-鿿])\w[\u0300-\u036f\u064b-\u0652]*)+")

    def tokenize(self, text: str) -> list[str]:
        return self.words.findall(text.lower())


def rouge_l(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the F-measure (0 to 100) of the longest common subsequence of words (Lin 2004) of one answer."""
    scorer = RougeScorer(["rougeL"], tokenizer=_AnyScript())
    return 100 * float(scorer.score(references[0], predictions[0])["rougeL"].fmeasure)
