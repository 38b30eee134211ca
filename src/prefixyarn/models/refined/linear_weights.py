"""A logistic regression over features that are there or not: fitted by scikit-learn, kept as numbers and text.

A file of them is in the safetensors format: arrays, and the names of features and classes as JSON in its header. To
load one runs no code, and predicting needs numpy alone.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from prefixyarn.errors import InputError, first_line
from prefixyarn.records import atomic

Features = Sequence[str]  # the names of those that are there


@dataclass(frozen=True)
class Weights:
    """The weights of one regression.

    Attributes:
        features: Names of the features.
        classes: What it predicts, one of them.
        coefficients: Shape (features, classes).
        intercepts: Shape (classes,).
    """

    features: list[str]
    classes: list[str]
    coefficients: np.ndarray
    intercepts: np.ndarray

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: n for n, name in enumerate(self.features)}

    def predict(self, rows: Sequence[Features]) -> list[str]:
        """Return the class of each row; features that were never seen do not count."""
        found = []
        for row in rows:
            seen = sorted({self._places[name] for name in row if name in self._places})
            found.append(self.classes[int((self.coefficients[seen].sum(0) + self.intercepts).argmax())])
        return found


def fit(rows: Sequence[Features], classes: Sequence[str], seed: int) -> Weights:
    """Fit a regression to rows and the class of each, two or more in all."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    counted = CountVectorizer(analyzer=list, binary=True, dtype=np.float32)  # a third less time than with integers
    model = LogisticRegression(C=10.0, max_iter=50, tol=1e-3, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits of the weights change no prediction
        model.fit(counted.fit_transform(rows), classes)
    coefficients, intercepts = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:  # it has the second one's weights alone, and compares with zero
        coefficients = np.hstack([np.zeros_like(coefficients), coefficients])
        intercepts = np.array([0.0, *intercepts])
    return Weights(counted.get_feature_names_out().tolist(), model.classes_.tolist(), coefficients, intercepts)


def write(path: str | os.PathLike[str], steps: Sequence[Weights | str]) -> None:
    """Write regressions, or what stands for one where there is but one class."""
    names = [step if isinstance(step, str) else [step.features, step.classes] for step in steps]
    arrays = {}
    for n, step in enumerate(steps):
        if not isinstance(step, str):
            arrays[f"coefficients {n}"] = np.ascontiguousarray(step.coefficients)
            arrays[f"intercepts {n}"] = step.intercepts
    with atomic(path, "wb") as stream:
        stream.write(save(arrays, {"names": json.dumps(names, ensure_ascii=False)}))


def read(folder: Path, subset: str) -> list[Weights | str]:
    """Read what was written for a subset.

    Raises:
        InputError: There is nothing for it, or the file is damaged.
    """
    path = folder / f"{subset}.safetensors"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.safetensors")))
        raise InputError(f"{folder}: the refined model was trained on {known}, not on {subset}. Train it again.")
    try:
        data = path.read_bytes()
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        names, arrays = json.loads(header["__metadata__"]["names"]), load(data)
        return [
            own
            if isinstance(own, str)
            else Weights(own[0], own[1], arrays[f"coefficients {n}"], arrays[f"intercepts {n}"])
            for n, own in enumerate(names)
        ]
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged or not a refined model ({first_line(error)}). Train it again.") from error
