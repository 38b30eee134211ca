"""A model folder's weights before any are loaded: which files hold them, and how many parameters they have."""

from __future__ import annotations

import math
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open

from prefixyarn.errors import InputError, first_line
from prefixyarn.records import read_json

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"  # the names that transformers reads
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def weight_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the files that a folder's weights are read from: ``model.safetensors``, or the shards of its index.

    Others may lie beside them, such as Mistral's ``consolidated.safetensors``, the same weights under other names.

    Raises:
        InputError: There are none, a shard is missing or not that of its index, or a file is damaged.
    """
    folder = Path(folder)
    listed: dict[str, str] = {}  # the file of each tensor
    if (folder / WHOLE).exists():
        files = [folder / WHOLE]
    elif (folder / INDEX).exists():
        try:
            listed = dict(read_json(folder / INDEX)["weight_map"])
            files = [folder / name for name in sorted({*listed.values()})]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{folder / INDEX}: no list of weights ({first_line(error)}). Fetch or copy it again."
            ) from error
        if missing := [path.name for path in files if not path.exists()]:
            raise InputError(
                f"{folder / INDEX}: names {', '.join(missing)}, which is missing. Fetch or copy all parts again."
            )
    else:
        raise InputError(_none(folder))
    for path in files:
        try:
            with safe_open(path, "numpy") as file:
                gone = {name for name, own in listed.items() if own == path.name} - {*file.keys()}
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path}: damaged or cut short ({error}). Fetch or copy it again.") from error
        if gone:
            raise InputError(f"{path}: lacks {min(gone)}, which the index says it has. Fetch or copy all parts again.")
    return files


def _none(folder: Path) -> str:
    """Return what to say of a folder without weights that are read."""
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

    Of a GGUF file, those that it has; it stands before other files, as in `prefixyarn.models.convert`.

    Raises:
        InputError: As `weight_files`; or the GGUF file is damaged.
    """
    if files := sorted(Path(folder).glob("*.gguf")):
        import gguf

        try:
            return sum(int(tensor.n_elements) for tensor in gguf.GGUFReader(files[0]).tensors)
        except (ValueError, IndexError, KeyError, OSError) as error:  # its reader has no error of its own
            raise InputError(f"{files[0]}: not a GGUF file, or cut short ({error}). Fetch or copy it again.") from error
    total = 0
    for path in weight_files(folder):
        with safe_open(path, "numpy") as file:
            total += sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 - no mapping
    return total
