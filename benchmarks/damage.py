"""The right files of `entry_points.py`, and the damage that `bad_inputs.py` does to them."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file, save_file

import tiny

Change = Callable[[Path], object]  # of the folder with the files
NEWS = "crosssum/english-chinese_simplified_train.jsonl"
WEIGHTS = "model/model.safetensors"


def right_files(folder: Path, model_folder: Path) -> None:
    """Write right input of every kind into a folder."""
    texts = tiny.parallel(11, 90)
    for path, own in (("eng", 0), ("deu", 1)):
        file = folder / f"flores101_dataset/dev/{path}.dev"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(text[own] for text in texts) + "\n", encoding="utf-8")
    (folder / "muse").mkdir()
    (folder / "muse/en-de.txt").write_text("harbour Hafen\nship Schiff\ncoffee Café\n", encoding="utf-8")
    tiny.treebank(folder / "treebanks", {"train": 80, "dev": 12, "test": 12})
    tiny.crosssum(folder / "crosssum", {"train": 80, "val": 5, "test": 5})
    files = {"some_package/locale/de/LC_MESSAGES/django.mo": tiny.catalogue({e: g for e, g, _ in texts})}
    _, checksum = tiny.wheel(folder / "index", "some-package", "1.0", files)
    shutil.copy(folder / "index/some_package-1.0-py3-none-any.whl", folder / "some.whl")
    (folder / "wanted.json").write_text(json.dumps({"sha256": checksum}))
    items = [{"id": str(n), "source": e, "target": g, "meta": {}} for n, (e, g, _) in enumerate(texts[:3])]
    lines = [json.dumps({"subset": "en-de", **item}, ensure_ascii=False) for item in items]
    (folder / "test.jsonl").write_text("\n".join(json.dumps(item) for item in items) + "\n")
    (folder / "by_subset.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "choice.json").write_text('{"chosen": "plain"}\n')
    (folder / "en-de.tsv").write_text("file\tDatei\t1.0000\n")
    (folder / "en.txt").write_text("Package: a\nDescription-md5: 1\nDescription-en: synopsis\n A café.\n")
    shutil.copytree(model_folder, folder / "model")


def write(name: str, content: str | bytes) -> tuple[Change]:
    """Return a change: the file has this content."""

    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return (change,)


def edit(name: str, to: Callable[[bytes], bytes]) -> tuple[Change]:
    """Return a change: what a function makes of the file."""

    def change(folder: Path) -> None:
        content = to((folder / name).read_bytes())
        (folder / name).unlink()  # it may be a link
        (folder / name).write_bytes(content)

    return (change,)


def cut(name: str, by: int) -> tuple[Change]:
    """Return a change: the file lacks so many of its last bytes."""
    return edit(name, lambda content: content[:-by])


def swap(name: str, old: str, new: str, count: int = 1) -> tuple[Change]:
    """Return a change: other text in the file, at the first place."""
    return edit(name, lambda content: content.replace(old.encode(), new.encode("utf-8", "surrogatepass"), count))


def gone(name: str) -> tuple[Change]:
    """Return a change: there is no such file."""
    return (lambda folder: (folder / name).unlink(),)


def keys(name: str, **values: object) -> tuple[Change]:
    """Return a change: other values in a JSON file."""
    return edit(name, lambda content: json.dumps({**json.loads(content), **values}).encode())


def bom(name: str) -> tuple[Change]:
    """Return a change: the file begins with U+FEFF."""
    return edit(name, lambda content: b"\xef\xbb\xbf" + content)


def crlf(name: str) -> tuple[Change]:
    """Return a change: lines end as on Windows."""
    return edit(name, lambda content: content.replace(b"\n", b"\r\n"))


def utf16(name: str) -> tuple[Change]:
    """Return a change: UTF-16 instead of UTF-8."""
    return edit(name, lambda content: content.decode().encode("utf-16"))


def nfd(name: str) -> tuple[Change]:
    """Return a change: letters and their accents apart, as some file systems and editors have them."""
    return edit(name, lambda content: unicodedata.normalize("NFD", content.decode()).encode())


def packed(inside: bytes) -> tuple[Change]:
    """Return a change: a package whose German catalogue has this content."""

    def change(folder: Path) -> None:
        with zipfile.ZipFile(folder / "some.whl", "w") as archive:
            archive.writestr("some_package/locale/de/LC_MESSAGES/django.mo", inside)

    return (change,)


def header(old: bytes, new: bytes) -> tuple[Change]:
    """Return a change: in the catalogue's header a value of the same length."""

    def change(folder: Path) -> None:
        with zipfile.ZipFile(folder / "some.whl") as archive:
            content = archive.read("some_package/locale/de/LC_MESSAGES/django.mo")
        at = content.index(old)
        packed(content[:at] + new + content[at + len(new) :])[0](folder)

    return (change,)


