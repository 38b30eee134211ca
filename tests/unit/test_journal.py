"""The journal, and jobs killed for real."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prefixyarn.decode.backend import Answer, Request
from prefixyarn.decode.journal import Journal
from prefixyarn.errors import InputError

TESTS = Path(__file__).resolve().parents[1]
ONE, TWO = Request((2, 5), (7,)), Request((2, 5, 7))
ANSWER = Answer((8, 9), "newline")


def test_answers_are_found_by_what_they_were_decoded_from(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.jsonl"
    with Journal(path, {}, 64) as journal:
        assert journal.get("weights", ONE) is None
        journal.add("weights", ONE, ANSWER)
        assert journal.get("weights", ONE) == ANSWER
    with Journal(path, {}, 64) as journal:
        assert journal.get("weights", ONE) == ANSWER
        assert journal.get("other weights", ONE) is None
        assert journal.get("weights", TWO) is None, "the same ids, but all of them prompt"
    with Journal(path, {}, 32) as journal:
        assert journal.get("weights", ONE) is None


def test_changed_code_decodes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(tmp_path / "j", {}) as journal:
        journal.add("weights", ONE, ANSWER)
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read(self) + b"# mended" * (self.name == "engine.py"))
    with Journal(tmp_path / "j", {}) as journal:
        assert journal.get("weights", ONE) is None


@pytest.mark.parametrize("torn", [b'{"key": "abc', b'{"key": "abc"}\n', b"\x00\x00\n", b"\n"])
def test_a_torn_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "j"
    with Journal(path, {}) as journal:
        journal.add("weights", ONE, ANSWER)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    with Journal(path, {}) as journal:
        assert journal.get("weights", ONE) == ANSWER
        journal.add("weights", TWO, ANSWER)
    assert path.read_bytes().startswith(whole) and len(path.read_bytes().splitlines()) == 2
    with Journal(path, {}) as journal:
        assert journal.get("weights", TWO) == ANSWER


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"my notes\n", "line 1: is no line of a journal. Give the name of a new file"),
        (b"my notes", "line 1: is no line of a journal"),
        (b"\n\nmy notes\n", "line 1: is no line"),
        (b'{"item": "de-1"}\n', "line 1: is no line"),
        (b'{"key": "abc"}\n{"item": "de-1"}\n', "line 1: is no line"),
        (b'{"key": "abc", "new_ids": [1], "stop": "eos"}\n\xff\n', "line 2: is no line of a journal. Remove the line"),
    ],
)
def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "notes"
    path.write_bytes(text)
    for _ in range(2):  # nor is it locked afterwards
        with pytest.raises(InputError, match=message):
            Journal(path, {})
    assert path.read_bytes() == text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stop": "bored"}, "an answer ends by newline, eos, length, constraint, not 'bored'"),
        ({"stop": ["eos"]}, "an answer ends by"),
        ({"new_ids": [8, -1]}, "-1 is no token id"),
        ({"new_ids": [8, 1.0]}, "1.0 is no token id"),
        ({"new_ids": [8, True]}, "True is no token id"),
        ({"new_ids": "89"}, "'8' is no token id"),
        ({"new_ids": [8, 50]}, "the model has 50 tokens, so none has the id 50"),
        ({"new_ids": [8] * 64}, "an answer of 65 tokens with its prior, where the limit is 64"),
        ({"new_ids": [], "stop": "length"}, "an answer of 1 tokens with its prior, .* says that it ended by length"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(tmp_path: Path, changed: dict, message: str) -> None:
    path = tmp_path / "j"
    with Journal(path, {}, 64, 50) as journal:
        journal.add("weights", TWO, ANSWER)
        journal.add("weights", ONE, ANSWER)
    first, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(text := first + json.dumps({**json.loads(last), **changed}).encode() + b"\n")
    with pytest.raises(InputError, match=f"j, line 2: cannot be an answer: {message}.*Remove the line"):  # noqa: SIM117
        with Journal(path, {}, 64, 50) as journal:
            assert journal.get("weights", TWO) == ANSWER
            journal.get("weights", ONE)
    assert path.read_bytes() == text


def test_answers_that_can_be_are_taken(tmp_path: Path) -> None:
    whole, ended = Answer(tuple(range(7)), "length"), Answer((), "newline")
    with Journal(tmp_path / "j", {}, 8, 50) as journal:
        journal.add("weights", ONE, whole)
        journal.add("weights", TWO, ended)
    with Journal(tmp_path / "j", {}, 8, 50) as journal:
        assert journal.get("weights", ONE) == whole and journal.get("weights", TWO) == ended


def test_one_answer_has_one_value(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path, {}) as journal:
        journal.add("weights", ONE, ANSWER)
    once = path.read_bytes()
    path.write_bytes(once * 2)
    with Journal(path, {}) as journal:
        assert journal.get("weights", ONE) == ANSWER
    path.write_bytes(once * 2 + once.replace(b"[8, 9]", b"[8]"))
    with pytest.raises(InputError, match="j, line 3: cannot be an answer: line 1 has another answer with the same key"):
        Journal(path, {})


@pytest.mark.parametrize(
    ("name", "message"), [("", "a folder"), ("file/j", "is a file"), ("/dev/full", "no file"), ("/dev/zero", "no file")]
)
def test_a_journal_is_a_file(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=message):
        Journal(tmp_path / name, {})


def test_two_processes_cannot_write_one_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", {}), pytest.raises(InputError, match="another process writes this journal"):
        Journal(tmp_path / "j", {})
    Journal(tmp_path / "j", {}).__exit__(None, None, None)  # free again


JOB = """
import sys, time
sys.path.insert(0, {tests!r})
import torch, tiny
from pathlib import Path
from prefixyarn.decode.backend import Request
from prefixyarn.decode.batch import Batch
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.journal import Journal
from prefixyarn.decode.stops import Stops
import random, json
torch.set_num_threads(1)
tok = tiny.tokenizer()
model = tiny.gemma(len(tok), seed=1)
stops = Stops.of(model, tok, 20)
rng = random.Random(5)
prompts = [(2, *rng.choices(range(40, len(tok)), k=rng.randint(3, 30))) for _ in range(40)]
wanted = [Request(p, tuple(rng.choices([i for i in range(40, len(tok)) if i not in stops.newline_ids], k=k))) for p in prompts for k in (0, 1, 2)]
step = Batch._step
def slow(self):
    time.sleep(0.02)
    return step(self)
