"""Count the usable sentences of each catalogue by language: docs/data.md has the table.

    python benchmarks/catalogue_counts.py --wheels resources/catalogues [--languages de cs]

The wheels are those that a run has fetched. The filters are the pipeline's own.
"""

import argparse
from pathlib import Path

from prefixyarn.languages import LANGUAGES
from prefixyarn.tables.render import markdown
from prefixyarn.tasks.translation.catalogues import read_catalogue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, default=Path("resources/catalogues"), help="folder of the wheels")
    parser.add_argument("--languages", nargs="+", default=[code for code in LANGUAGES if code != "en"])
    options = parser.parse_args()
    packages = {
        path.stem: read_catalogue(path, path.stem, options.languages) for path in sorted(options.wheels.glob("*.whl"))
    }
    shown = []
    for code in options.languages:
        counts = {name: sum(code in sentence.targets for sentence in own) for name, own in packages.items()}
        shown.append({"": code, **{name: f"{n:,}" for name, n in counts.items()}, "all": f"{sum(counts.values()):,}"})
    print(markdown(shown))
    complete = [sum(all(code in s.targets for code in options.languages) for s in own) for own in packages.values()]
    print(f"\nIn all of these languages: {sum(complete)} ({', '.join(map(str, complete))})")


if __name__ == "__main__":
    main()
