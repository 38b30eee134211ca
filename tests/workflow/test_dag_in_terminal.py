"""What a person sees of a run in the terminal: `snakemake --logger prefixyarn`, as `make results` calls it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time

from checkout import Copy
from prefixyarn.watch import WIDTH

SHOWN = ("--logger", "prefixyarn")
NOISE = re.compile(r"^(Job \d|Reason:|rule \w+:|localrule|Select jobs|\[\w+ \w+ +\d+|Finished jobid|\| )", re.M)


def test_a_run_says_what_it_does_and_shows_its_tables(copy: Copy) -> None:
    (copy.folder / "results/tiny/tables/tagging.md").unlink()
    said = copy.run(*SHOWN).stderr
    assert "Run tiny: translation, summarization, tagging with tiny\n  to do  " in said
    assert "downloads  nothing" in said and "results/tiny/, the log in .snakemake/log/" in said
    table = said.split("tagging: results/tiny/tables/tagging.md\n")[1]
    assert re.search(r"^foundation \+ oracle, 2 tags +[\d.]+ +[\d.]+–[\d.]+", table, re.M)
    assert not NOISE.findall(said) and max(map(len, said.splitlines())) <= WIDTH
    logs = sorted((copy.folder / ".snakemake/log").iterdir())
    assert "Job stats:" in logs[-1].read_text(), "Snakemake's own text"
    assert copy.run(*SHOWN).stderr.count("\n") <= 3, "a second run has nothing to say"


def test_a_failed_job_has_the_last_word(copy: Copy) -> None:
    scores = copy.folder / "results/tiny/scores/tagging/tiny.json"
    shutil.copy2(scores, scores.with_suffix(".kept"))
    scores.write_text("{")
    try:
        failed = copy.run(*SHOWN, check=False)
    finally:
        scores.with_suffix(".kept").replace(scores)
    assert failed.returncode == 1
    last = failed.stderr.strip().splitlines()[-2:]
    assert last[0].startswith("error: results/tiny/scores/tagging/tiny.json: not the scores of subsets")
    assert last[1] == "  (logs/tiny/tabulate_task/tagging.log)"
    assert "Traceback" not in failed.stderr and not NOISE.findall(failed.stderr)
    copy.run()
    assert copy.planned() == set()


def test_a_killed_run_and_a_poor_environment_do_not_stop_the_next_run(copy: Copy) -> None:
    table = copy.folder / "results/tiny/tables/tagging.md"
    table.unlink()
    lock = copy.folder / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.write_text("results/tiny/tables/tagging.md\n")  # as kill -9 leaves it
    for path in (copy.folder / "resources").rglob("*"):
        os.utime(path, (time.time() + 86400,) * 2)  # as a clock that was ahead leaves them
    works = "from prefixyarn.running import hold; hold(); print('holds', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", works], cwd=copy.folder, stdin=-1, stdout=-1, text=True) as job:
        assert job.stdout is not None and job.stdout.readline() == "holds\n"
        stopped = copy.run(*SHOWN, check=False)
        job.kill()
    assert stopped.returncode == 1 and not table.exists()
    assert stopped.stderr.strip().splitlines()[-1].startswith("error: another run works in this folder")
    assert f"`kill {job.pid}`" in stopped.stderr and "Traceback" not in stopped.stderr
    nowhere = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR")
    copy.environment = {**dict.fromkeys(nowhere, "/proc/none"), "LC_ALL": "C"}
    try:
        copy.run(*SHOWN)
        assert table.exists() and copy.planned() == set()
    finally:
        copy.environment = {}
