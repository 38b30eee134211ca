import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from prefixyarn.code_inputs import code_inputs
from prefixyarn.config.subsets import SUBSET_KEYS

ROOT = Path(__file__).resolve().parents[2]
# clean.py runs without the package.
SCRIPTS = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "scripts").glob("*.py") if p.name != "clean.py")


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """Run the imports of every script; return the package's files that each loaded."""
    program = (
        "import json, runpy, sys\n"
        "loaded = {}\n"
        "for script in sys.argv[1:]:\n"
        "    for name in [n for n in sys.modules if n.split('.')[0] == 'prefixyarn']:\n"
        "        del sys.modules[name]\n"
        "    if 'prefixyarn.job' in open(script).read():\n"
        "        import prefixyarn.job\n"
        "        prefixyarn.job.run = lambda main, job: None\n"
        "    runpy.run_path(script, {'snakemake': None}, 'imported')\n"
        "    modules = [m for n, m in sys.modules.items() if n.split('.')[0] == 'prefixyarn']\n"
        "    loaded[script] = [m.__file__ for m in modules]\n"
        "print(json.dumps(loaded))\n"
    )
    command = [sys.executable, "-c", program, *SCRIPTS]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("script", SCRIPTS)
def test_code_inputs_cover_what_a_script_really_imports(script: str, imported: dict[str, list[str]]) -> None:
    loaded = {str(Path(path).relative_to(ROOT)) for path in imported[script]}
    assert loaded and loaded <= set(code_inputs(script, root=str(ROOT)))


def test_scoring_needs_no_model_libraries() -> None:
    for script in ("scripts/score.py", "scripts/tabulate_task.py"):
        for task in SUBSET_KEYS:
            paths = code_inputs(script, [f"tasks.{task}.scores"], str(ROOT))
            assert not any("models/foundation" in path or "decode/engine" in path for path in paths)


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.startswith(("scripts/tabulate", "scripts/plot"))])
def test_tables_and_figures_need_no_torch(script: str) -> None:
    for path in code_inputs(script, root=str(ROOT)):
        assert not re.search(r"^import torch|^from torch", (ROOT / path).read_text(), re.MULTILINE), path


@pytest.mark.parametrize("task", SUBSET_KEYS)
def test_a_tasks_own_modules_count_and_no_other_tasks(task: str) -> None:
    program = "import json, sys; from prefixyarn.tasks import scoring, task; "
    program += f"task.task_of({task!r}), scoring.scores({task!r}); print(json.dumps([m.__file__ for n, m in "
    program += "sys.modules.items() if n.split('.')[0] == 'prefixyarn']))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {str(Path(path).relative_to(ROOT)) for path in json.loads(result.stdout)}
    found = set(
        code_inputs(
            "scripts/train_sft.py", [f"tasks.{task}.{name}" for name in ("task", "metrics", "scores")], str(ROOT)
        )
    )
    assert loaded <= found and f"src/prefixyarn/tasks/{task}/scores.py" in loaded
    others = [other for other in SUBSET_KEYS if other != task]
    assert not any(f"/tasks/{other}/" in path for path in found for other in others)


def test_closure_follows_imports_in_functions_and_packages(tmp_path: Path) -> None:
    package = tmp_path / "src" / "prefixyarn"
    (package / "sub").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sub" / "__init__.py").write_text("")
    (package / "a.py").write_text("def f():\n    from prefixyarn.sub import b\n")
    (package / "sub" / "b.py").write_text("import os\n")
    (package / "c.py").write_text("")
    (tmp_path / "script.py").write_text("import prefixyarn.a\n")
    expected = [
        "script.py",
        "src/prefixyarn/__init__.py",
        "src/prefixyarn/a.py",
        "src/prefixyarn/sub/__init__.py",
    ]
    assert code_inputs("script.py", root=str(tmp_path)) == [*expected, "src/prefixyarn/sub/b.py"]
