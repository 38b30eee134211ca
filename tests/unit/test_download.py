"""Servers and networks that fail: what breaks off is gone on with, what is no file is refused, nothing is recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from prefixyarn.data import download
from prefixyarn.data.distributions import fetch
from prefixyarn.errors import InputError

LETTERS = "abcdefgh"
DICTIONARY = "".join(f"word{a}{b}{c} Wort{a}{b}{c}\n" for a, b, c in product(LETTERS, repeat=3)).encode()
PAGE = b"<html><head><title>Log in</title></head><body>Accept the terms of this network.</body></html>\n"


class Handler(BaseHTTPRequestHandler):
    """Answers as the first part of the path says; counts tries, and the bytes that were asked for."""

    protocol_version = "HTTP/1.1"
    tries: list[str | None]

    def do_GET(self) -> None:
        self.tries.append(self.headers.get("Range"))
        how, first = self.path.split("/")[1], len(self.tries) == 1
        self.close_connection = True
        if how == "nostatus":
            self.wfile.write(b"hello\r\n\r\n")
        elif how == "reset" and first:
            self.connection.shutdown(2)
        elif how == "busy" and first:
            self._answer(503, b"later")
        elif how in ("gone", "forbidden"):
            self._answer(404 if how == "gone" else 403, b"no")
        elif how == "page":
            self._answer(200, PAGE)
        elif how == "message":
            self._answer(200, b'{"error": "quota"}\n')
        elif how == "latin":
            self._answer(200, b"caf\xe9 Kaffee\n")
        elif how == "empty":
            self._answer(200, b"")
        elif how == "chunks" and (first or "always" in self.path):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"1000\r\n" + DICTIONARY[:300])
        elif how in ("half", "changed"):
            # A server that goes on where it broke off, if the file is still the same.
            etag = '"2"' if how == "changed" and not first else '"1"'
            begin = int((self.headers["Range"] or "bytes=0-")[6:-1]) if self.headers["If-Range"] == etag else 0
            rest = DICTIONARY[begin:]
            extra = {"ETag": etag}
            if begin:
                extra["Content-Range"] = f"bytes {begin}-{len(DICTIONARY) - 1}/{len(DICTIONARY)}"
            self._answer(206 if begin else 200, rest, cut=len(rest) - 1000 if first else 0, **extra)
        else:
            self._answer(200, DICTIONARY)

    def _answer(self, status: int, body: bytes, cut: int = 0, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body[: len(body) - cut])

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(download, "PAUSES", (0, 0))
    Handler.tries = []
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


def get(server: str, how: str, folder: Path) -> bytes:
    fetch(f"{server}/{how}/en-de.txt", ["muse/en-de.txt"], folder / "official", folder / "lock.json")
    return (folder / "official/muse/en-de.txt").read_bytes()


@pytest.mark.parametrize("how", ["fine", "reset", "busy", "chunks"])
def test_a_failure_that_passes_is_waited_for(server: str, tmp_path: Path, how: str) -> None:
    assert get(server, how, tmp_path) == DICTIONARY
    assert Handler.tries == [None] * (1 if how == "fine" else 2)
    assert "muse/en-de.txt" in (tmp_path / "lock.json").read_text()


@pytest.mark.parametrize(("how", "tries"), [("half", [None, "bytes=1000-"]), ("changed", [None, "bytes=1000-"])])
def test_what_breaks_off_is_gone_on_with_if_it_is_still_the_same(
    server: str, tmp_path: Path, how: str, tries: list[str]
) -> None:
    assert get(server, how, tmp_path) == DICTIONARY
    assert Handler.tries == tries
    assert sorted(p.name for p in (tmp_path / "official").iterdir()) == [".fetching", "muse"]


def test_a_later_run_goes_on(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "patiently", lambda what, attempt: attempt())
    with pytest.raises(InputError, match="1000 of .* bytes came"):
        get(server, "half", tmp_path)
    assert get(server, "half", tmp_path) == DICTIONARY
    assert Handler.tries == [None, "bytes=1000-"]


@pytest.mark.parametrize(
    ("how", "message", "tries"),
    [
        ("nostatus", r"could not be downloaded \(the server does not answer in HTTP: 'hello.*Check the network", 3),
        ("chunks/always", r"could not be downloaded \(the answer was cut off\). Check the network", 3),
        ("gone", r"could not be downloaded \(HTTP Error 404: Not Found\)", 1),
        ("forbidden", r"could not be downloaded \(HTTP Error 403: Forbidden\)", 1),
        ("page", r"a web page or a message came, 'Log in', not the file. Does this network ask for a log-in", 1),
        ("message", r"a web page or a message came, not the file", 1),
        ("latin", r"what came is not what it should be. muse/en-de.txt, line 1: not UTF-8", 1),
        ("empty", r"what came is not what it should be. muse/en-de.txt: the dictionary is empty", 1),
    ],
)
def test_what_is_no_file_is_refused_in_one_line_and_not_recorded(
    server: str, tmp_path: Path, how: str, message: str, tries: int
) -> None:
    with pytest.raises(InputError, match=message) as found:
        get(server, how, tmp_path)
    assert "\n" not in str(found.value) and f"{server}/{how}" in str(found.value)
    assert len(Handler.tries) == tries
    assert not (tmp_path / "lock.json").exists()
    assert [p.name for p in (tmp_path / "official").iterdir()] == [".fetching"], "nothing is left of it"


def test_a_server_that_is_not_there(server: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"could not be downloaded \(.*refused.*\). Check the network"):
        get("http://127.0.0.1:9", "x", tmp_path)
