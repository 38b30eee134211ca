import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from prefixyarn.errors import InputError, run
from prefixyarn.job_files import read_by_subset
from prefixyarn.records import (
    Item,
    Output,
    Prediction,
    Prior,
    System,
    atomic,
    check_answered,
    read_json,
    read_records,
    write_by_subset,
    write_records,
    write_text,
)
from prefixyarn.writing import check_writable


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


ITEM = {"id": "b", "source": "s", "target": "t"}
OUTPUT = asdict(Output.without_ids("b", "text", "refined"))


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (Item, ITEM | {"source": None}, r"item 'b': 'source' is null, expected text"),
        (Item, ITEM | {"source": float("nan")}, r"item 'b': 'source' is NaN, expected text"),
        (Item, ITEM | {"source": ["s"]}, r"item 'b': 'source' is \["),
        (Item, ITEM | {"id": 3}, r"'id' is 3, expected text"),
        (Item, ITEM | {"meta": {"package": 1}}, r"'meta' is \{.*expected an object of texts"),
        (Item, ITEM | {"sauce": "s"}, r"item 'b': unknown key 'sauce'"),
        (Item, {"id": "b", "target": "t"}, r"item 'b': no key 'source'"),
        (Item, ITEM | {"id": " "}, r"its id is empty"),
        (Item, ITEM | {"subset": "en-de"}, r"unknown key 'subset'"),
        (Item, "text", r'"text" is no object'),
        (Item, None, r"null is no object"),
        (Output, OUTPUT | {"k": True}, r"item 'b': 'k' is true, expected a whole number"),
        (Output, OUTPUT | {"k": 2.0}, r"'k' is 2.0, expected a whole number"),
        (Output, OUTPUT | {"prior_ids": [1, None]}, r"'prior_ids' is \[1, null\], expected a list of whole numbers"),
        (Output, OUTPUT | {"new_ids": "12"}, r"'new_ids' is \"12\""),
        (Prediction, {"item": "b", "text": "x", "whole": 1}, r"item 'b': 'whole' is 1, expected true or false"),
    ],
)
def test_values_of_other_types_are_named_with_their_item(
    tmp_path: Path, kind: type[Any], values: Any, message: str
) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(values) + "\n")
    with pytest.raises(InputError, match=rf"records\.jsonl, line 1: not a .*\(.*{message}.*Remove the file") as found:
        read_records(path, kind)
    assert "\n" not in str(found.value) and len(str(found.value)) < 500


def test_a_key_twice_in_a_line_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "a", "id": "b", "source": "s", "target": "t"}\n')
    with pytest.raises(InputError, match=r"x\.jsonl, line 1: .*a key twice"):
        read_records(tmp_path / "x.jsonl", Item)


def test_an_item_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    path, items = tmp_path / "x.jsonl", [Item("a", "s", "t"), Item("b", "s", "t"), Item("a", "other", "t")]
    write_records(path, items)
    with pytest.raises(InputError, match=r"x\.jsonl, line 3: .*\(item 'a': a second one, after that of line 1\)"):
        read_records(path, Item)
    one, other = (replace(Prior.none("a"), kind="oracle", k=k) for k in (1, 2))
    write_records(path, [one, other])
    assert read_records(path, Prior) == [one, other], "two systems' priors of an item"
    write_by_subset(path, {"en-de": [one], "en-fr": [one]})
    assert read_records(path, Prior, "en-fr") == [one], "two directions' items have the same ids"
    write_by_subset(path, {"en-de": [one, other, one]})
    with pytest.raises(InputError, match=r"x\.jsonl, line 3: .*item 'a': a second one, after that of line 1"):
        read_records(path, Prior, "en-de")


