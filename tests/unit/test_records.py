import subprocess
import sys
from pathlib import Path

import pytest

from prefixyarn.errors import InputError
from prefixyarn.records import Item, atomic, read_json, read_records, write_by_subset, write_records


def test_records_survive_writing(tmp_path: Path) -> None:
    items = [Item("a", "with a \u2028 line separator", "и\nдва", {"package": "p"}), Item("b", "x", "y")]
    write_records(tmp_path / "folder" / "items.jsonl", items)
    assert read_records(tmp_path / "folder" / "items.jsonl", Item) == items


def test_records_of_several_units_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    german, french = [Item("a", "x", "ein"), Item("b", "y", "zwei")], [Item("a", "x", "un")]
    write_by_subset(path, {"en-de": german, "en-fr": french})
    assert [read_records(path, Item, subset) for subset in ("en-fr", "en-de")] == [french, german]
    with pytest.raises(InputError, match=r"items\.jsonl: no record is of en-pt"):
        read_records(path, Item, "en-pt")
    with pytest.raises(InputError, match=r"items\.jsonl, line 1: not a Item record"):
        read_records(path, Item)  # whose?
    write_records(path, german)
    with pytest.raises(InputError, match=r"items\.jsonl, line 1"):
        read_records(path, Item, "en-de")


@pytest.mark.parametrize("line", ["{", '{"id": "b"}', '{"id": "b", "source": "", "target": "", "other": 1}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"id": "a", "source": "s", "target": "t"}\n' + line + "\n")
    with pytest.raises(InputError, match=r"items\.jsonl, line 2: not a Item record with the keys id, source"):
        read_records(path, Item)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id": "caf\xe9"}', r"not UTF-8 \(.*0xe9\)"),
        (b'{"id": "b", "source": "\\ud800", "target": "t"}', r"not a Item record .*surrogates not allowed"),
        (b"[" * 100_000, r"not a Item record .*nested too deeply"),
        (b'{"id": "b", "sour', r"not a Item record"),
        (b"\0" * 40, r"not a Item record"),
        (b"", r"not a Item record"),
    ],
)
def test_damage_is_named_with_its_line_and_what_to_do(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes(b'{"id": "a", "source": "s", "target": "t"}\n' + line + b"\n")
    with pytest.raises(InputError, match=rf"items\.jsonl, line 2: {message}.*Remove the file") as found:
        read_records(path, Item)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("text", [b'{"a":\n "\xe9"}', b'{"a":\n "\\ud800"}', b"[" * 100_000])
def test_json_that_no_file_should_hold(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.json").write_bytes(text)
    with pytest.raises(InputError, match=r"x\.json(, line 2)?: not (UTF-8|JSON that can be used).*Get the file again"):
        read_json(tmp_path / "x.json")


def test_bad_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{\n"a": }')
    with pytest.raises(InputError, match=r"x\.json, line 2"):
        read_json(tmp_path / "x.json")


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic(path) as stream:
        stream.write("new")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_gives_a_clear_error_and_no_file(tmp_path: Path) -> None:
    """A limit on file size stands in for the full disk: the system refuses to write on, as there."""
    program = (
        "import resource, signal, sys\n"
        "from prefixyarn.errors import run\n"
        "from prefixyarn.records import Item, write_records\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "run(lambda: write_records(sys.argv[1], [Item(str(n), 's' * 99, 't') for n in range(999)]))\n"
    )
    result = subprocess.run([sys.executable, "-c", program, tmp_path / "x.jsonl"], capture_output=True, text=True)
    assert result.returncode == 1
    assert "x.jsonl: could not be written (File too large)" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
