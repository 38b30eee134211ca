"""Find how the built-in engine can decode each family of causal language models of the installed ``transformers``.

    PYTHONPATH=tests python benchmarks/model_families.py [FAMILY …]

Writes a line per family: the first way (batch, masks, one by one) in which a tiny random model of it is decoded
exactly, or in what each way differs. It takes three minutes.
"""

from __future__ import annotations

import sys
import warnings

from families import FAMILIES, differences, tiny_config, tiny_model
from prefixyarn.models import families


def found(family: str) -> str:
    """Return the way of a family, or what is wrong with each."""
    try:
        model = tiny_model(tiny_config(family))
    except Exception as error:  # whatever a family's configuration or model may raise
        return f"no small model: {type(error).__name__}"
    wrong = []
    for own in families.WAYS:
        families._WAY[family] = own
        try:
            different = differences(model)
        except Exception as error:  # likewise
            different = [type(error).__name__]
        if not different:
            return own
        wrong.append(f"{own}: {', '.join(different)}")
    return "; ".join(wrong)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for name in sys.argv[1:] or FAMILIES:
        print(f"{name}: {found(name)}", flush=True)
