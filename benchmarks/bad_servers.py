"""A server on this machine that answers downloads badly, each address in its own way, for `bad_inputs.py`."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = b"<html><head><title>Log in</title></head><body>Accept the terms of this network.</body></html>\n"
WORDS = b"harbour Hafen\n" * 20
COMMIT = "c" * 40


def archive(name: str) -> bytes:
    """Return a tar archive with one file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(WORDS)
        tar.addfile(member, io.BytesIO(WORDS))
    return stream.getvalue()


FLORES = archive("flores101_dataset/dev/eng.dev")
# By the first part of an address: status, headers beside the length, content.
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "page": (200, {"Content-Type": "text/html"}, PAGE),
    "missing": (404, {}, b"not here"),
    "broken": (500, {}, b"sorry"),
    "empty": (200, {}, b""),
    "loop": (302, {"Location": "/loop/en-de.txt"}, b""),
    "latin": (200, {}, "harbour Häfen\n".encode("latin-1")),
    "half-archive": (200, {}, FLORES[: len(FLORES) // 2]),
    "other-archive": (200, {}, archive("other.txt")),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        first = self.path.split("/")[1]
        self.close_connection = True
        if first == "status":  # no status line at all
            self.wfile.write(b"hello\r\n\r\n")
        elif first == "cut":  # in the middle of a chunk
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"1000\r\n" + WORDS)
        elif first == "short":  # less than was promised
            self._answer(200, {"Content-Length": "9999"}, WORDS)
        elif first == "silent":  # nothing at all
            return
        elif first == "api":
            self._hub()
        else:
            self._answer(*ANSWERS.get(first, ANSWERS["missing"]))

    def _hub(self) -> None:
        """Answer as a hub does, for repositories whose names say what is wrong with them."""
        for name, files in {
            "me/pickled": ["config.json", "pytorch_model.bin"],
            "me/cut": ["model.safetensors"],
        }.items():
            if f"/{name}/revision/" in self.path:
                siblings = [{"rfilename": file} for file in files]
                self._json({"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings})
                return
            if f"/{name}/tree/" in self.path:
                self._json([{"type": "file", "path": file, "size": 9999, "oid": "0" * 40} for file in files])
                return
            if f"/{name}/discussions" in self.path:
                self._json({"discussions": [], "count": 0, "start": 0})
                return
        if "/me/gated/" in self.path:
            self._answer(403, {"X-Error-Code": "GatedRepo"}, b"")
        elif "/me/page/" in self.path:
            self._answer(*ANSWERS["page"])
        else:
            self._answer(404, {"X-Error-Code": "RepoNotFound"}, b"")

    def _json(self, value: Any) -> None:
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        # Said, as a connection that is closed unsaid makes clients fail that keep it for their next request.
        for key, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve() -> Iterator[str]:
    """Serve for a while; yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
