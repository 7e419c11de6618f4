"""Narration under test: a pytest plugin and a library.

Names are loaded when they are asked for: pytest imports this package for every run, also where nobody narrates.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from capture.fixture import NarrationCapture, capture
    from capture.heard import Heard
    from capture.normalise import normaliser, repeating
    from capture.tables import one_table, rows

_HOMES: Final = {
    "Heard": "capture.heard",
    "NarrationCapture": "capture.fixture",
    "capture": "capture.fixture",
    "normaliser": "capture.normalise",
    "one_table": "capture.tables",
    "repeating": "capture.normalise",
    "rows": "capture.tables",
}

__all__ = [
    "Heard",
    "NarrationCapture",
    "capture",
    "normaliser",
    "one_table",
    "repeating",
    "rows",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'capture' has no attribute {name!r}")
    return getattr(import_module(home), name)
