"""Stash keys of a test: its capture and its reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from narration_capture._fixture import NarrationCapture

CAPTURE: Final[pytest.StashKey[NarrationCapture]] = pytest.StashKey()
REPORTS: Final[pytest.StashKey[list[pytest.TestReport]]] = pytest.StashKey()
CHECKED: Final[pytest.StashKey[int]] = pytest.StashKey()
"""How many of a test's events were checked for errors that no assertion names."""
