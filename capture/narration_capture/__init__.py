"""Narration under test: a pytest plugin and a library.

Names are loaded when they are asked for: pytest imports this package for every run, also where nobody narrates.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from narration_capture import _run_start as _run_start

if TYPE_CHECKING:
    from narration_capture._captured import CapturedEvent
    from narration_capture._fixture import NarrationCapture, capture
    from narration_capture._tables import one_table, rows
    from narration_core.following.normalise import normaliser, repeating

_HOMES: Final = {
    "CapturedEvent": "narration_capture._captured",
    "NarrationCapture": "narration_capture._fixture",
    "capture": "narration_capture._fixture",
    "normaliser": "narration_core.following.normalise",
    "one_table": "narration_capture._tables",
    "repeating": "narration_core.following.normalise",
    "rows": "narration_capture._tables",
}

__all__ = [
    "CapturedEvent",
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
        raise AttributeError(f"module 'narration_capture' has no attribute {name!r}")
    return getattr(import_module(home), name)
