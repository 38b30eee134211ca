"""prefixyarn: prior tokens for cross-lingual generation with foundation models (arXiv 2404.16766).

`load` opens a model to use it on one's own text; docs/using.md shows how.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"
# Of `prefixyarn.own_text`, loaded when asked for: it needs torch, and most that imports this package does not.
# Their types are in __init__.pyi.
__all__ = ["Answer", "Dictionary", "Model", "Own", "Refined", "Text", "compare", "load", "look"]


def __getattr__(name: str) -> Any:
    """Return a public name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.own_text"), name)