def mine(text: str | bytes) -> tuple[Change]:
    """Return a change: the configuration."""
    return write("mine.yaml", text)


def of_translation(text: str) -> tuple[Change]:
    """Return a change: a configuration with these keys of translation."""
    return mine(f"run: mine\ntranslation:\n  {text}\n")


def archived(folder: Path) -> None:
    """Have CrossSum's file cut short in an archive instead."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:bz2") as tar:
        tar.add(folder / NEWS, Path(NEWS).name)
    (folder / NEWS).unlink()
    content = stream.getvalue()
    (folder / "crosssum/english-chinese_simplified_CrossSum.tar.bz2").write_bytes(content[: len(content) // 2])


def shards(folder: Path) -> None:
    """Have an index name two files, of which one is not there."""
    (folder / WEIGHTS).rename(folder / "model/model-00001-of-00002.safetensors")
    names = {
        "lm_head.weight": "model-00002-of-00002.safetensors",
        "model.norm.weight": "model-00001-of-00002.safetensors",
    }
    (folder / "model/model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))


def without_head(folder: Path) -> None:
    """Leave out a tensor that is not tied to another."""
    tensors = load_file(folder / WEIGHTS)
    del tensors["lm_head.weight"]
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})


def not_numbers(folder: Path) -> None:
    """Have weights that are no numbers, as a training that went wrong leaves them."""
    tensors = load_file(folder / WEIGHTS)
    save_file({name: own * float("nan") for name, own in tensors.items()}, folder / WEIGHTS, {"format": "pt"})


def fewer_rows(folder: Path) -> None:
    """Have a model with fewer embeddings than its tokenizer has tokens."""
    tiny.gemma(300).save_pretrained(folder / "model")


def without(*names: str) -> tuple[Change, ...]:
    """Return changes: the model lacks these files."""
    return tuple(gone(f"model/{name}")[0] for name in names)


def empty_folder(folder: Path) -> None:
    """Have a folder without a model."""
    for file in (folder / "model").iterdir():
        file.unlink()


def weights_twice(folder: Path) -> None:
    """Have the weights in a second file, as some models are published, which no index names."""
    shutil.copy(folder / WEIGHTS, folder / "model/consolidated.safetensors")


def slow_tokenizer(folder: Path) -> None:
    """Have a tokenizer of a class that is written in Python alone."""
    (folder / "model/tokenizer.json").unlink()
    (folder / "model/vocab.json").write_text("{}")
    (folder / "model/merges.txt").write_text("#version\n")
    keys("model/tokenizer_config.json", tokenizer_class="CTRLTokenizer")[0](folder)


def no_pip(folder: Path) -> None:
    """Have a Python that says, as it does where there is no pip, that there is none."""
    (folder / "none").mkdir()
    (folder / "none/pip.py").write_text("import sys\nsys.exit('No module named pip')\n")
    (folder / "wanted.json").write_text(json.dumps({"environment": {"PYTHONPATH": str(folder / "none")}}))
