"""The journal of a decoding job: every answer as it comes, so that a killed job resumes where it was.

An append-only file of JSON lines, which no rule has as output: Snakemake deletes the outputs of a job that did not
end well. An entry is found by what it was decoded from, never by its place: the model's weights, the prompt's and the
prior's ids, the constraint, the settings (versions of libraries among them), and the code that decoded it. So a changed
prompt, or a mended engine, can never be mistaken for a finished one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from prefixyarn.decode.backend import Answer, Request
from prefixyarn.errors import InputError
from prefixyarn.writing import check_writable, is_stream

_DECODE = Path(__file__).parent
# What an answer is decoded by.
CODE = [*sorted(_DECODE.glob("*.py")), *(_DECODE.parent / f"models/{name}.py" for name in ("families", "logits"))]

_BEGINS = b'{"key": "'
_STOPS = ("newline", "eos", "length", "constraint")
_REMOVE = "Remove the line, so that it is decoded again."


class Journal:
    """The journal of one job. Use it as a context: it is locked, and closed at the end."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        settings: dict[str, Any],
        limit: int | None = None,
        tokens: int | None = None,
    ) -> None:
        """Open or begin a journal.

        Args:
            path: The file.
            settings: What determines an answer besides model, prompt, prior and limit.
            limit: Most tokens of an answer, prior included.
            tokens: How many entries the vocabulary has.

        Raises:
            InputError: Another process writes this journal, or the file is none, or has a line that cannot be.
        """
        self._path, self._limit, self._tokens = Path(path), limit, tokens
        check_writable(self._path)
        if is_stream(self._path):
            raise InputError(f"{self._path}: no file, so no journal can be kept there. Give the name of a file")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        code = hashlib.sha256(b"".join(file.read_bytes() for file in CODE))
        self._settings = json.dumps([{**settings, "limit": limit}, code.hexdigest()], sort_keys=True)
        self._entries: dict[str, Answer] = {}
        self._lines: dict[str, int] = {}  # of the entries that were read
        self._stream: IO[bytes] = open(self._path, "a+b")  # noqa: SIM115
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._stream.close()
            raise InputError(
                f"{self._path}: another process writes this journal. Is a decoding job of an earlier, killed run still "
                "going on? Wait for it or end it, then run again."
            ) from error
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def _read(self) -> None:
        """Read all entries; what a kill left of a last line is cut off.

        Raises:
            InputError: A line is no entry, and not the torn end of one; or no answer can be what it says, or an earlier
                line has another answer to the same.
        """
        self._stream.seek(0)
        end = 0
        for number, line in enumerate(self._stream, 1):
            try:
                if not line.endswith(b"\n"):
                    raise ValueError("torn line")
                entry = json.loads(line)
                key, answer = entry["key"], Answer(tuple(entry["new_ids"]), entry["stop"])
                known = self._entries.setdefault(key, answer)
            except (ValueError, KeyError, TypeError):
                begun = line.startswith(_BEGINS) or _BEGINS.startswith(line) or not line.strip(b"\0\n")
                if not begun or self._stream.read(1):
                    raise InputError(
                        f"{self._path}, line {number}: is no line of a journal. "
                        + ("Give the name of a new file." if number == 1 else "Remove the line, or the file.")
                    ) from None
                logging.warning("%s: its last line is incomplete; kept the first %d bytes", self._path, end)
                self._stream.truncate(end)
                break
            if answer.stop not in _STOPS:
                raise self._impossible(number, f"an answer ends by {', '.join(_STOPS)}, not {answer.stop!r}")
            if odd := [token for token in answer.new_ids if type(token) is not int or token < 0]:
                raise self._impossible(number, f"{odd[0]!r} is no token id")
            first = self._lines.setdefault(key, number)
            if known != answer:
                raise self._impossible(number, f"line {first} has another answer with the same key")
            end += len(line)
        self._stream.seek(0, os.SEEK_END)

    def __enter__(self) -> Journal:
        """Return the journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file, which unlocks it."""
        self._stream.close()

    def _key(self, model: str, request: Request) -> str:
        own = request.constraint
        constraint = own and [own.pieces, own.choices]
        content = json.dumps([model, request.prompt, request.prior, constraint])
        return hashlib.sha256((self._settings + content).encode()).hexdigest()[:32]

    def get(self, model: str, request: Request) -> Answer | None:
        """Return the answer of a model (by what identifies it) to a request, if it is known."""
        key = self._key(model, request)
        answer = self._entries.get(key)
        if answer and key in self._lines:
            self._check(self._lines[key], request, answer)
        return answer

    def _check(self, number: int, request: Request, answer: Answer) -> None:
        """Check that what a line says can be the answer to a request.

        Raises:
            InputError: It cannot.
        """
        if self._tokens and (beyond := [token for token in answer.new_ids if token >= self._tokens]):
            raise self._impossible(number, f"the model has {self._tokens} tokens, so none has the id {beyond[0]}")
        length = len(request.prior) + len(answer.new_ids)
        if self._limit and (length > self._limit or (answer.stop == "length" and length < self._limit)):
            raise self._impossible(
                number, f"an answer of {length} tokens with its prior, where the limit is {self._limit}, and the line "
                f"says that it ended by {answer.stop}"
            )  # fmt: skip

    def _impossible(self, number: int, why: str) -> InputError:
        """Return the error of a line that no answer can have written."""
        return InputError(f"{self._path}, line {number}: cannot be an answer: {why}. {_REMOVE}")

    def add(self, model: str, request: Request, answer: Answer) -> None:
        """Append an answer; once this returns, killing the process does not lose it."""
        key = self._key(model, request)
        self._entries[key] = answer
        self._stream.write(json.dumps({"key": key, "new_ids": answer.new_ids, "stop": answer.stop}).encode() + b"\n")
        self._stream.flush()
