"""What a test carries for the plugin and for its session, which know nothing of each other here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from narration_capture._fixture import NarrationCapture

EAR: Final[pytest.StashKey[NarrationCapture]] = pytest.StashKey()
REPORTS: Final[pytest.StashKey[list[pytest.TestReport]]] = pytest.StashKey()
