"""How often the silver taggers' tags are those of gold UD 2.5 dev: which languages may be tagged with them?

python benchmarks/silver_taggers.py --mirror ../shared/data/mirror

Needs ud-treebanks-v2.5 in the mirror, of each language with a silver tagger the dev file. Prints per language the
tagger, its packages' versions, the number of words, the share with the gold tag, and what is most often taken for what.

That share is over gold words, and words are UD's syntactic words: those with whole numbers as ids, so that French *du*
counts as its parts *de* and *le*. Empty nodes are left out. Pipelines tag raw text, where contractions stay whole: the
last two columns are F1 there, of words and of words with the right tag, over surface words (*du*, of which the first
part's tag is right). Half a minute on one core.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prefixyarn.languages import language
from prefixyarn.tasks.tagging import silver
from prefixyarn.tasks.tagging.treebanks import read_conllu

Span = tuple[int, int]  # of a word, in a sentence without white space


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, default=Path("../shared/data/mirror"))
    parser.add_argument("--confusions", type=int, default=5, help="how many to print")
    args = parser.parse_args()

    versions = silver.versions()
    print("| language | treebank | tagger | words | same tag | raw: words F1 | raw: tagged words F1 |")
    print("|---|---|---|---|---|---|---|")
    confused: dict[str, Counter[tuple[str, str]]] = {}
    for code in silver.tagged_codes():
        name, stem = language(code).treebanks[0]
        path = args.mirror / "ud-treebanks-v2.5" / name / f"{stem}-ud-dev.conllu"
        right, confused[code] = agreement(path, code)
        total = right + confused[code].total()
        found, tagged = raw_scores(path, code)
        packages = ", ".join(f"{package} {versions[package]}" for package in language(code).silver_packages)
        print(
            f"| {code} | {name} | {packages} | {total} | {right / total:.2%} | {found:.2%} | {tagged:.2%} |", flush=True
        )
    print()
    for code, counts in confused.items():
        most = ", ".join(f"{ours} for {gold} {n}" for (ours, gold), n in counts.most_common(args.confusions))
        print(f"{code}: {most}")


def agreement(path: Path, code: str) -> tuple[int, Counter[tuple[str, str]]]:
    """Return how many gold words have the gold tag, and how often which tag stands for which gold tag."""
    right, confused = 0, Counter[tuple[str, str]]()
    for sentence in read_conllu(path):
        for ours, gold in zip(silver.tag(sentence.words, code), sentence.tags, strict=True):
            if ours == gold:
                right += 1
            else:
                confused[ours, gold] += 1
    return right, confused


def raw_scores(path: Path, code: str) -> tuple[float, float]:
    """Return the F1 of words, and of words with their tags, when the sentences are given as raw text."""
    found = tagged = total = 0
    for text, words, tags in surface_sentences(path):
        ours = silver.tokenize(text, code)
        gold = dict(zip(spans(words), tags, strict=True))
        own = dict(zip(spans(ours), silver.tag(ours, code), strict=True))
        total += len(gold) + len(own)
        found += sum(span in gold for span in own)
        tagged += sum(gold.get(span) == tag for span, tag in own.items())
    return 2 * found / total, 2 * tagged / total


def surface_sentences(path: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield raw text, surface words and their tags; a multiword token has its first part's tag."""
    for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
        text, words, tags, last = "", list[str](), list[str](), 0
        for line in block.splitlines():
            if line.startswith("# text ="):
                text = line.partition("=")[2].strip()
            if line.startswith("#"):
                continue
            number, word, _, tag = line.split("\t")[:4]
            if "-" in number:  # a multiword token: its parts, up to `last`, follow
                words.append(word)
                last = int(number.partition("-")[2])
            elif number.isdigit():
                if len(tags) == len(words) - 1:
                    tags.append(tag)
                elif int(number) > last:
                    words.append(word)
                    tags.append(tag)
        yield text, words, tags


def spans(words: list[str]) -> list[Span]:
    """Return where words lie in the sentence, white space not counted."""
    found, end = [], 0
    for word in words:
        start, end = end, end + len("".join(word.split()))
        found.append((start, end))
    return found


if __name__ == "__main__":
    main()