def test_an_empty_file_is_named_where_it_may_not_be_empty(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").touch()
    with pytest.raises(InputError, match=r"x\.jsonl: empty, expected a Item record a line"):
        read_records(tmp_path / "x.jsonl", Item)
    assert read_records(tmp_path / "x.jsonl", Item, may_be_empty=True) == []


def test_items_of_several_files_are_those_of_one_subset(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{n}.jsonl") for n in range(4)]
    for path, ids in zip(paths, ("ab", "", "c", "b"), strict=True):
        write_records(path, [Item(name, "s", "t") for name in ids])
    assert [item.id for item in read_by_subset(paths[:2], ["en-de"])["en-de"]] == ["a", "b"]
    with pytest.raises(InputError, match=r"3\.jsonl: the item 'b' is in .*0\.jsonl already"):
        read_by_subset([paths[0], paths[3]], ["en-de"])
    with pytest.raises(InputError, match=r"1\.jsonl: empty"):
        read_by_subset(paths[:3], ["en-de", "en-fr", "en-pt"])
    assert read_by_subset([], ["en-de"]) == {"en-de": []}, "a rule without such files"
    with pytest.raises(InputError, match=r"1\.jsonl, .*1\.jsonl: empty, expected items"):
        read_by_subset([paths[0], paths[0], paths[1], paths[1]][2:], ["en-de"])


def test_answers_must_fit_the_items() -> None:
    items = [Item(name, "s", "t") for name in "ab"]
    none, given = System("none"), System("oracle", "", 2, "token")
    answers = [
        replace(Prior.none(name), kind=own.kind, k=own.k, unit=own.unit) for own in (none, given) for name in "ab"
    ]
    check_answered("x.jsonl", answers, items, [none, given])
    check_answered("x.jsonl", answers, items[:1], others=True)
    with pytest.raises(
        InputError, match=r"x\.jsonl: no record of foundation zero-shot oracle 2 token for the item 'b'\. "
    ):
        check_answered("x.jsonl", answers[:3], items)
    with pytest.raises(
        InputError, match=r"no record of .* oracle 2 token for the item 'a' and 1 more\. Remove the file"
    ):
        check_answered("x.jsonl", answers[:2], items, [given])
    with pytest.raises(
        InputError, match=r"x\.jsonl: a record of .* none for the item 'b', which is not among the items"
    ):
        check_answered("x.jsonl", answers, items[:1])
    with pytest.raises(InputError, match=r"x\.jsonl: no record for the item 'b'\. "):
        check_answered("x.jsonl", [Prediction("a", "text", True)], items)
    with pytest.raises(InputError, match=r"x\.jsonl: no record for the item 'a' and 1 more\. "):
        check_answered("x.jsonl", [], items)


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"prompt": null}'])
def test_json_without_the_keys_that_it_must_have(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=r"x\.json: expected an object with the key 'prompt'\. Get the file again"):
        read_json(tmp_path / "x.json", "prompt")


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


def test_a_file_that_is_not_there_is_named_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run(lambda: print(read_json(tmp_path / "x.json")))
    assert ended.value.code == f"error: {tmp_path}/x.json: no such file or folder. Put it there, or name another."


def test_a_pipe_or_a_device_is_written_through(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, "a\n")
    assert os.read(reader, 9) == b"a\n" and pipe.is_fifo() and [*tmp_path.iterdir()] == [pipe]
    os.close(reader)
    write_text(os.devnull, "a\n")
    with pytest.raises(InputError, match="/dev/full: could not be written .*free some space"):
        write_text("/dev/full", "a\n")
    assert Path("/dev/full").is_char_device()


def test_a_long_name_has_room_for_the_temporary_one(tmp_path: Path) -> None:
    write_text(tmp_path / ("ä" * 125), "a\n")
    assert [path.name for path in tmp_path.iterdir()] == ["ä" * 125]
    with pytest.raises(InputError, match="Give a shorter name"):
        write_text(tmp_path / ("n" * 300), "a\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", r"folder: a folder\. Give the name of a file, such as .*/folder/answers\.txt"),
        ("file/x", "for .*/file is a file. Give the name of a file in a folder"),
        ("n" * 300, r"\(File name too long\)\. Give a shorter name"),
        ("/proc/none/x", "may not be written"),
    ],
)
def test_what_cannot_be_written_is_known_beforehand(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=message):
        check_writable(tmp_path / name)
    for known in ("new/folder/x", "file", "x", os.devnull):
        check_writable(tmp_path / known)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}
