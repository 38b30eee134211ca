"""A model folder's weights before any are loaded: which files hold them, and how many parameters they have."""

from __future__ import annotations

import math
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open

from prefixyarn.errors import InputError, first_line
from prefixyarn.git_lfs import check_files_brought
from prefixyarn.records import read_json

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"  # the names that transformers reads
ADAPTER, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
OTHERS = ("*.h5", "*.msgpack", "*.onnx", "*.gguf", "*.safetensors")  # where weights lie that are read from elsewhere
FLOATS = {"F64", "F32", "F16", "BF16"}


def weight_names(folder: str | os.PathLike[str]) -> list[str]:
    """Return the names of the files that a folder's weights are, or will be, read from; see `weight_files`.

    Raises:
        InputError: The index is none.
    """
    return sorted({*_listed(Path(folder)).values()}) or [WHOLE]


def _listed(folder: Path) -> dict[str, str]:
    """Return the file of each tensor, by a folder's index; nothing where all are in one file."""
    path = folder / INDEX
    if (folder / WHOLE).exists() or not path.exists():
        return {}
    try:
        index = read_json(path)
        listed = {str(name): str(file) for name, file in index["weight_map"].items()}
        if not listed or not isinstance(index["metadata"], dict):  # transformers wants the latter
            raise ValueError("it is empty")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: no list of weights ({first_line(error)}). Fetch or copy it again.") from error
    if elsewhere := sorted({file for file in listed.values() if Path(file).name != file}):
        raise InputError(f"{path}: names {elsewhere[0]}, and parts must lie beside it. Put them there, and mend it.")
    return listed


def weight_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the files that a folder's weights are read from: ``model.safetensors``, or the shards of its index.

    Others may lie beside them, such as Mistral's ``consolidated.safetensors``, the same weights under other names.

    Raises:
        InputError: There are none, a shard is missing or not that of its index, a file is damaged or holds quantised
            weights, or an adapter lies beside them; or files are pointers of git-lfs.
    """
    folder = Path(folder)
    check_files_brought(folder)
    listed = _listed(folder)
    files = [folder / name for name in sorted({*listed.values()}) or [WHOLE]]
    if missing := [path.name for path in files if not path.exists()]:
        if missing == [WHOLE]:
            raise InputError(_none(folder))
        raise InputError(
            f"{folder / INDEX}: names {', '.join(missing)}, which is missing. Fetch or copy all parts again."
        )
    if (folder / ADAPTER).exists():  # with it transformers loads another model
        raise InputError(
            f"{folder}: a whole model, and an adapter ({ADAPTER}). Take the adapter's files out to use the model "
            "alone; to use both, merge them with peft's merge_and_unload() and save that with save_pretrained()."
        )
    for path in files:
        try:
            with safe_open(path, "numpy") as file:
                kinds = {name: str(file.get_slice(name).get_dtype()) for name in file.keys()}  # noqa: SIM118 - no mapping
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path}: damaged or cut short ({error}). Fetch or copy it again.") from error
        if gone := {name for name, own in listed.items() if own == path.name} - {*kinds}:
            raise InputError(f"{path}: lacks {min(gone)}, which the index says it has. Fetch or copy all parts again.")
        if others := sorted(name for name, own in kinds.items() if own not in FLOATS and name.endswith("weight")):
            raise InputError(
                f"{path}: {others[0]} is {kinds[others[0]]}, and floats of 16 bits or more are read ({len(others)} "
                "such tensors). Give the model from which this one was made."
            )
    return files


def unread(folder: str | os.PathLike[str]) -> set[Path]:
    """Return the files of a folder that hold weights, and are not read: pickles, and the same weights once more.

    Raises:
        InputError: As `weight_files`.
    """
    folder = Path(folder)
    read = set() if gguf_file(folder) else {*weight_files(folder)}
    return {path for end in (*PICKLES, *OTHERS) for path in folder.glob(end)} - read


def gguf_file(folder: str | os.PathLike[str]) -> Path | None:
    """Return a folder's GGUF file, which stands before other files; None where there is none.

    Raises:
        InputError: There are several, or files are pointers of git-lfs.
    """
    check_files_brought(folder)
    files = sorted(Path(folder).glob("*.gguf"))
    if len(files) > 1:
        raise InputError(
            f"{folder}: {len(files)} GGUF files ({files[0].name}, {files[1].name}{', …' * (len(files) > 2)}). Give a "
            "folder with the one that is meant; parts of one are put together with llama.cpp's gguf-split --merge."
        )
    return files[0] if files else None


def where_it_lies(folder: Path) -> str:
    """Return what to give in the place of a folder that has no whole model, but holds one; empty for others."""
    if any(path.name != ADAPTER_WEIGHTS for end in ("*.safetensors", "*.gguf") for path in folder.glob(end)):
        return ""
    if (folder / ADAPTER).exists():
        return (
            f"an adapter ({ADAPTER}) without its model. Merge the two with peft's merge_and_unload() and save that "
            "with save_pretrained()."
        )
    if below := sorted(path for path in folder.glob("snapshots/*") if path.is_dir()):
        return f"a folder of the hub's cache. Give the model within it: {below[-1]}"
    if below := [path for path in folder.glob("checkpoint-*") if path.is_dir()]:
        last = max(below, key=lambda path: (len(path.name), path.name))
        return f"a training's folder, with {len(below)} checkpoints. Give the one that is meant, such as {last}"
    return ""


def _none(folder: Path) -> str:
    """Return what to say of a folder without weights that are read."""
    if found := where_it_lies(folder):
        return f"{folder}: {found}"
    other = [path.name for path in folder.glob("*.safetensors")]
    if other:
        return (
            f"{folder}: no *.safetensors file of a whole model ({WHOLE}, or parts that {INDEX} names), only "
            f"{', '.join(sorted(other))}. Load it with the library that made it, and save it with save_pretrained()."
        )
    if pickles := sorted(path.name for end in PICKLES for path in folder.glob(end)):
        return (
            f"{folder}: no *.safetensors file, only pickled weights ({', '.join(pickles)}), which may run code when "
            "they are read. Give a model saved in the safetensors format: where you trust its makers, load it with "
            "transformers and save it with save_pretrained()."
        )
    return f"{folder}: no *.safetensors file. Give a model saved in the safetensors format."


def parameters(folder: str | os.PathLike[str]) -> int:
    """Return how many parameters a folder's weights have; tied ones are stored, and count, once.

    Of a GGUF file, those that it has.

    Raises:
        InputError: As `weight_files` and `gguf_file`; or the GGUF file is damaged.
    """
    if path := gguf_file(folder):
        import gguf

        try:
            return sum(int(tensor.n_elements) for tensor in gguf.GGUFReader(path).tensors)
        except Exception as error:  # its reader has no error of its own
            raise InputError(f"{path}: not a GGUF file, or cut short ({error}). Fetch or copy it again.") from error
    total = 0
    for path in weight_files(folder):
        with safe_open(path, "numpy") as file:
            total += sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 - no mapping
    return total
