"""Downloads over HTTP: tried again after a pause, gone on with where they broke off, no web page taken for a file."""

from __future__ import annotations

import http.client
import logging
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from prefixyarn.errors import InputError, first_line
from prefixyarn.progress import Progress

CHUNK = 2**20  # bytes read at a time
TIMEOUT = 60  # seconds without a byte
PAUSES = (2, 5, 15)  # seconds before the second, third and fourth try
HEAD = 1024  # bytes of a file that show whether it is a web page
BUSY = (408, 425, 429, 500, 502, 503, 504)  # what servers answer that may answer otherwise a little later

Result = TypeVar("Result")


class TryAgain(Exception):
    """Something over the network failed that may work a little later."""


def patiently(what: str, attempt: Callable[[], Result]) -> Result:
    """Return what an attempt returns; where it raises `TryAgain`, it is made again after each of the `PAUSES`.

    Args:
        what: What is fetched, for the log.
        attempt: The attempt.

    Raises:
        TryAgain: The last attempt failed, too.
    """
    for pause in PAUSES:
        try:
            return attempt()
        except TryAgain as error:
            logging.info("%s: %s; trying again in %d s", what, error, pause)
            time.sleep(pause)
    return attempt()


def download(address: str, target: Path) -> None:
    """Download a file.

    It comes to a temporary name beside ``target``, which is renamed when it is whole. What has come of it when a try
    fails stays, and the next one, of this run or of a later one, asks for the rest: if the server names versions of its
    files (ETag, RFC 9110 section 13.1.5), so that parts of two versions are never put together.

    Raises:
        InputError: The server cannot be reached or breaks off again and again, or a web page comes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        patiently(address, lambda: _attempt(address, part))
    except (TryAgain, OSError, ValueError) as error:
        if not _version(part).exists():
            part.unlink(missing_ok=True)  # it cannot be gone on with
        raise InputError(
            f"{address}: could not be downloaded ({first_line(error)}). Check the network and run again, or put the "
            "files into a folder by hand and name it in data.mirror (docs/data.md has the layout)."
        ) from error
    _refuse_page(address, part)
    os.replace(part, target)
    _version(part).unlink(missing_ok=True)


def _version(part: Path) -> Path:
    """Return the file that has the version of what has come so far."""
    return part.with_name(f"{part.name}.etag")


def _attempt(address: str, part: Path) -> None:
    """Try once to get a file, or what is missing of it."""
    request, have = urllib.request.Request(address), 0
    if part.exists() and _version(part).exists():
        have = part.stat().st_size
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", _version(part).read_text(encoding="utf-8"))
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
            resumed = answer.status == 206 and found is not None and int(found[1]) == have
            etag = answer.headers.get("ETag", "")
            if not resumed:
                have = 0
                _version(part).unlink(missing_ok=True)
            if etag and not etag.startswith("W/"):
                _version(part).write_text(etag, encoding="utf-8")
            left = answer.headers.get("Content-Length")
            size = have + int(left) if left else 0
            name = urllib.parse.urlsplit(address).path.rpartition("/")[2]
            progress = Progress(f"download {name}", max(1, (size - have) // CHUNK), "MB")
            with open(part, "ab" if resumed else "wb") as stream:
                while chunk := answer.read(CHUNK):
                    stream.write(chunk)
                    progress(len(chunk) // CHUNK)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left of it, or it has become another
            part.unlink()
            raise TryAgain("the server cannot go on where it broke off") from error
        if error.code in BUSY:
            raise TryAgain(f"the server answers {error.code} {error.reason}") from error
        raise
    except http.client.IncompleteRead as error:
        with open(part, "ab") as stream:
            stream.write(error.partial)
        raise TryAgain("the answer was cut off") from error
    except http.client.HTTPException as error:
        raise TryAgain(f"the server does not answer in HTTP: {first_line(error)!r}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise TryAgain(first_line(error)) from error
    if size and part.stat().st_size != size:
        raise TryAgain(f"{part.stat().st_size} of {size} bytes came")


def _refuse_page(address: str, part: Path) -> None:
    """Refuse a page or a message in the place of a file: networks that want a log-in send one, with status 200."""
    with open(part, "rb") as stream:
        head = stream.read(HEAD)
    if not re.match(rb"(\xef\xbb\xbf)?\s*(<!doctype|<html|<head|<\?xml|\{\s*[\"}])", head, re.I):
        return
    part.unlink()
    _version(part).unlink(missing_ok=True)
    title = re.search(rb"<title>\s*([^<]{1,80})", head, re.I)
    named = f", {title[1].decode('utf-8', 'replace').strip()!r}" if title else ""
    raise InputError(
        f"{address}: a web page or a message came{named}, not the file. Does this network ask for a log-in "
        "(open the address in a browser), or has the file moved (data.addresses)? Then run again."
    )
