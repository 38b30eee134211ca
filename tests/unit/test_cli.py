"""The command ``prefixyarn``: what it reads and prints, and how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import prefixyarn
import tiny
from prefixyarn import cli
from prefixyarn.errors import InputError
from prefixyarn.models.convert import convert
from prefixyarn.own_text.model import Model

Command = Callable[..., tuple[int | str, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("model")
    convert(tiny.save_model(base / "source"), base / "tiny")
    return base / "tiny"


@pytest.fixture
def command(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.chdir(tmp_path)

    def call(*options: str, stdin: bytes = b"") -> tuple[int | str, str, str]:
        """Return the exit status (or the error's line), standard output and standard error."""
        monkeypatch.setattr(sys, "argv", ["prefixyarn", *options])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.run()
        out, err = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, str) else code or 0), out, err

    return call


def test_each_line_of_standard_input_is_answered(command: Command, folder: Path) -> None:
    common = ("answer", "--model", str(folder), "--prior", "text:Das", "--max-tokens", "8")
    status, out, err = command(*common, stdin=b"\xef\xbb\xbfThe house.\r\nThe file.\n")
    lines = out.splitlines()
    assert status == 0 and len(lines) == 2 and all(line.startswith("Das") for line in lines)
    assert "2 texts, en-de, tiny, prior: given" in err
    again = command(*common, "The house.", "The file.")
    assert again[1].splitlines() == lines, "arguments are texts as lines are"
    as_json = [json.loads(line) for line in command(*common, "--json", "The house.", "The file.")[1].splitlines()]
    assert [own["text"] for own in as_json] == lines and [own["source"] for own in as_json] == [
        "The house.",
        "The file.",
    ]


def test_many_texts_are_answered_in_parts_and_in_order(command: Command, folder: Path) -> None:
    texts = [f"The house {n}." for n in range(40)]
    status, out, _ = command("answer", "--model", str(folder), "--prior", "none", "--max-tokens", "4", "--json", *texts)
    assert status == 0 and [json.loads(line)["source"] for line in out.splitlines()] == texts


def test_an_output_is_not_overwritten(command: Command, folder: Path, tmp_path: Path) -> None:
    common = ("answer", "--model", str(folder), "--prior", "text:Das", "--max-tokens", "8", "-o", "out.txt")
    status, out, _ = command(*common, "The house.")
    written = (tmp_path / "out.txt").read_text()
    assert status == 0 and out == "" and written.startswith("Das") and written.count("\n") == 1
    assert (
        "out.txt: exists already" in str(command(*common, "The file.")[0])
        and (tmp_path / "out.txt").read_text() == written
    )
    assert command(*common, "--force", "The file.", "The file.")[0] == 0
    assert (tmp_path / "out.txt").read_text().count("\n") == 2


