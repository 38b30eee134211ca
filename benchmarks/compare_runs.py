"""Compare the results of two runs: priors, answers, scores of items, and every number of every table.

python benchmarks/compare_runs.py ../before/results/smoke results/smoke

The first run may be of the layout before version 0.2: `RENAMED` maps its names to today's. Records are compared by
task, subset, foundation, item and system; scores by the same and the metric; numbers of tables by foundation, metric
and system, or all together where rows have no system; the numbers in its text in their order. Times (tables of costs),
provenance and commits are left out. Exit status 1 where something differs.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# From the layout of version 0.1 to today's: files of tables, keys of records, values.
RENAMED = {
    "main": "translation",
    "translation": "by_direction",
    "quality": "prior_quality",
    "prior_units": "prior_length",
    "crossed": "cross_task",
    "resources": "language_resources",
    "k_unit": "unit",
    "unit": "subset",
    "form": "constraint",
    "k unit": "unit",
}
SYSTEM = ("kind", "variant", "k", "unit", "model", "prompt")
ANSWERS = (
    "ids",
    "text",
    "prior_ids",
    "new_ids",
    "raw",
    "continuation",
    "stop",
    "new_tokens",
    "covers",
    "origin",
    "whole",
)
Key = tuple[Any, ...]


def renamed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with today's keys."""
    found = {RENAMED.get(key, key): value for key, value in record.items()} if "k_unit" in record else record
    return found | ({"stop": RENAMED.get(found["stop"], found["stop"])} if "stop" in found else {})


def records(run: Path) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Yield priors, predictions and answers by what they are of."""
    for path in sorted(run.glob("**/*.jsonl")):
        stage, *middle = path.relative_to(run).with_suffix("").parts
        if stage == "data":
            continue
        # The task, what an answer's model was trained on, the subset and the foundation, in whatever order they stand.
        places = tuple(sorted({"cross_task" if part == "crossed" else part for part in middle}))
        for line in path.read_text(encoding="utf-8").splitlines():
            raw = json.loads(line)
            subset = raw.pop("unit" if "k_unit" in raw else "subset", None)
            record = renamed(raw)
            where = tuple(sorted({*places, *([subset] if subset else [])}))
            key = (stage, where, record["item"], *(record.get(name) for name in SYSTEM))
            yield key, {name: record[name] for name in ANSWERS if name in record}


def scores(run: Path) -> Iterator[tuple[Key, Any]]:
    """Yield the statistics of items by task, subset, foundation, system, domain and metric."""
    for path in sorted(run.glob("scores/**/*.json")):
        task, *middle, model = path.relative_to(run / "scores").with_suffix("").parts
        loaded = json.loads(path.read_text(encoding="utf-8"))
        for subset, own in {middle[0]: loaded}.items() if middle else loaded.items():
            for system in own["systems"]:
                of = renamed(system) if "k_unit" in system else system["system"]
                for domain in ("test", "out_of_domain"):
                    measured = system[domain]
                    for metric, value in (measured.get("metrics") or measured).items():
                        if isinstance(value, dict) and "items" in value:
                            key = (task, subset, model, *(of[name] for name in SYSTEM), domain, metric)
                            yield key, (value["items"], value["score"], value["low"], value["high"])


def tables(run: Path) -> dict[str, dict[Key, Counter[str]]]:
    """Return the numbers of each table's csv: by foundation, metric and system."""
    found: dict[str, dict[Key, Counter[str]]] = {}
    old = (run / "tables/main.csv").exists() or (run / "tables/quality.csv").exists()
    for path in sorted(run.glob("tables/*.csv")):
        if path.stem.startswith(("cost", "findings")):
            continue
        numbers: dict[Key, Counter[str]] = defaultdict(Counter)
        with open(path, encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                own = {"unit" if name == "k_unit" else name: value for name, value in row.items()}
                key = tuple(own.get(name, "") for name in ("foundation", "metric", *SYSTEM))
                if not all(name in own for name in SYSTEM):
                    key = (own.get("foundation", ""),)
                for value in own.values():
                    if re.fullmatch(r"-?\d+(\.\d+)?", value):
                        numbers[key][f"{float(value):.4f}"] += 1
        found[RENAMED.get(path.stem, path.stem) if old else path.stem] = numbers
    return found


def texts(run: Path) -> dict[str, list[str]]:
    """Return the numbers in each table's text, in their order."""
    found = {}
    old = (run / "tables/main.md").exists() or (run / "tables/quality.md").exists()
    for path in sorted(run.glob("tables/*.md")):
        if not path.stem.startswith("cost"):
            name = RENAMED.get(path.stem, path.stem) if old else path.stem
            found[name] = re.findall(r"(?<![\w.])\d+(?:[.,]\d+)*", path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    before, after = map(Path, sys.argv[1:])
    differences = 0
    for what, of in (("records", records), ("scores of items", scores)):
        old, new = dict(of(before)), dict(of(after))
        missing, more = old.keys() - new.keys(), new.keys() - old.keys()
        other = [key for key in old.keys() & new.keys() if json.dumps(old[key]) != json.dumps(new[key])]
        print(
            f"{what}: {len(old)} before, {len(new)} after; "
            f"{len(other)} differ, {len(missing)} missing, {len(more)} more"
        )
        for key in [*other, *sorted(missing, key=str), *sorted(more, key=str)][:5]:
            print("   ", key, old.get(key), new.get(key), sep="\n      ")
        differences += len(other) + len(missing) + len(more)
    numbers, now = tables(before), tables(after)
    for name, by_key in numbers.items():
        new = now.get(name, {})
        # A table of before may lack columns of a system: then all of a foundation's rows are compared together.
        together = {key[:1]: sum((own for k, own in new.items() if k[0] == key[0]), Counter()) for key in new}
        lost = {key: own - new.get(key, together.get(key[:1], Counter())) for key, own in by_key.items()}
        lost = {key: own for key, own in lost.items() if own}
        print(
            f"{name}.csv: {sum(map(Counter.total, by_key.values()))} numbers; "
            f"{sum(map(Counter.total, lost.values()))} lost"
        )
        for key, own in [*lost.items()][:3]:
            print("   ", key, dict(own))
        differences += len(lost)
    written, shown = texts(before), texts(after)
    for name, values in written.items():
        same = values == shown.get(name, [])
        print(f"{name}.md: {len(values)} numbers, {'equal' if same else 'NOT equal'}")
        if not same:
            pairs = zip([*values, *[""] * 9], [*shown.get(name, []), *[""] * 9], strict=False)
            at = next((n for n, (a, b) in enumerate(pairs) if a != b), 0)
            print(f"    from number {at + 1} on: {values[at : at + 8]} / {shown.get(name, [])[at : at + 8]}")
        differences += not same
    sys.exit(int(bool(differences)))


if __name__ == "__main__":
    main()
