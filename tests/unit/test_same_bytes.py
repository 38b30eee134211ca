"""What `benchmarks/torture.py` compares and counts."""

from pathlib import Path

from same_bytes import MEASURED, different, snakemakes_tracebacks, tracebacks

PACKAGES = "/home/me/prefixyarn/.venv/lib/python3.11/site-packages"
START = "Traceback (most recent call last):"
FULL = "OSError: [Errno 28] No space left on device"


def frames(*files: str) -> str:
    return "".join(f'  File "{file}", line 3, in write\n    stream.write(text)\n' for file in files)


PYTHON = frames("/usr/lib/python3.11/json/__init__.py", "<string>")
SNAKEMAKE = frames(f"{PACKAGES}/snakemake/persistence.py") + PYTHON
OURS = frames(f"{PACKAGES}/snakemake/logging.py", f"{PACKAGES}/snakemake_logger_plugin_prefixyarn/__init__.py")
SCRIPT = frames("/home/me/prefixyarn/scripts/decode.py", f"{PACKAGES}/torch/serialization.py")
JOINED = "\nDuring handling of the above exception, another exception occurred:\n\n"


def test_tracebacks_of_snakemake_alone_are_told_apart() -> None:
    own = f"Select jobs\n{START}\n{SNAKEMAKE}{FULL}\nShutting down\n"
    assert (tracebacks(own), snakemakes_tracebacks(own)) == ([], [FULL])
    for text in (OURS, SCRIPT, PYTHON, SNAKEMAKE + frames("/home/me/prefixyarn/src/prefixyarn/job.py")):
        given = f"{START}\n{text}{FULL}\n"
        assert (tracebacks(given), snakemakes_tracebacks(given)) == ([FULL], [])
    both = f"{own}{START}\n{SCRIPT}ValueError: x\nmore\n{own}"
    assert (tracebacks(both), snakemakes_tracebacks(both)) == (["ValueError: x"], [FULL, FULL])


def test_a_chain_of_errors_is_snakemakes_own_if_all_of_it_is() -> None:
    for first, second in ((SNAKEMAKE, OURS), (SCRIPT, SNAKEMAKE)):
        text = f"{START}\n{first}{FULL}\n{JOINED}{START}\n{second}KeyError: 1\n"
        assert (tracebacks(text), snakemakes_tracebacks(text)) == ([FULL, "KeyError: 1"], [])
    text = f"{START}\n{SNAKEMAKE}{FULL}\n{JOINED}{START}\n{SNAKEMAKE}KeyError: 1\n"
    assert (tracebacks(text), snakemakes_tracebacks(text)) == ([], [FULL, "KeyError: 1"])
    cut = f"{START}\n{SNAKEMAKE}{FULL}\n{JOINED}"
    assert (tracebacks(cut), snakemakes_tracebacks(cut)) == ([FULL], [])


def run_in(folder: Path, link: Path, content: str = "{}") -> Path:
    """Write what a run makes of a model beside it: a link as fetching makes it, one as converting makes it, stamps."""
    model = folder / "resources/foundations/tiny/model"
    model.mkdir(parents=True)
    (model / "absolute.json").symlink_to(link)
    (model / "relative.json").symlink_to("../../../../model/config.json")
    (model / "stamps.json").write_text(str(folder))
    (model / "manifest.json").write_text(content)
    return folder


def test_links_are_compared_as_where_they_lead(tmp_path: Path) -> None:
    run = run_in(tmp_path / "run", tmp_path / "run/model/config.json")
    kept = run_in(tmp_path / "undisturbed", tmp_path / "run/model/config.json")  # a copy, its links as they were
    disk = run_in(tmp_path / "disk", tmp_path / "disk/model/config.json")
    assert different(kept, run, MEASURED) == different(kept, disk, MEASURED) == []
    assert different(kept, disk, {}) == ["resources/foundations/tiny/model/stamps.json"]
    other = run_in(tmp_path / "other", tmp_path / "other/model/tokenizer.json", content="[]")
    wrong = ["resources/foundations/tiny/model/absolute.json", "resources/foundations/tiny/model/manifest.json"]
    assert different(kept, other, MEASURED) == wrong
