"""FLORES-101, and files of official distributions: layouts, downloads, the lock file."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from prefixyarn.data import download
from prefixyarn.data.distributions import fetch
from prefixyarn.data.lock import check_files, record_revision, revision
from prefixyarn.data.official import flores_file, muse_files, treebank_files
from prefixyarn.data.splits import Parallel
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.tasks.translation.flores import flores_splits, read_flores

MIRROR = Path(__file__).parents[3] / "shared/data/mirror"
EN_DE = [Direction("en", "de")]


def lines(n: int) -> list[Parallel]:
    """Return sentences that are not alike."""
    names = ["alder", "birch", "cedar", "elm", "fir", "hazel", "juniper", "larch", "maple", "oak", "pine", "rowan"]
    made = []
    for i in range(n):
        text = f"{names[i % 12]} {names[i // 12 % 12]} {i * 7919 % 10007} {names[i * 5 % 11]} {i * i}"
        made.append(Parallel("flores", {"en": text, "de": text[::-1]}, {"en": text, "de": text[::-1]}))
    return made


def written(folder: Path, texts: dict[str, str | bytes], split: str = "dev") -> Path:
    for code, text in texts.items():
        path = folder / flores_file(code, split)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_names_of_the_official_layouts() -> None:
    assert flores_file("zh", "dev") == "flores101_dataset/dev/zho_simpl.dev"
    assert flores_file("ar", "devtest") == "flores101_dataset/devtest/ara.devtest"
    assert flores_file("uk", "dev") == "flores101_dataset/dev/ukr.dev"
    assert muse_files("en-de") == ["muse/en-de.txt"] and muse_files("de-en") == ["muse/de-en.txt"]
    assert muse_files("zh-pt") == ["muse/zh-en.txt", "muse/en-pt.txt"]
    assert treebank_files("de")[1] == "ud-treebanks-v2.5/UD_German-GSD/de_gsd-ud-dev.conllu"


def test_lines_are_aligned(tmp_path: Path) -> None:
    # A line separator of Unicode within a sentence, as FLORES has some, ends no line.
    folder = written(tmp_path, {"en": "One.\nTwo\u2028 and more.\n", "de": "Eins.\nZwei.\n"})
    found = read_flores(folder, "dev", ["en", "de"])
    assert [s.texts for s in found] == [{"One.", "Eins."}, {"Two\u2028 and more.", "Zwei."}]


def test_byte_order_marks_and_other_line_ends(tmp_path: Path) -> None:
    folder = written(tmp_path, {"en": "\ufeffOne.\r\nTw\ufeffo.\r\n", "de": "Eins.\rZwei."})
    assert [s.texts for s in read_flores(folder, "dev", ["en", "de"])] == [{"One.", "Eins."}, {"Two.", "Zwei."}]


@pytest.mark.parametrize(
    ("german", "message"),
    [
        ("Eins.\n", "deu.dev: 1 lines, but .*eng.dev has 2"),
        ("Eins.\n\n", "deu.dev, line 2: empty"),
        ("Eins.\n\u200b\u200f\n", "deu.dev, line 2: empty"),
        ("Eins.\n\u3164\n", "deu.dev, line 2: empty"),
        ("two.\nOne.\n", "deu.dev: most lines are those of English"),
        ("1\n2\n", "deu.dev: most of its letters are not"),
        ("One.\nTwo.\n", "deu.dev: most lines are those of English"),
        ("Слово.\nИ ещё одно.\n", "deu.dev: most of its letters are not of German's script"),
        ("Das T\u00c3\u00b6r.\nDie T\u00c3\u00bcr.\n", "deu.dev: most lines were decoded wrongly once"),
        (b"Eins.\n\xff\n", "deu.dev, line 2: not UTF-8"),
        ("Scho\u0308n.\nZwei.\n", r"deu.dev: its letters and their accents are apart \(NFD\)"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, german: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_flores(written(tmp_path, {"en": "One.\nTwo.\n", "de": german}), "dev", ["en", "de"])


def test_a_few_accents_apart_are_kept_as_they_are(tmp_path: Path) -> None:
    """Yoruba's official file has some: its scores are to be like others'."""
    yoruba = "\u1eb9\u0301y\u00e0 ni\u0301.\n\u00e0w\u1ecdn.\n\u00f2.\n"
    folder = written(tmp_path, {"en": "One.\nTwo.\nThree.\n", "yo": yoruba})
    assert [s.targets["yo"] for s in read_flores(folder, "dev", ["en", "yo"])] == yoruba.splitlines()


def test_without_devtest_blocks_of_dev_are_apart() -> None:
    own = lines(100)
    splits, note = flores_splits(own, [], EN_DE, {"dev": 8, "test": 12}, gap=5)
    assert splits.test == own[88:] and splits.dev == own[75:83] and splits.train == own[:70]
    assert "FLORES-101 dev alone" in note and "5 lines dropped" in note


def test_with_devtest_dev_trains() -> None:
    own, devtest = lines(160)[:100], lines(160)[100:]
    splits, note = flores_splits(own, devtest, EN_DE, {"dev": 8, "test": 12}, gap=5)
    assert splits.test == devtest[:12] and splits.dev == own[92:] and splits.train == own[:87]
    assert "devtest's first lines" in note


def test_near_copies_of_held_out_lines_are_not_trained_on() -> None:
    own = lines(100)
    near = own[95].english + "!"
    own[3] = Parallel("flores", {"en": near, "de": "x"}, {"en": near, "de": "x"})
    splits, _ = flores_splits(own, [], EN_DE, {"dev": 8, "test": 12}, gap=5)
    assert splits.dropped == 1 and own[3] not in splits.train and own[95] in splits.test


def test_too_few_lines() -> None:
    with pytest.raises(InputError, match="12 test and 8 dev sentences leave none of FLORES's 20 dev lines"):
        flores_splits(lines(20), [], EN_DE, {"dev": 8, "test": 12}, gap=5)


def test_the_lock_file_pins_what_it_has_and_records_the_rest(tmp_path: Path) -> None:
    lock, one, two = tmp_path / "data.lock.json", tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    check_files(lock, {"muse/one.txt": one})
    known = lock.read_bytes()
    check_files(lock, {"muse/one.txt": one})
    assert lock.read_bytes() == known
    one.write_text("altered")
    with pytest.raises(InputError, match=r"one: its SHA-256 is .* but .*data.lock.json has .* for muse/one.txt"):
        check_files(lock, {"muse/one.txt": one, "muse/two.txt": two})
    assert lock.read_bytes() == known, "nothing is recorded beside a file that is wrong"
    with pytest.raises(InputError, match="three: no such file"):
        check_files(lock, {"muse/three.txt": tmp_path / "three"})
    record_revision(lock, "owner/name@main", "abc")
    assert revision(lock, "owner/name@main") == "abc" and revision(lock, "owner/name@dev") is None
    assert json.loads(lock.read_text())["files"].keys() == {"muse/one.txt"}


@pytest.mark.parametrize(
    "text", ["[]", '{"files": ["muse/one.txt"]}', '{"files": {"muse/one.txt": 1}}', '{"revisions": null}']
)
def test_a_lock_file_of_another_form_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    lock, one = tmp_path / "data.lock.json", tmp_path / "one"
    one.write_text("1")
    lock.write_text(text)
    for use in (
        lambda: check_files(lock, {"muse/one.txt": one}),
        lambda: revision(lock, "owner/name@main"),
        lambda: record_revision(lock, "owner/name@main", "abc"),
    ):
        with pytest.raises(InputError, match=r"data\.lock\.json: not a lock file: expected .* Restore it"):
            use()
    assert lock.read_text() == text


class Server:
    """Serves bytes by path and counts requests."""

    def __init__(self, files: dict[str, bytes], cut: int = 0) -> None:
        served: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.append(self.path)
                body = files.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write((body or b"")[: len(body or b"") - cut])

            def log_message(self, *args: Any) -> None:
                pass

        self.served, self.server = served, HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Server:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def archive(files: dict[str, str], link: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        if link:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(member)
    return stream.getvalue()


def test_downloads_are_checked_and_then_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSES", (0,))
    folder, lock = tmp_path / "official", tmp_path / "lock.json"
    with Server({"/en-de.txt": b"cat Katze\n"}) as server:
        address = f"{server.address}/en-de.txt"
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: fetch(address, ["muse/en-de.txt"], folder, lock), range(4)))
        assert server.served == ["/en-de.txt"], "four at once fetch it once"
        assert (folder / "muse/en-de.txt").read_text() == "cat Katze\n"
        (folder / "muse/en-de.txt").unlink()
        lock.write_text(json.dumps({"files": {"muse/en-de.txt": "0" * 64}}))
        with pytest.raises(InputError, match="muse/en-de.txt: its SHA-256 is"):
            fetch(address, ["muse/en-de.txt"], folder, lock)
        with pytest.raises(InputError, match=r"/nothing.txt: could not be downloaded .*data.mirror"):
            fetch(f"{server.address}/nothing.txt", ["muse/nothing.txt"], folder, lock)
    with (
        Server({"/en-de.txt": b"cat Katze\n"}, cut=3) as server,
        pytest.raises(InputError, match=r"7 of 10 bytes|could not"),
    ):
        fetch(f"{server.address}/en-de.txt", ["muse/en-de.txt"], folder, tmp_path / "other.json")
    assert not [path for path in folder.rglob("*") if path.is_file() and path.name != ".fetching"]


def test_nothing_is_unpacked_elsewhere(tmp_path: Path) -> None:
    folder, lock = tmp_path / "official", tmp_path / "lock.json"
    name = "flores101_dataset/dev/eng.dev"
    files = {"./" + name: "One.\n", "../evil.txt": "evil", "/tmp/prefixyarn-evil.txt": "evil"}
    with Server(
        {"/a.tar.gz": archive(files), "/b.tar.gz": archive({}, link=name), "/c.tar.gz": b"no archive"}
    ) as server:
        fetch(f"{server.address}/a.tar.gz", [name], folder, lock)
        assert (folder / name).read_text() == "One.\n"
        assert not (tmp_path / "evil.txt").exists() and not Path("/tmp/prefixyarn-evil.txt").exists()
        (folder / name).unlink()
        with pytest.raises(InputError, match=f"has no {name}"):  # a link is no file
            fetch(f"{server.address}/b.tar.gz", [name], folder, lock)
        with pytest.raises(InputError, match="not a tar archive"):
            fetch(f"{server.address}/c.tar.gz", [name], folder, lock)
    assert not (folder / name).exists()


@pytest.mark.mirror
def test_the_real_files_are_those_of_the_lock_file() -> None:
    lock = Path(__file__).parents[2] / "config/data.lock.json"
    recorded = json.loads(lock.read_text())["files"]
    known = [name for name in recorded if not name.startswith("debian/")]  # packages are no published data
    assert len(known) >= 34
    check_files(lock, {name: MIRROR / name for name in known})
    codes = ["en", "de", "fr", "zh", "pt", "uk", "ru", "ar", "sw", "yo"]
    found = read_flores(MIRROR, "dev", codes)
    assert len(found) == 997 and all(set(codes) == set(s.sources) for s in found)
    directions = [Direction("en", code) for code in codes[1:]]
    splits, _ = flores_splits(found, [], directions, {"dev": 32, "test": 32})
    assert len(splits.test) == 32 and len(splits.train) > 900


def test_a_file_of_another_language_is_refused(tmp_path: Path) -> None:
    french = ["Le chat est dans la maison de la voisine.", "Il y a une lettre pour vous sur la table."] * 8
    english = [f"Sentence {n} is about a cat." for n in range(16)]
    folder = written(tmp_path, {"en": "\n".join(english), "de": "\n".join(french)})
    with pytest.raises(InputError, match=r"deu\.dev: its text is French, not German"):
        read_flores(folder, "dev", ["en", "de"])


def test_a_line_again_and_again_is_no_file_of_sentences(tmp_path: Path) -> None:
    folder = written(tmp_path, {"en": "One cat.\nTwo cats.\nFive cats.\n", "de": "Eine Katze.\n" * 3})
    with pytest.raises(InputError, match=r"deu\.dev: most lines are repeated ones"):
        read_flores(folder, "dev", ["en", "de"])
