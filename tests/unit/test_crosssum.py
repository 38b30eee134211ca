import bz2
import io
import json
import logging
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES as OURS
from prefixyarn.records import Item
from prefixyarn.tasks.summarization import crosssum
from prefixyarn.tasks.summarization.prepare import from_crosssum
from script import run_script


def line(text: str, summary: str) -> str:
    record = {"source_url": "u", "target_url": "v", "summary": summary, "text": text}
    return json.dumps(record, ensure_ascii=False) + "\n"


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(lines), encoding="utf-8")
    return path


def pack(path: Path, **files: str) -> None:
    with tarfile.open(path, "w:bz2") as archive:
        archive.addfile(tarfile.TarInfo("."), None)
        for name, text in files.items():
            member = tarfile.TarInfo(f"./{name}.jsonl")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("source", "target", "split", "name"),
    [
        ("en", "fr", "train", "english-french_train.jsonl"),
        ("fr", "en", "dev", "french-english_val.jsonl"),
        ("zh", "uk", "test", "chinese_simplified-ukrainian_test.jsonl"),
        ("pt", "ar", "test", "portuguese-arabic_test.jsonl"),
        ("ru", "zh", "dev", "russian-chinese_simplified_val.jsonl"),
    ],
)
def test_the_published_file_is_read(source: str, target: str, split: str, name: str, tmp_path: Path) -> None:
    write(tmp_path / name, line("Two  words.\nMore.", " Deux mots. "), "\n", line("a\u2028b", "c"))
    items = crosssum.read(tmp_path, source, target, split)
    assert [(i.source, i.target, i.meta) for i in items] == [("Two words. More.", "Deux mots.", {}), ("a b", "c", {})]


def test_languages_are_ours() -> None:
    assert {*crosssum.NAMES} == {"en", "fr", "zh", "pt", "uk", "ru", "ar"} < {*OURS}


def test_an_article_has_one_id_in_all_directions(tmp_path: Path) -> None:
    write(tmp_path / "english-french_test.jsonl", line("One article.", "Un."), line("Another.", "Deux."))
    write(tmp_path / "english-russian_test.jsonl", line("Another.", "Два."))
    french, russian = (crosssum.read(tmp_path, "en", code, "test") for code in ("fr", "ru"))
    assert russian == [Item(french[1].id, "Another.", "Два.")]
    assert french[0].id == "e690999158c0" != french[1].id


def test_the_archive_is_read_where_the_file_is_not_unpacked(tmp_path: Path) -> None:
    files = {f"english-french_{split}": line(f"{split} text", split) for split in ("train", "val", "test")}
    pack(tmp_path / "english-french_CrossSum.tar.bz2", **files)
    assert [i.source for i in crosssum.read(tmp_path, "en", "fr", "dev")] == ["val text"]
    assert [path.name for path in tmp_path.iterdir()] == ["english-french_CrossSum.tar.bz2"]
    write(tmp_path / "english-french_val.jsonl", line("unpacked", "x"))
    assert [i.source for i in crosssum.read(tmp_path, "en", "fr", "dev")] == ["unpacked"]


def test_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "english-french_CrossSum.tar.bz2"
    pack(path, **{"english-french_test": line("a", "b") + "{\n"})
    with pytest.raises(InputError, match=r"bz2, english-french_test.jsonl, line 2: not JSON"):
        crosssum.read(tmp_path, "en", "fr", "test")
    with pytest.raises(InputError, match=r"bz2: no english-french_val.jsonl in it"):
        crosssum.read(tmp_path, "en", "fr", "dev")
    whole = path.read_bytes()
    for damaged in (b"", b"no archive", whole[: len(whole) // 2], bz2.compress(b"no archive" * 99)):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="bz2: cannot be unpacked .* Download the archive again"):
            crosssum.read(tmp_path, "en", "fr", "test")


def test_examples_without_text_or_summary_and_repeated_articles_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [
        line("", "a"),
        line(" \n", "b"),
        line("c", ""),
        line("d", "first"),
        line("d", "second"),
        line("e", "f"),
        line("\u200b", "g"),
        line("h", "h"),
    ]
    write(tmp_path / "english-arabic_train.jsonl", *lines)
    with caplog.at_level(logging.INFO):
        assert [i.target for i in crosssum.read(tmp_path, "en", "ar", "train")] == ["first", "f"]
    assert caplog.messages == [
        "CrossSum english-arabic train: 2 examples, left out: 4 without text or summary, 1 whose summary is the text, 1 repeated articles, 0 with half a surrogate pair"
    ]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "not JSON"),
        ("text", "not JSON"),
        ("[]", "no 'text' that is a string: expected an object with the keys source_url"),
        ('{"summary": "a"}', "no 'text'"),
        ('{"text": "a"}', "no 'summary'"),
        ('{"text": "a", "summary": null}', "no 'summary'"),
        ('{"text": ["a"], "summary": "b"}', "no 'text'"),
    ],
)
def test_a_bad_line_is_an_error_that_names_it(bad: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "english-french_test.jsonl", line("a", "b"), "\n", bad + "\n")
    with pytest.raises(InputError) as caught:
        crosssum.read(tmp_path, "en", "fr", "test")
    assert str(caught.value).startswith(f"{path}, line 3: ") and message in str(caught.value)


