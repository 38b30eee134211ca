"""Remove what runs made in this folder, by name, and nothing else. Called by `make clean`; needs no package.

What is committed stays, whichever git repository this folder lies in, and what .gitignore names as committed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What rules make in the folder of a run, and what a kill left of a file that was being written; a test compares.
IN_RUN = (
    *("analysis", "checks", "corpus", "data", "decode", "examples", "explorer.html", "figures", "lexicon"),
    *("metrics.json", "mixes", "models", "other_sft", "pilot.md", "pilot.yaml", "priors", "prompts", "refined"),
    *("refined_matched", "report.html", "scores", "sft", "sft_seeds", "tables", "timings", ".*.tmp"),
)
FETCHED = ("catalogues", "corpus", "crosssum", "descriptions", "foundations", "official", "refined")
MADE = (*(f"results/*/{name}" for name in IN_RUN), *(f"resources/{name}" for name in FETCHED))
WHOLE = ("state", "logs", ".snakemake")


def shipped() -> set[Path]:
    """Return what .gitignore excepts from its rule that results are not committed: what an export has."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    opened = {line.removesuffix("?*") for line in lines if line.endswith("/?*")}  # these, but what follows
    return {ROOT / line[2:] for line in lines if line.startswith("!/") and line[1:] not in opened}


def tracked() -> set[Path]:
    """Return what git has of this folder: in a repository of its own, or in one around it. None outside of any.

    Raises:
        SystemExit: This is a repository, and git is not here or does not read it.
    """
    # Without what a hook or an alias of another repository set.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        asked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, env=environment, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        if (ROOT / ".git").exists():
            said = getattr(error, "stderr", b"").decode().strip().split("\n")[0] or error
            sys.exit(
                f"error: git does not tell what is committed here ({said}), so nothing was removed. Mend that, or "
                "remove resources/, state/, logs/, .snakemake/ and folders of runs under results/ by hand."
            )
        return set()
    return {ROOT / os.fsdecode(name) for name in asked.stdout.split(b"\0") if name}


def remove(path: Path, kept: set[Path]) -> None:
    """Remove a file or a folder without what is kept; a link is removed, not what it leads to."""
    if kept & {path, *path.parents}:
        return
    if path.is_dir() and not path.is_symlink():
        if not any(path in own.parents for own in kept):
            shutil.rmtree(path)
            return
        for own in path.iterdir():
            remove(own, kept)
    else:
        path.unlink()


def main() -> None:
    kept = tracked() | shipped()
    for pattern in (*MADE, *WHOLE):
        for path in ROOT.glob(pattern):
            remove(path, kept)
    for folder in (*ROOT.glob("results/*"), ROOT / "resources"):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"error: {error}")
