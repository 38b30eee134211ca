"""Make the tagging splits of all languages (rule prepare_tagging).

python scripts/prepare_tagging.py --source '{"kind": "silver"}' --languages de ru --tag-names words \
    --sentences results/default/data/translation --units en-de en-ru --sides target target \
    --sizes '{"train": 1000, "dev": 24, "trial": 6, "test": 24, "max_words": 25}' \
    --folder results/default/data/tagging
python scripts/prepare_tagging.py --source '{"kind": "treebanks", "folder": "…"}' …

Silver: reads the splits of translation, for each language those of a unit, and tags one side of them. Treebanks: reads
gold tags. Writes {folder}/{language}/{train,dev,trial,test,out_of_domain}.jsonl, the last one empty, and note.json:
what a reader of tables must know of the tags.
"""

import argparse
import json
import logging
from collections.abc import Callable
from pathlib import Path

from prefixyarn.data.lock import check_files
from prefixyarn.data.splits import NEAR_DUPLICATE, similarities
from prefixyarn.data.words import tagged
from prefixyarn.errors import InputError, run
from prefixyarn.records import Item, read_records, write_json, write_records
from prefixyarn.tasks.tagging import silver, treebanks
from prefixyarn.tasks.tagging.tags import NAMES

MIN_WORDS = 4
RELEASE = "ud-treebanks-v2.5"  # the folder whose files the lock file knows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, type=json.loads, help="the config's tagging.source")
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--sentences", required=True, type=Path, help="for silver tags: translation's splits")
    parser.add_argument("--units", nargs="*", required=True, help="for silver tags: a unit of translation per language")
    parser.add_argument("--sides", nargs="*", required=True, choices=("source", "target"))
    parser.add_argument("--tag-names", required=True, choices=NAMES)
    parser.add_argument("--sizes", required=True, type=json.loads)
    parser.add_argument("--lock", required=True, help="lock file with the checksums of the UD release's files")
    parser.add_argument("--folder", required=True, type=Path)
    args = parser.parse_args()

    names, sizes = NAMES[args.tag_names], args.sizes
    notes = []

    def fits(sentence: treebanks.Tagged) -> bool:
        return MIN_WORDS <= len(sentence.words) <= int(sizes["max_words"])

    for n, code in enumerate(args.languages):
        if args.source["kind"] == "silver":
            splits, note = silver_splits(args.sentences / args.units[n], args.sides[n], code, fits)
        else:
            folder = Path(args.source["folder"]).expanduser()
            if folder.name == RELEASE:
                folders = [folder / name for name, _ in treebanks.TREEBANKS.get(code, ())]
                files = [path for own in folders for path in sorted(own.glob("*.conllu"))]
                check_files(args.lock, {f"{RELEASE}/{path.relative_to(folder)}": path for path in files})
            splits, note = treebanks.splits(folder, code, sizes, fits)
        for name in ("dev", "test", "train"):
            splits[name] = splits[name][: sizes[name]]
            if name != "train" and len(splits[name]) < sizes[name]:
                raise InputError(
                    f"tagging.items.{name}: {sizes[name]} wanted, but {code} has {len(splits[name])} sentences of "
                    f"{MIN_WORDS} to {sizes['max_words']} words. Ask for fewer, raise max_words, or leave {code} out."
                )
        items = {
            name: [Item(s.id, " ".join(s.words), tagged(s.words, [names[tag] for tag in s.tags])) for s in splits[name]]
            for name in splits
        }
        held = [item.source for name in ("dev", "test") for item in items[name]]
        near = similarities([item.source for item in items["train"]], held).max(axis=1, initial=0) >= NEAR_DUPLICATE
        items["train"] = [item for item, bad in zip(items["train"], near, strict=True) if not bad]
        for name, own in {**items, "trial": items["dev"][: sizes["trial"]], "out_of_domain": []}.items():
            write_records(args.folder / code / f"{name}.jsonl", own)
        notes.append(f"{code}: {note}")
        logging.info("%s: %s; %s", code, ", ".join(f"{len(own)} {name}" for name, own in items.items()), note)
    write_json(args.folder / "note.json", {"note": "; ".join(notes)})


def silver_splits(
    folder: Path, side: str, code: str, fits: Callable[[treebanks.Tagged], bool]
) -> tuple[dict[str, list[treebanks.Tagged]], str]:
    splits: dict[str, list[treebanks.Tagged]] = {name: [] for name in ("train", "dev", "test")}
    for name in splits:
        for item in read_records(folder / f"{name}.jsonl", Item):
            words = silver.tokenize(getattr(item, side), code)
            sentence = treebanks.Tagged(item.id, tuple(words), tuple(silver.tag(words, code)))
            if fits(sentence):
                splits[name].append(sentence)
    versions = silver.versions()
    return splits, "silver tags by " + ", ".join(f"{p} {versions[p]}" for p in silver.TAGGERS[code].packages)


if __name__ == "__main__":
    run(main)
