"""Whether lm-evaluation-harness answers an exported run's items as the run did.

python benchmarks/lm_eval_answers.py results/default answers

The second folder is what the harness wrote with ``--log_samples``, asked as the README of the export says. Prints, by
task, how many answers are the run's letter by letter, then each one that is not: both texts, and why the export
expected that, where it did. Exit status 1 where fewer than 95 % are equal, or nothing was logged.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prefixyarn.records import Output, System, read_records

ENOUGH = 0.95
WHY = {
    "": "not expected",
    "ids": "prompt and prior, encoded together, are other token ids",
    "join": "prior and continuation are another text decoded together",
}


def samples(log: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the logged samples of each task: of several logs of one, the latest."""
    latest = {}
    for path in sorted(log.rglob("samples_*.jsonl"), key=lambda path: path.stat().st_mtime):
        latest[path.stem.removeprefix("samples_").rpartition("_")[0]] = path  # what follows is the time
    for task, path in sorted(latest.items()):
        yield task, [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("log", type=Path)
    run, log = vars(parser.parse_args()).values()

    @functools.cache
    def outputs(task: str, subset: str, foundation: str) -> dict[tuple[str, System], Output]:
        found = read_records(run / "decode" / task / subset / f"{foundation}.jsonl", Output)
        return {(own.item, own.system): own for own in found}

    unequal, answered = [], 0
    for task, logged in samples(log):
        own = 0
        for doc, answer in ((sample["doc"], sample["filtered_resps"][0]) for sample in logged):
            system = System(doc["kind"], doc["variant"], doc["k"], doc["unit"])
            output = outputs(doc["task"], doc["subset"], doc["foundation"])[doc["item"], system]
            own += answer == output.text
            if answer != output.text:
                unequal.append((task, doc, output, answer))
        answered += len(logged)
        print(f"{task}: {own} of {len(logged)} equal")
    for task, doc, output, answer in unequal:
        print(f"\n{task}, item {doc['item']} ({WHY[doc['differs']]}; in the run it ended by {output.stop})")
        print(f"  run:     {output.text!r}\n  harness: {answer!r}")
    equal = answered - len(unequal)
    if answered:
        print(f"\n{equal} of {answered} answers are equal ({100 * equal / answered:.1f} %)")
    sys.exit(0 if answered and equal >= ENOUGH * answered else f"fewer than {100 * ENOUGH:.0f} % of answers are equal")


if __name__ == "__main__":
    main()