def test_where_an_output_goes(command: Command, folder: Path, tmp_path: Path) -> None:
    common = ("answer", "--model", str(folder), "--prior", "text:Das", "--max-tokens", "8", "The house.", "-o")
    for name in ("-", "/dev/stdout"):
        status, out, _ = command(*common, name)
        assert status == 0 and out.startswith("Das")
    assert command(*common, "/dev/null")[:2] == (0, "") and not Path("/dev/null").is_file()
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link").symlink_to("real.txt")
    (tmp_path / "new").symlink_to("later.txt")
    assert "link: exists already" in str(command(*common, "link")[0])
    assert command(*common, "link", "--force")[0] == 0 and command(*common, "new")[0] == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "new").is_symlink()
    assert (tmp_path / "real.txt").read_text() == (tmp_path / "later.txt").read_text() == out
    (tmp_path / "pipe").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert command(*common, "pipe", "--force")[0] == 0 and os.read(reader, 999).decode() == out
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "sub/"), "sub/: a folder. Give the name of a file"),
        (("-o", "words"), "words: a folder. Give the name of a file"),
        (("-o", "file/x"), "file/x: cannot be written, for "),
        (("-o", "n" * 300), "n: cannot be written (File name too long). Give a shorter name"),
        (("-o", "j", "--journal", "j"), "j: is what --journal names as well"),
        (("-o", "./file", "--journal", "again"), "file: is what --journal names as well"),
        (("-o", "file", "--dictionary", "file"), "file: is what --dictionary names as well"),
        (("-o", "words/en-de.txt", "--dictionary", "words"), "en-de.txt: is what --dictionary names as well"),
    ],
)
def test_an_output_is_looked_at_before_anything_starts(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.setattr(cli, "load_model", lambda *given: pytest.fail("opened the model"))
    (tmp_path / "words").mkdir()
    (tmp_path / "words/en-de.txt").write_text("house Haus\n")
    (tmp_path / "file").write_text("house Haus\n")
    (tmp_path / "again").symlink_to("file")
    status, _, _ = command("answer", "--force", *options, stdin=b"The house.\n")
    assert isinstance(status, str) and message in status and "\n" not in status
    assert (tmp_path / "file").read_text() == "house Haus\n" and not (tmp_path / "j").exists()


def test_an_output_is_not_the_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("The house.\n")
    with open(tmp_path / "file") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with pytest.raises(InputError, match="file: is what standard input is read from"):
            cli.output_file(str(tmp_path / "file"), True, {})


def test_what_was_answered_before_ctrl_c_stays(
    command: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, calls = Model.answer, []

    def interrupted(self: Model, texts: list[str], **options: object) -> list[prefixyarn.Answer]:
        calls.append(len(texts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return answered(self, texts, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Model, "answer", interrupted)
    texts = [f"The house {n}." for n in range(40)]
    status, _, err = command(
        "answer", "--model", str(folder), "--prior", "none", "--max-tokens", "4", "-o", "out", *texts
    )
    assert status == 130 and f"stopped: {calls[0]} of 40 answers" in err and "--journal" in err
    assert len((tmp_path / "out").read_text().splitlines()) == calls[0]
    monkeypatch.setattr(Model, "answer", answered)
    again = ("answer", "--model", str(folder), "--prior", "none", "--max-tokens", "4", "-o", "out", "--journal", "kept")
    assert command(*again, *texts)[0] == 0 and len((tmp_path / "out").read_text().splitlines()) == 40


def test_all_texts_are_looked_at_before_the_first_is_answered(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prefixyarn.own_text.model.positions", lambda config: 100)
    lines = b"".join(b"The house %d.\n" % n for n in range(20)) + b"\n" + b"The end. " * 60 + b"\n"
    status, out, _ = command("answer", "--model", str(folder), "--prior", "none", "--max-tokens", "4", stdin=lines)
    assert str(status).startswith("error: text 22: ") and "tokens with prompt and answer" in str(status) and out == ""


def test_empty_lines_stay_where_they_are(command: Command, folder: Path, tmp_path: Path) -> None:
    common = ("answer", "--model", str(folder), "--prior", "text:Das", "--max-tokens", "8")
    lines = b"The house.\n\n\xe2\x80\x8b\nThe file.\n"
    status, out, err = command(*common, stdin=lines)
    assert status == 0 and [line[:3] for line in out.split("\n")] == ["Das", "", "", "Das", ""]
    assert "2 without anything to read get an empty answer (texts 2, 3)" in err
    assert command(*common, "-o", "out", stdin=lines)[0] == 0 and (tmp_path / "out").read_text() == out
    objects = [json.loads(line) for line in command(*common, "--json", stdin=lines)[1].splitlines()]
    assert [own["stop"] == "empty" for own in objects] == [False, True, True, False]
    many = b"The house.\n" * 33 + b"\n" * 300 + b"The file.\n"  # a part without any text
    answers = command(*common, stdin=many)[1].split("\n")
    assert len(answers) == 335 and all(answers[:33]) and not any(answers[33:333]) and answers[333]


def test_how_many_words_a_dictionary_has_is_said(command: Command, folder: Path, tmp_path: Path) -> None:
    common = ("answer", "--model", str(folder), "--max-tokens", "8", "--dictionary", "mine.txt")
    (tmp_path / "mine.txt").write_text("house, Haus\n")
    err = command(*common, "The house.", "The file.")[2]
    assert "prior: likeliest (the dictionary has 1 of their 4 words)" in err and "no word of any text" not in err
    (tmp_path / "mine.txt").write_text("maison\tHaus\nse connecter\tanmelden\n")
    err = command(*common, "The house.")[2]
    assert "(the dictionary has 0 of their 2 words)" in err
    assert "the dictionary has no word of any text, so it began no answer: is it one from English?" in err
    (tmp_path / "mine.txt").write_text("1\thouse\n")
    assert "none of its 1 entries can be looked up" in str(command(*common, "The house.")[0])


def test_a_long_text_is_announced(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "LONG", 60)
    common = ("answer", "--model", str(folder), "--prior", "none", "--max-tokens", "4")
    err = command(*common, "The house.", "The house is red. " * 20)[2]
    assert "1 with more than 60 tokens (texts 2; text 2 has " in err
    assert "more than 60" not in command(*common, "The house.")[2]


def test_tables_and_json_of_compare_and_look(command: Command, folder: Path) -> None:
    status, out, _ = command("compare", "--model", str(folder), "--to", "de,ar", "The house.")
    assert status == 0 and [line.split()[:2] for line in out.splitlines()[1:] if line[:2] in ("de", "ar")] == [
        ["de", "none"],
        ["de", "own"],
        ["ar", "none"],
        ["ar", "own"],
    ]
    rows = json.loads(command("compare", "--model", str(folder), "--to", "de", "--json", "The house.")[1])
    assert [row["prior"] for row in rows] == ["none", "own"] and {"text", "language", "stop"} <= {*rows[0]["answer"]}
    common = ("look", "--model", str(folder), "--prior", "text:Das", "--steps", "3", "The house.")
    status, out, _ = command(*common)
    assert status == 0 and "(given)" in out and "likeliest" in out and "SFT" not in out
    steps = json.loads(command(*common, "--json")[1])
    assert len(steps) == 3 and steps[0]["given"] and len(steps[0]["candidates"]) == 5


@pytest.mark.parametrize(
    ("options", "stdin", "message"),
    [
        (("answer", "--to", "dee", "a"), b"", "error: unknown language code 'dee'"),
        (("answer",), b"\n\xe2\x80\x8b\n", "error: no text: each of them is empty"),
        (("compare", "--to", "de", "\u200b"), b"", "error: text 1: empty"),
        (("look", "--to", "de", " "), b"", "error: text 1: empty"),
        (("answer",), b"a\n\xff\n", "error: standard input, line 2: not UTF-8"),
        (("answer",), b"", "error: no text"),
        (("answer", "a\udcff"), b"", "error: text 1: not UTF-8"),
        (("answer", "--prior", "refined", "a"), b"", "error: prior 'refined' for en-de: needs a run"),
        (("answer", "--run", "nowhere", "a"), b"", "error: results/nowhere: no such run"),
        (("answer", "--journal", "/proc/no/journal", "a"), b"", "error: "),
        (("answer", "-o", "/proc/no/out", "--max-tokens", "4", "a"), b"", "error: "),
        (("answer",), b"PK\x03\x04\x14\n\x80\n", "error: standard input: a spreadsheet or another packed file"),
        (("compare", "--to", "de,", "a"), b"", "error: a language code is empty"),
    ],
)
def test_bad_input_ends_with_one_line(
    command: Command, folder: Path, options: tuple[str, ...], stdin: bytes, message: str
) -> None:
    status, out, err = command(options[0], "--model", str(folder), *options[1:], stdin=stdin)
    assert isinstance(status, str) and status.startswith(message) and "\n" not in status, status
    assert "Traceback" not in err


def test_the_version(command: Command) -> None:
    assert command("--version") == (0, f"prefixyarn {prefixyarn.__version__}\n", "")


def test_codes_of_languages_may_have_capitals(command: Command, folder: Path) -> None:
    common = ("answer", "--model", str(folder), "--max-tokens", "4", "--prior", "none", "The house.")
    first, again = (
        command(*common, "--from", source, "--to", target) for source, target in (["en", "de"], ("EN", "De"))
    )
    assert first[0] == 0 and first == again


def test_more_steps_than_an_answer_has_are_said(command: Command, folder: Path) -> None:
    common = ("look", "--model", str(folder), "--prior", "none", "--json", "The house.", "--steps")
    status, out, err = command(*common, "500")
    count = len(json.loads(out))
    assert status == 0 and f"{count} of 500 steps: the answer ends there" in err
    assert ("128 tokens are the limit of an answer" in err) == (count == 128)
    assert "steps" not in command(*common, "1")[2]


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (("--- Heading",), True),
        (("---",), True),
        (("- one",), True),
        (("--no-such",), False),
        (("--k=a b", "c"), False),
    ],
)
def test_a_text_that_begins_as_an_option_does(command: Command, given: tuple[str, ...], hint: bool) -> None:
    status, _, err = command("answer", *given)
    assert status == 2 and ("goes behind all options and a --" in err) == hint


def test_an_empty_run_is_said(command: Command) -> None:
    assert command("export", "", "out")[0] == "error: the run: empty. Give its name, as default, or its folder"
    assert "a language code is empty" in str(command("check", ".", "--languages", "")[0])


def test_usage_errors_have_their_own_status(command: Command) -> None:
    assert command("answer", "--no-such-option", "a")[0] == 2 and command("translate")[0] == 2
    for name in ("answer", "compare", "look"):
        status, out, _ = command(name, "--help")
        assert status == 0 and "Example:" in out


def test_a_pipe_that_closes_early_is_no_error(folder: Path) -> None:
    program = "from prefixyarn.cli import run; run()"
    options = [
        "answer",
        "--model",
        str(folder),
        "--prior",
        "none",
        "--max-tokens",
        "4",
        *(f"The house {n}." for n in range(99)),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    asked = subprocess.Popen(
        [sys.executable, "-c", program, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert asked.stdout and asked.stdout.readline()
    asked.stdout.close()
    assert asked.stderr is not None
    err = asked.stderr.read().decode()
    asked.wait()
    assert "Traceback" not in err and "BrokenPipe" not in err