def test_not_utf8_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "english-french_test.jsonl").write_bytes(line("a", "b").encode() + line("ü", "b").encode("latin-1"))
    with pytest.raises(InputError, match="line 2: not UTF-8 .*0xfc"):
        crosssum.read(tmp_path, "en", "fr", "test")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        crosssum.read(tmp_path, "en", "fr", "dev")
    for part in (tmp_path / "english-french_val.jsonl", "english-french_CrossSum.tar.bz2", "summarization.source"):
        assert str(part) in str(caught.value)
    for source, target in (("de", "en"), ("en", "de")):
        with pytest.raises(InputError, match="CrossSum has no language 'de' .* en, fr, zh, pt, uk, ru, ar"):
            crosssum.read(tmp_path, source, target, "test")
    write(tmp_path / "english-french_test.jsonl", line("a", ""))
    with pytest.raises(InputError, match="CrossSum english-french test: 0 examples"):
        crosssum.read(tmp_path, "en", "fr", "test")


def test_splits_are_the_published_ones_cut(tmp_path: Path) -> None:
    for split, size in (("train", 4), ("val", 3), ("test", 2)):
        texts = (line(f"{split} article about {n * 7919} {split} {n}", f"{split} {n}") for n in range(size))
        write(tmp_path / f"english-french_{split}.jsonl", *texts)
    sizes = {"train": 3, "dev": 2, "trial": 1, "test": 2}
    made, note = from_crosssum(tmp_path, ["en-fr"], sizes)
    found = {name: [i.target for i in items] for name, items in made["en-fr"].items()}
    assert note == "CrossSum's own splits"
    assert found["trial"] == ["val 0"] and found["dev"] == ["val 0", "val 1"] and found["test"] == ["test 0", "test 1"]
    assert found["parallel"] == found["out_of_domain"] == [] and len(found["train"]) == 3


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """A server that answers as the hub does for one data set, at one commit."""
    files = {"README.md": b"# CrossSum", "data/english-arabic_CrossSum.tar.bz2": b"<html>Log in</html>"}
    packed = tmp_path / "packed.tar.bz2"
    pack(packed, **{f"english-french_{split}": line("a", "b") for split in ("train", "val", "test")})
    files["data/english-french_CrossSum.tar.bz2"] = packed.read_bytes()
    pack(packed, **{f"english-russian_{split}": line("a", "b") for split in ("train", "val")})
    files["data/english-russian_CrossSum.tar.bz2"] = packed.read_bytes()
    with tiny.hub("d" * 40, {"datasets/me/sum": files}) as made:
        yield made.address


def test_archives_are_fetched_from_the_hub(hub: str, tmp_path: Path) -> None:
    def fetch(pair: str) -> subprocess.CompletedProcess[str]:
        source = {"kind": "crosssum-hub", "id": "me/sum", "revision": "main"}
        params = {"source": source, "lock": str(tmp_path / "lock.json")}
        output = {"archive": str(tmp_path / f"{pair}_CrossSum.tar.bz2")}
        own = {"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "1"}
        return run_script("fetch_crosssum", tmp_path, own, params=params, output=output)

    for pair, said in (("english-arabic", "cannot be unpacked"), ("english-russian", "no english-russian_test.jsonl")):
        result = fetch(pair)
        assert result.returncode == 1 and f"what the hub gave is not what it should be. {pair}" in result.stdout
        assert said in result.stdout and "Traceback" not in result.stdout
        assert not (tmp_path / "lock.json").exists()
    result = fetch("english-french")
    assert result.returncode == 0, result.stdout
    assert tarfile.open(tmp_path / "english-french_CrossSum.tar.bz2").getnames()[1:] == [  # noqa: SIM115
        f"./english-french_{split}.jsonl" for split in ("train", "val", "test")
    ]
    lock = json.loads((tmp_path / "lock.json").read_text())
    assert lock["revisions"] == {"datasets/me/sum@main": "d" * 40}
    assert list(lock["files"]) == ["crosssum/english-french_CrossSum.tar.bz2"]
    result = fetch("english-german")
    assert result.returncode == 1 and "has no english-german_CrossSum.tar.bz2" in result.stdout
    lock["files"] = {"crosssum/english-french_CrossSum.tar.bz2": "0" * 64}
    (tmp_path / "lock.json").write_text(json.dumps(lock))
    (tmp_path / "english-french_CrossSum.tar.bz2").unlink()
    result = fetch("english-french")
    assert result.returncode == 1 and "its SHA-256 is" in result.stdout
    assert not (tmp_path / "english-french_CrossSum.tar.bz2").exists()


def test_what_other_programs_leave_in_files_is_taken_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    half = '{"text": "c \\ud800", "summary": "d"}\r\n'
    lines = ["\ufeff" + line("a\ufeffb\u2028c", "e\u00a0f"), half, line("g \U0001f600", "\\ud83d")]
    (tmp_path / "english-french_test.jsonl").write_bytes("".join(lines).replace("}\n", "}\r\n").encode())
    with caplog.at_level(logging.INFO):
        found = crosssum.read(tmp_path, "en", "fr", "test")
    assert [(i.source, i.target) for i in found] == [("ab c", "e f"), ("g \U0001f600", "\\ud83d")]
    assert "1 with half a surrogate pair" in caplog.text


def test_json_that_is_nested_without_end_is_named(tmp_path: Path) -> None:
    (tmp_path / "english-french_test.jsonl").write_text("[" * 100_000 + "\n")
    with pytest.raises(InputError, match=r"line 1: not JSON"):
        crosssum.read(tmp_path, "en", "fr", "test")
