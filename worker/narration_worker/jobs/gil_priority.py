"""Python's lock: inference, which needs it back after every token, goes before the event loop.

A thread that waits for the lock asks for it after the switch interval. Linux lengthens every wait by 50 microseconds
unless the thread wants exact timers, which makes the difference: the inference thread asks at once, all others a
little later, and a token of a small model takes no longer than a hundred microseconds.
"""

import ctypes
import sys
from typing import Final

SWITCH_S: Final = 0.000_005
_PR_SET_TIMERSLACK: Final = 29  # prctl(2)
_EXACT_NS: Final = 1


def share_quickly() -> None:
    """Have every thread give the lock away soon after another asks for it; Python's own interval is 5 ms."""
    sys.setswitchinterval(SWITCH_S)


def go_first() -> None:
    """Have the calling thread ask for the lock before others do; elsewhere than on Linux it waits as they do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, _EXACT_NS, 0, 0, 0)