Batch._step = slow
folder = Path(sys.argv[1])
decoded = []
with Journal(folder / "journal.jsonl", {{}}) as journal:
    print("decoding", flush=True)
    def found(request, answer):
        journal.add("w", request, answer)
        decoded.append(request)
    answers = decode(model, wanted, stops, Limits(4000, 12), known=lambda r: journal.get("w", r), found=found)
(folder / "answers.json").write_text(json.dumps([[a.new_ids, a.stop] for a in answers]))
print(len(decoded), len(set(wanted)))
"""


def test_jobs_killed_at_random_moments_go_on_and_give_the_same_bytes(tmp_path: Path) -> None:
    job, rng = JOB.format(tests=str(TESTS)), random.Random(time.time())

    def start(folder: Path) -> subprocess.Popen[str]:
        folder.mkdir(exist_ok=True)
        process = subprocess.Popen([sys.executable, "-c", job, str(folder)], stdout=subprocess.PIPE, text=True)
        assert process.stdout and process.stdout.readline() == "decoding\n"
        return process

    whole = start(tmp_path / "whole")
    assert whole.wait() == 0
    kept: list[int] = []
    for _ in range(3):
        killed = start(tmp_path / "killed")
        time.sleep(rng.uniform(0.2, 0.8))
        killed.kill()
        killed.wait()
        lines = (tmp_path / "killed/journal.jsonl").read_bytes().split(b"\n")
        kept.append(len(lines) - 1)
    assert kept == sorted(kept) and kept[-1] > 0
    with open(tmp_path / "killed/journal.jsonl", "ab") as stream:
        stream.write(b'{"key": "torn')
    last = start(tmp_path / "killed")
    assert last.wait() == 0 and last.stdout
    decoded, wanted = map(int, last.stdout.read().split())
    assert decoded == wanted - kept[-1], "nothing that was written is decoded again"
    assert (tmp_path / "killed/answers.json").read_bytes() == (tmp_path / "whole/answers.json").read_bytes()
    assert all(json.loads(line) for line in (tmp_path / "killed/journal.jsonl").read_text().splitlines())
